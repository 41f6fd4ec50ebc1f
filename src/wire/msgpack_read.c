/* SPDX-License-Identifier: MIT */
#include "wire/msgpack_read.h"

#include <string.h>

#include "wire/utf8.h"

static size_t left_of(const peal_msgpack_read *r) {
  return (size_t)(r->end - r->at);
}

static void fail(peal_msgpack_read *r, peal_err err) {
  if (!r->err)
    r->err = err;
}

static peal_slice take(peal_msgpack_read *r, uint64_t len) {
  if (len > left_of(r))
    fail(r, PEAL_ERR_SIO_PAYLOAD);
  if (r->err)
    return (peal_slice){"", 0};
  peal_slice taken = {r->at, (size_t)len};
  r->at += len;
  return taken;
}

static uint64_t number_of(peal_slice bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.len; i++)
    value = value << 8 | (uint8_t)bytes.ptr[i];
  return value;
}

static uint64_t take_number(peal_msgpack_read *r, size_t bytes) {
  return number_of(take(r, bytes));
}

/* -- scalars ----------------------------------------------------------------- */

static peal_val unsigned_of(uint64_t value) {
  return value <= INT64_MAX ? peal_int((int64_t)value)
                            : peal_double((double)value);
}

/* Two's complement of so many bytes. */
static int64_t signed_of(uint64_t value, size_t bytes) {
  uint64_t sign = 1ull << (8 * bytes - 1);
  return (int64_t)((value ^ sign) - sign);
}

static peal_val take_signed(peal_msgpack_read *r, size_t bytes) {
  return peal_int(signed_of(take_number(r, bytes), bytes));
}

static peal_val take_float(peal_msgpack_read *r) {
  uint32_t bits = (uint32_t)take_number(r, 4);
  float value;
  memcpy(&value, &bits, sizeof value);
  return peal_double((double)value);
}

static peal_val take_double(peal_msgpack_read *r) {
  uint64_t bits = take_number(r, 8);
  double value;
  memcpy(&value, &bits, sizeof value);
  return peal_double(value);
}

static peal_val take_str(peal_msgpack_read *r, uint64_t len) {
  peal_slice text = take(r, len);
  if (!peal_utf8_is_valid(text))
    fail(r, PEAL_ERR_UTF8);
  return peal_str_slice(text);
}

/* -- ext ----------------------------------------------------------------------- */

/* MessagePack timestamps: 32 bits of seconds; 30 of nanoseconds and 34 of
 * seconds; or 32 of nanoseconds and 64 of seconds. */
static bool read_stamp(peal_slice data, int64_t *seconds, uint32_t *ns) {
  uint64_t high = 0;
  switch (data.len) {
  case 4:
    *seconds = (int64_t)number_of(data);
    *ns = 0;
    return true;
  case 8:
    high = number_of(data);
    *seconds = (int64_t)(high & 0x3ffffffffu);
    *ns = (uint32_t)(high >> 34);
    return true;
  case 12:
    *ns = (uint32_t)number_of((peal_slice){data.ptr, 4});
    *seconds = (int64_t)number_of((peal_slice){data.ptr + 4, 8});
    return true;
  default:
    return false;
  }
}

static peal_val time_val(peal_msgpack_token *out, bool is_date) {
  return is_date ? peal_str(out->time) : peal_null();
}

/* `fixed`: of the forms d4 to d8, in which notepack 2 wrote undefined and Date
 * with type 0; in the others it wrote an ArrayBuffer. */
static peal_val take_ext(peal_msgpack_read *r, uint64_t len, bool fixed,
                         peal_msgpack_token *out) {
  int64_t type = signed_of(take_number(r, 1), 1), seconds = 0;
  peal_slice data = take(r, len);
  uint32_t ns = 0;
  if (r->err)
    return peal_null();
  if (type == -1 && read_stamp(data, &seconds, &ns))
    return time_val(out, peal_msgpack_time_put(out->time, seconds, ns));
  if (type == 0 && !fixed)
    return peal_binary(data);
  if (type == 0 && data.len == 1)
    return peal_undefined();
  if (type == 0 && data.len == 8)
    return time_val(
        out, peal_msgpack_time_put_ms(out->time, (int64_t)number_of(data)));
  fail(r, PEAL_ERR_SIO_PAYLOAD);
  return peal_null();
}

/* -- containers ------------------------------------------------------------------ */

static peal_val take_head(peal_msgpack_read *r, peal_type type,
                          uint64_t count) {
  uint64_t values = type == PEAL_OBJECT ? 2 * count : count;
  if (r->owed + values > left_of(r))
    fail(r, PEAL_ERR_SIO_PAYLOAD);
  else
    r->owed += values;
  return (peal_val){.type = (uint8_t)type, .len = (uint32_t)count};
}

/* -- tokens ---------------------------------------------------------------------- */

/* c0 to df. */
static peal_val take_other(peal_msgpack_read *r, unsigned first,
                           peal_msgpack_token *out) {
  size_t size = (size_t)1 << (first & 3);
  switch (first) {
  case 0xc0:
    return peal_null();
  case 0xc2:
  case 0xc3:
    return peal_bool(first & 1);
  case 0xc4:
  case 0xc5:
  case 0xc6:
    return peal_binary(take(r, take_number(r, size)));
  case 0xc7:
  case 0xc8:
  case 0xc9:
    return take_ext(r, take_number(r, (size_t)1 << (first - 0xc7)), false, out);
  case 0xca:
    return take_float(r);
  case 0xcb:
    return take_double(r);
  case 0xcc:
  case 0xcd:
  case 0xce:
  case 0xcf:
    return unsigned_of(take_number(r, size));
  case 0xd0:
  case 0xd1:
  case 0xd2:
  case 0xd3:
    return take_signed(r, size);
  case 0xd9:
  case 0xda:
  case 0xdb:
    return take_str(r, take_number(r, (size_t)1 << (first - 0xd9)));
  case 0xdc:
  case 0xdd:
    return take_head(r, PEAL_ARRAY, take_number(r, first & 1 ? 4 : 2));
  case 0xde:
  case 0xdf:
    return take_head(r, PEAL_OBJECT, take_number(r, first & 1 ? 4 : 2));
  default:
    break;
  }
  if (first >= 0xd4 && first <= 0xd8)
    return take_ext(r, 1ull << (first - 0xd4), true, out);
  fail(r, PEAL_ERR_SIO_PAYLOAD); /* c1 */
  return peal_null();
}

static peal_val take_value(peal_msgpack_read *r, peal_msgpack_token *out) {
  unsigned first = (unsigned)take_number(r, 1);
  if (first < 0x80)
    return peal_int(first);
  if (first < 0x90)
    return take_head(r, PEAL_OBJECT, first & 15);
  if (first < 0xa0)
    return take_head(r, PEAL_ARRAY, first & 15);
  if (first < 0xc0)
    return take_str(r, first & 31);
  if (first >= 0xe0)
    return peal_int(signed_of(first, 1));
  return take_other(r, first, out);
}

peal_msgpack_read peal_msgpack_read_of(peal_slice in) {
  const char *at = in.len ? in.ptr : "";
  return (peal_msgpack_read){.at = at, .end = at + in.len, .owed = 1};
}

bool peal_msgpack_read_next(peal_msgpack_read *r, peal_msgpack_token *out) {
  if (r->err || !r->owed)
    return false;
  r->owed--;
  out->value = take_value(r, out);
  return !r->err;
}

peal_slice peal_msgpack_read_skip(peal_msgpack_read *r) {
  const char *begin = r->at;
  uint64_t until = r->owed - 1;
  peal_msgpack_token token;
  while (r->owed > until && peal_msgpack_read_next(r, &token))
    continue;
  return r->err ? (peal_slice){"", 0}
                : (peal_slice){begin, (size_t)(r->at - begin)};
}

peal_err peal_msgpack_read_end(const peal_msgpack_read *r) {
  if (r->err)
    return r->err;
  return r->owed || left_of(r) ? PEAL_ERR_SIO_PAYLOAD : PEAL_OK;
}
