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
