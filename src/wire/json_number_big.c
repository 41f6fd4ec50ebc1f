/* SPDX-License-Identifier: MIT */
#include "wire/json_number_big.h"

#include <assert.h>

/* The middle of two doubles has at most 767 significant digits: of a longer
 * decimal only matters whether something follows. */
#define BIG_DIGITS 800u
/* 801 digits are 2661 bits, 5^1143 are 2654; with 54 bits of the double and
 * shifts the larger side stays below 2900. */
#define BIG_LIMBS 128u

/* Little end first; no zero limb on top. */
typedef struct number_big {
  uint32_t limbs[BIG_LIMBS];
  size_t count;
} number_big;

static void big_set(number_big *big, uint64_t value) {
  big->count = 0;
  for (; value > 0; value >>= 32)
    big->limbs[big->count++] = (uint32_t)value;
}

/* big = big * factor + add */
static void big_mul(number_big *big, uint32_t factor, uint32_t add) {
  uint64_t carry = add;
  for (size_t i = 0; i < big->count; i++) {
    carry += (uint64_t)big->limbs[i] * factor;
    big->limbs[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry > 0) {
    assert(big->count < BIG_LIMBS);
    big->limbs[big->count++] = (uint32_t)carry;
  }
}

static void big_mul_pow5(number_big *big, unsigned power) {
  const uint32_t five_13 = 1220703125; /* the largest that fits */
  for (; power >= 13; power -= 13)
    big_mul(big, five_13, 0);
  for (; power > 0; power--)
    big_mul(big, 5, 0);
}

static void big_shift(number_big *big, unsigned bits) {
  size_t limbs = bits / 32;
  if (big->count == 0)
    return;
  assert(big->count + limbs < BIG_LIMBS);
  big_mul(big, UINT32_C(1) << (bits % 32), 0);
  for (size_t i = big->count; i > 0; i--)
    big->limbs[i - 1 + limbs] = big->limbs[i - 1];
  for (size_t i = 0; i < limbs; i++)
    big->limbs[i] = 0;
  big->count += limbs;
}

static int big_compare(const number_big *a, const number_big *b) {
  if (a->count != b->count)
    return a->count < b->count ? -1 : 1;
  for (size_t i = a->count; i > 0; i--) {
    if (a->limbs[i - 1] != b->limbs[i - 1])
      return a->limbs[i - 1] < b->limbs[i - 1] ? -1 : 1;
  }
  return 0;
}

/* Returns how many digits at the end were not taken. */
static int64_t big_set_digits(number_big *big, peal_slice digits) {
  size_t taken = 0;
  int64_t left = 0;
  bool more = false;
  big->count = 0;
  for (size_t i = 0; i < digits.len; i++) {
    char c = digits.ptr[i];
    if (c == '.')
      continue;
    if (taken == BIG_DIGITS) {
      left++;
      more = more || c != '0';
      continue;
    }
    big_mul(big, 10, (uint32_t)(c - '0'));
    taken += big->count > 0;
  }
  if (!more)
    return left;
  big_mul(big, 10, 1); /* anything that is not zero */
  return left - 1;
}

int peal_json_number_big_compare(peal_slice digits, int64_t exponent,
                                 uint64_t f, int e) {
  number_big decimal, binary;
  exponent += big_set_digits(&decimal, digits);
  big_set(&binary, f);
  assert(exponent > -1400 && exponent < 400);
  int power = (int)exponent;
  /* 10^p = 5^p * 2^p: the twos go together on one side. */
  if (power >= 0)
    big_mul_pow5(&decimal, (unsigned)power);
  else
    big_mul_pow5(&binary, (unsigned)-power);
  int shift = power - e;
  if (shift >= 0)
    big_shift(&decimal, (unsigned)shift);
  else
    big_shift(&binary, (unsigned)-shift);
  return big_compare(&decimal, &binary);
}

/* -- powers ------------------------------------------------------------------ */

/* Are there bits below the highest 128? Those are *top, shifted up if there are
 * fewer. */
static bool big_top(const number_big *big, peal_wide *top) {
  uint32_t limbs[5] = {0}; /* highest first */
  bool more = false;
  for (size_t i = 0; i < big->count; i++) {
    if (i < 5)
      limbs[i] = big->limbs[big->count - 1 - i];
    else
      more = more || big->limbs[big->count - 1 - i] != 0;
  }
  unsigned shift = (unsigned)__builtin_clz(limbs[0]);
  for (int i = 0; shift > 0 && i < 5; i++)
    limbs[i] = limbs[i] << shift | (i < 4 ? limbs[i + 1] >> (32 - shift) : 0);
  top->hi = (uint64_t)limbs[0] << 32 | limbs[1];
  top->lo = (uint64_t)limbs[2] << 32 | limbs[3];
  return more || limbs[4] != 0;
}

static void big_subtract(number_big *from, const number_big *other) {
  uint64_t borrow = 0;
  for (size_t i = 0; i < from->count; i++) {
    uint64_t less = borrow + (i < other->count ? other->limbs[i] : 0);
    borrow = from->limbs[i] < less;
    from->limbs[i] = (uint32_t)(from->limbs[i] - less);
  }
  while (from->count > 0 && from->limbs[from->count - 1] == 0)
    from->count--;
}

/* The highest 128 bits of 1 / divisor. Is there a rest? */
static bool big_inverse(const number_big *divisor, peal_wide *quotient) {
  number_big rest;
  big_set(&rest, 1);
  *quotient = (peal_wide){0};
  while (!(quotient->hi >> 63)) {
    quotient->hi = quotient->hi << 1 | quotient->lo >> 63;
    quotient->lo <<= 1;
    if (big_compare(&rest, divisor) >= 0) {
      big_subtract(&rest, divisor);
      quotient->lo |= 1;
    }
    big_mul(&rest, 2, 0);
  }
  return rest.count > 0;
}

peal_wide peal_json_number_big_pow10(int k) {
  number_big big;
  peal_wide power;
  big_set(&big, 1);
  big_mul_pow5(&big, (unsigned)(k < 0 ? -k : k));
  bool more = k < 0 ? big_inverse(&big, &power) : big_top(&big, &power);
  power.lo += more; /* none of them ends in 64 ones */
  return power;
}
