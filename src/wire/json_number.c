/* SPDX-License-Identifier: MIT */
#include "wire/json_number.h"

#include <assert.h>
#include <float.h>
#include <string.h>

#include "base/text.h"
#include "wire/json_number_big.h"
#include "wire/json_number_table.h"

/* A double is f * 2^e with an integer f < 2^53 and e >= -1074. */
#define FRACTION_BITS 52
#define HIDDEN_BIT (UINT64_C(1) << FRACTION_BITS)
#define MIN_EXPONENT (-1074)
#define SIGN_BIT (UINT64_C(1) << 63)
#define INFINITY_BITS (UINT64_C(0x7ff) << FRACTION_BITS)

/* The longest text is below: a sign, 17 digits, "0.00000" or an exponent. */
#define NUMBER_TEXT_BYTES 32

/* Digits that fit uint64_t whatever they are. */
#define NUMBER_DIGITS 19

static uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static double double_of(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* floor(log2(10^k)) for the powers of the table. */
static int floor_log2_pow10(int k) {
  return (k * 1741647) >> 19;
}

static peal_wide pow10_of(int k) {
  assert(k >= PEAL_JSON_NUMBER_TABLE_MIN && k <= PEAL_JSON_NUMBER_TABLE_MAX);
#ifdef PEAL_SMALL
  return peal_json_number_big_pow10(k);
#else
  return peal_json_number_table_pow10[k - PEAL_JSON_NUMBER_TABLE_MIN];
#endif
}

/* -- decode ----------------------------------------------------------------- */

/* The text as digits and an exponent: the first 19 significant digits, and
 * where all of them stand. */
typedef struct number_text {
  uint64_t digits;  /* the first NUMBER_DIGITS */
  int64_t exponent; /* value = digits * 10^exponent, if not `cut` */
  bool negative;
  bool cut;             /* there are more digits than fit */
  peal_slice all;       /* all digits, perhaps with a point among them */
  int64_t all_exponent; /* exponent of their last digit */
} number_text;

/* The digits behind `e`, saturated far outside of what a double holds. */
static int64_t parse_exponent(const char *p, const char *end) {
  bool negative = p < end && *p == '-';
  int64_t value = 0;
  if (p < end && (*p == '-' || *p == '+'))
    p++;
  for (; p < end && peal_text_is_digit(*p); p++) {
    if (value < INT64_C(1000000000000000))
      value = value * 10 + (*p - '0');
  }
  return negative ? -value : value;
}

static number_text parse_text(peal_slice in) {
  number_text text = {0};
  const char *p = in.ptr, *end = p + in.len;
  int taken = 0;
  int64_t behind_point = 0, dropped = 0;
  bool point = false;
  if (p < end && *p == '-') {
    text.negative = true;
    p++;
  }
  text.all.ptr = p;
  for (; p < end && (peal_text_is_digit(*p) || *p == '.'); p++) {
    if (*p == '.') {
      point = true;
      continue;
    }
    behind_point += point;
    if (taken == NUMBER_DIGITS) {
      dropped++;
      text.cut = text.cut || *p != '0';
      continue;
    }
    text.digits = text.digits * 10 + (uint64_t)(*p - '0');
    taken += text.digits > 0;
  }
  text.all.len = (size_t)(p - text.all.ptr);
  int64_t exponent = p < end ? parse_exponent(p + 1, end) : 0;
  text.all_exponent = exponent - behind_point;
  text.exponent = text.all_exponent + dropped;
  return text;
}

/* Round (top + a fraction, if `sticky`) * 2^exponent, with the highest bit of
 * `top` set, to the bits of the nearest double, ties to even. */
static uint64_t round_bits(uint64_t top, bool sticky, int exponent) {
  int drop = 64 - (FRACTION_BITS + 1);
  if (exponent + drop < MIN_EXPONENT)
    drop = MIN_EXPONENT - exponent;
  if (drop > 64)
    return 0;
  uint64_t kept = drop == 64 ? 0 : top >> drop;
  uint64_t half = UINT64_C(1) << (drop - 1);
  uint64_t rest = drop == 64 ? top : top & ((half << 1) - 1);
  if (rest > half || (rest == half && (sticky || (kept & 1))))
    kept++;
  int biased = exponent + drop - MIN_EXPONENT; /* 0: subnormal or smallest */
  if (biased >= 2046)
    return INFINITY_BITS;
  /* A carry out of the fraction ends in the exponent, where it belongs. */
  return kept + ((uint64_t)biased << FRACTION_BITS);
}

/* 192 bits, highest first. */
typedef struct number_product {
  uint64_t hi;
  uint64_t mid;
  uint64_t lo;
} number_product;

static number_product product_of(uint64_t digits, peal_wide power) {
  peal_wide low = peal_wide_mul(digits, power.lo);
  peal_wide high = peal_wide_mul(digits, power.hi);
  uint64_t mid = high.lo + low.hi;
  return (number_product){high.hi + (mid < low.hi), mid, low.lo};
}

static number_product product_minus(number_product a, uint64_t b) {
  uint64_t lo = a.lo - b;
  uint64_t borrow = a.lo < b;
  return (number_product){a.hi - (a.mid < borrow), a.mid - borrow, lo};
}

/* `exponent` is that of the product's lowest bit. */
static uint64_t round_product(number_product p, int exponent) {
  exponent += 128;
  assert(p.hi != 0); /* both factors had their highest bits set */
  int shift = __builtin_clzll(p.hi);
  uint64_t top = p.hi, below = p.mid;
  if (shift > 0) {
    top = p.hi << shift | p.mid >> (64 - shift);
    below = p.mid << shift;
  }
  return round_bits(top, (below | p.lo) != 0, exponent - shift);
}

/* Between two neighbours `low` and its successor: which one is nearer to the
 * exact decimal? */
static uint64_t decide_exactly(const number_text *text, uint64_t low) {
  uint64_t fraction = low & (HIDDEN_BIT - 1);
  int biased = (int)(low >> FRACTION_BITS);
  int exponent = MIN_EXPONENT;
  if (biased > 0) {
    fraction |= HIDDEN_BIT;
    exponent += biased - 1;
  }
  /* The middle is (2f + 1) * 2^(e - 1). */
  int order = peal_json_number_big_compare(text->all, text->all_exponent,
                                           fraction * 2 + 1, exponent - 1);
  if (order == 0)
    return low + (low & 1);
  return order < 0 ? low : low + 1;
}

/* The power of the table is at most one unit too large, and the digits are at
 * most one too small: if both ends of that interval round to one double, that
 * is it. */
static uint64_t decode_bits(const number_text *text) {
  if (text->digits == 0 || text->exponent < PEAL_JSON_NUMBER_TABLE_MIN)
    return 0;
  if (text->exponent > 308)
    return INFINITY_BITS;
  int k = (int)text->exponent;
  int shift = __builtin_clzll(text->digits);
  uint64_t digits = text->digits << shift;
  peal_wide power = pow10_of(k);
  int exponent = floor_log2_pow10(k) - 127 - shift;
  number_product product = product_of(digits, power);
  uint64_t high = round_product(product, exponent);
  uint64_t low = high;
  if (k < 0 || k > PEAL_JSON_NUMBER_TABLE_EXACT)
    low = round_product(product_minus(product, digits), exponent);
  if (text->cut) {
    uint64_t next = text->digits + 1;
    int next_shift = __builtin_clzll(next);
    high = round_product(product_of(next << next_shift, power),
                         floor_log2_pow10(k) - 127 - next_shift);
  }
  return low == high ? low : decide_exactly(text, low);
}

/* Both operands exact, so one rounding (needs no excess precision). */
static bool decode_exact(const number_text *text, double *out) {
  static const double powers[] = {
      1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (FLT_EVAL_METHOD != 0 || text->cut ||
      text->digits > (UINT64_C(1) << (FRACTION_BITS + 1)) ||
      text->exponent < -22 || text->exponent > 22)
    return false;
  double digits = (double)text->digits;
  *out = text->exponent < 0 ? digits / powers[-text->exponent]
                            : digits * powers[text->exponent];
  return true;
}

double peal_json_number_decode(peal_slice in) {
  number_text text = parse_text(in);
  double value = 0;
  if (!decode_exact(&text, &value))
    value = double_of(decode_bits(&text));
  return text.negative ? -value : value;
}

/* -- encode ----------------------------------------------------------------- */

typedef struct number_decimal {
  uint64_t digits;
  int exponent; /* of ten */
} number_decimal;

/* The highest 64 of the 192 bits, with the lowest of them set if what was cut
 * off is not zero: comparisons with multiples of four stay exact. */
static uint64_t round_to_odd(peal_wide power, uint64_t factor) {
  number_product p = product_of(factor, power);
  return p.hi | (p.mid > 1);
}

/* The shortest decimal between the middles to both neighbours, and of those
 * the nearest to f * 2^e (the Schubfach construction: the candidates are two
 * multiples of 10^(k+1), then two of 10^k). */
static number_decimal shortest(uint64_t f, int e, bool lower_is_closer) {
  uint64_t odd = f & 1; /* the middles round to the even one */
  int k = (e * 1262611 - (lower_is_closer ? 524031 : 0)) >> 22;
  int shift = e + floor_log2_pow10(-k) + 1;
  peal_wide power = pow10_of(-k);
  uint64_t left = (4 * f - 2 + lower_is_closer) << shift;
  uint64_t lower = round_to_odd(power, left) + odd;
  uint64_t upper = round_to_odd(power, (4 * f + 2) << shift) - odd;
  uint64_t value = round_to_odd(power, (4 * f) << shift);
  uint64_t s = value / 4;
  if (s >= 10) {
    uint64_t tens = s / 10;
    bool down = lower <= 40 * tens, up = 40 * tens + 40 <= upper;
    if (down != up)
      return (number_decimal){tens + up, k + 1};
  }
  bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
  if (down != up)
    return (number_decimal){s + up, k};
  uint64_t middle = 4 * s + 2;
  bool round_up = value > middle || (value == middle && (s & 1));
  return (number_decimal){s + round_up, k};
}

static number_decimal decimal_of(uint64_t bits) {
  uint64_t fraction = bits & (HIDDEN_BIT - 1);
  int biased = (int)(bits >> FRACTION_BITS);
  int exponent = MIN_EXPONENT;
  bool lower_is_closer = fraction == 0 && biased > 1;
  if (biased > 0) {
    fraction |= HIDDEN_BIT;
    exponent += biased - 1;
  }
  number_decimal decimal = shortest(fraction, exponent, lower_is_closer);
  while (decimal.digits % 100000000 == 0) {
    decimal.digits /= 100000000;
    decimal.exponent += 8;
  }
  while (decimal.digits % 10 == 0) {
    decimal.digits /= 10;
    decimal.exponent++;
  }
  return decimal;
}

static char *put(char *to, const char *text, int count) {
  memcpy(to, text, (size_t)count);
  return to + count;
}

static char *put_zeros(char *to, int count) {
  for (; count > 0; count--)
    *to++ = '0';
  return to;
}

static char *put_exponential(char *to, const char *digits, int count,
                             int point) {
  int exponent = point - 1;
  *to++ = digits[0];
  if (count > 1) {
    *to++ = '.';
    to = put(to, digits + 1, count - 1);
  }
  *to++ = 'e';
  *to++ = exponent < 0 ? '-' : '+';
  exponent = exponent < 0 ? -exponent : exponent;
  if (exponent >= 100)
    *to++ = (char)('0' + exponent / 100);
  if (exponent >= 10)
    *to++ = (char)('0' + exponent / 10 % 10);
  *to++ = (char)('0' + exponent % 10);
  return to;
}

/* ECMA-262 Number::toString: `point` is n there, the digits' place before
 * the decimal point. Writes at most 25 bytes. */
static char *put_decimal(char *to, const char *digits, int count, int point) {
  if (point > 21 || point <= -6)
    return put_exponential(to, digits, count, point);
  if (point >= count)
    return put_zeros(put(to, digits, count), point - count);
  if (point > 0) {
    to = put(to, digits, point);
    *to++ = '.';
    return put(to, digits + point, count - point);
  }
  to = put_zeros(put(to, "0.", 2), -point);
  return put(to, digits, count);
}

static bool encode_integer(peal_buf *out, double value) {
  if (!(value > -9007199254740992.0 && value < 9007199254740992.0))
    return false;
  int64_t integer = (int64_t)value;
  if ((double)integer != value)
    return false;
  peal_buf_add_i64(out, integer);
  return true;
}

void peal_json_number_encode(peal_buf *out, double value) {
  uint64_t bits = bits_of(value);
  if ((bits & INFINITY_BITS) == INFINITY_BITS) {
    peal_buf_add_str(out, "null");
    return;
  }
  if (encode_integer(out, value))
    return;
  char text[NUMBER_TEXT_BYTES], digits[20];
  char *to = text;
  if (bits & SIGN_BIT)
    *to++ = '-';
  number_decimal decimal = decimal_of(bits & ~SIGN_BIT);
  size_t at = sizeof digits;
  for (uint64_t left = decimal.digits; left > 0; left /= 10)
    digits[--at] = (char)('0' + left % 10);
  int count = (int)(sizeof digits - at);
  to = put_decimal(to, digits + at, count, count + decimal.exponent);
  peal_buf_add(out, (peal_slice){text, (size_t)(to - text)});
}
