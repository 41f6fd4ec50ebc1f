/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <peal/val.h>

#include "base/limits.h"
#include "base/val_flags.h"

/* Outside [-2^63, 2^63) a double has no int64_t. */
#define VAL_INT_END 9223372036854775808.0

peal_val peal_undefined(void) {
  return (peal_val){.type = PEAL_UNDEFINED};
}

peal_val peal_null(void) {
  return (peal_val){.type = PEAL_NULL};
}

peal_val peal_bool(bool value) {
  return (peal_val){.type = PEAL_BOOL, .as.boolean = value};
}

peal_val peal_int(int64_t value) {
  return (peal_val){.type = PEAL_INT, .as.integer = value};
}

peal_val peal_double(double value) {
  return (peal_val){.type = PEAL_DOUBLE, .as.number = value};
}

static peal_val val_of_bytes(peal_type type, peal_slice bytes) {
  size_t len = bytes.len > UINT32_MAX ? UINT32_MAX : bytes.len;
  return (peal_val){
      .type = (uint8_t)type, .len = (uint32_t)len, .as.bytes = bytes.ptr};
}

peal_val peal_str_slice(peal_slice text) {
  return val_of_bytes(PEAL_STRING, text);
}

peal_val peal_binary(peal_slice data) {
  return val_of_bytes(PEAL_BINARY, data);
}

peal_val peal_array(const peal_val *items, size_t count) {
  return (peal_val){
      .type = PEAL_ARRAY, .len = (uint32_t)count, .as.items = items};
}

peal_val peal_object(const peal_pair *pairs, size_t count) {
  return (peal_val){
      .type = PEAL_OBJECT, .len = (uint32_t)count, .as.pairs = pairs};
}

peal_args peal_args_(const peal_val *items) {
  size_t count = 0;
  while (items[count].type != PEAL_END_)
    count++;
  return (peal_args){items, count};
}

peal_val peal_array_(const peal_val *items) {
  return peal_array(items, peal_args_(items).count);
}

peal_val peal_object_(const peal_pair *pairs) {
  size_t count = 0;
  while (pairs[count].value.type != PEAL_END_)
    count++;
  return peal_object(pairs, count);
}

peal_val peal_str(const char *text) {
  return text ? peal_str_slice(peal_slice_of(text)) : peal_null();
}

bool peal_val_is(peal_val value, peal_type type) {
  return value.type == (uint8_t)type;
}

bool peal_val_is_number(peal_val value) {
  return peal_val_is(value, PEAL_INT) || peal_val_is(value, PEAL_DOUBLE);
}

static peal_slice val_bytes(peal_val value, peal_type type) {
  if (!peal_val_is(value, type) || value.len == 0)
    return (peal_slice){"", 0};
  return (peal_slice){value.as.bytes, value.len};
}

peal_slice peal_val_str(peal_val value) {
  return val_bytes(value, PEAL_STRING);
}

peal_slice peal_val_binary(peal_val value) {
  return val_bytes(value, PEAL_BINARY);
}

/* True and *out, if the number is an integer that fits. */
static bool val_to_int(peal_val value, int64_t *out) {
  if (peal_val_is(value, PEAL_INT)) {
    *out = value.as.integer;
    return true;
  }
  if (!peal_val_is(value, PEAL_DOUBLE))
    return false;
  double number = value.as.number;
  if (!(number >= -VAL_INT_END && number < VAL_INT_END))
    return false;
  *out = (int64_t)number;
  return (double)*out == number;
}

int64_t peal_val_int(peal_val value, int64_t otherwise) {
  int64_t integer = 0;
  return val_to_int(value, &integer) ? integer : otherwise;
}

double peal_val_double(peal_val value, double otherwise) {
  if (peal_val_is(value, PEAL_INT))
    return (double)value.as.integer;
  return peal_val_is(value, PEAL_DOUBLE) ? value.as.number : otherwise;
}

bool peal_val_bool(peal_val value, bool otherwise) {
  return peal_val_is(value, PEAL_BOOL) ? value.as.boolean : otherwise;
}

peal_val peal_val_at(peal_val array, size_t index) {
  if (!peal_val_is(array, PEAL_ARRAY) || index >= array.len)
    return peal_undefined();
  return array.as.items[index];
}

peal_slice peal_val_key(peal_val object, size_t index) {
  if (!peal_val_is(object, PEAL_OBJECT) || index >= object.len)
    return (peal_slice){"", 0};
  const char *key = object.as.pairs[index].key;
  const uint32_t *lens = peal_val_impl_key_lens(object);
  if (lens)
    return (peal_slice){key, lens[index]};
  return peal_slice_of(key ? key : "");
}

/* The last pair of that name, NULL if there is none. */
static const peal_pair *val_find(peal_val object, peal_slice key) {
  if (!peal_val_is(object, PEAL_OBJECT))
    return NULL;
  for (size_t i = object.len; i > 0; i--) {
    if (peal_slice_eq(peal_val_key(object, i - 1), key))
      return &object.as.pairs[i - 1];
  }
  return NULL;
}

peal_val peal_val_get_n(peal_val object, peal_slice key) {
  const peal_pair *pair = val_find(object, key);
  return pair ? pair->value : peal_undefined();
}

peal_val peal_val_get(peal_val object, const char *key) {
  return peal_val_get_n(object, peal_slice_of(key));
}

static bool val_eq_number(peal_val a, peal_val b) {
  int64_t x = 0, y = 0;
  bool a_fits = val_to_int(a, &x), b_fits = val_to_int(b, &y);
  if (a_fits || b_fits)
    return a_fits && b_fits && x == y;
  return a.as.number == b.as.number;
}

static bool val_eq_depth(peal_val a, peal_val b, unsigned depth);

static bool val_eq_items(peal_val a, peal_val b, unsigned depth) {
  if (a.len != b.len)
    return false;
  for (size_t i = 0; i < a.len; i++) {
    if (!val_eq_depth(a.as.items[i], b.as.items[i], depth))
      return false;
  }
  return true;
}

/* Every member of `a` that counts has its like in `b`. A member that a later
 * one of the same name hides is not visited: each subtree at most once. */
static bool val_eq_members(peal_val a, peal_val b, unsigned depth) {
  for (size_t i = 0; i < a.len; i++) {
    const peal_pair *pair = &a.as.pairs[i];
    peal_slice key = peal_val_key(a, i);
    if (val_find(a, key) != pair)
      continue;
    const peal_pair *other = val_find(b, key);
    peal_val value = other ? other->value : peal_undefined();
    if (!val_eq_depth(pair->value, value, depth))
      return false;
  }
  return true;
}

/* What `b` has and `a` has not must be undefined, which is as if absent. */
static bool val_eq_rest(peal_val a, peal_val b) {
  for (size_t i = 0; i < b.len; i++) {
    const peal_pair *pair = &b.as.pairs[i];
    peal_slice key = peal_val_key(b, i);
    if (!val_find(a, key) && val_find(b, key) == pair &&
        !peal_val_is(pair->value, PEAL_UNDEFINED))
      return false;
  }
  return true;
}

/* Recursion is bounded: beyond the depth that a decoder yields nothing is
 * equal. */
static bool val_eq_depth(peal_val a, peal_val b, unsigned depth) {
  if (peal_val_is_number(a) && peal_val_is_number(b))
    return val_eq_number(a, b);
  if (a.type != b.type || depth > PEAL_LIMIT_JSON_DEPTH)
    return false;
  switch ((peal_type)a.type) {
  case PEAL_UNDEFINED:
  case PEAL_NULL:
    return true;
  case PEAL_BOOL:
    return a.as.boolean == b.as.boolean;
  case PEAL_STRING:
    return peal_slice_eq(peal_val_str(a), peal_val_str(b));
  case PEAL_BINARY:
    return peal_slice_eq(peal_val_binary(a), peal_val_binary(b));
  case PEAL_ARRAY:
    return val_eq_items(a, b, depth + 1);
  case PEAL_OBJECT:
    return val_eq_members(a, b, depth + 1) && val_eq_rest(a, b);
  case PEAL_INT:
  case PEAL_DOUBLE:
    break;
  }
  return false;
}

bool peal_val_eq(peal_val a, peal_val b) {
  return val_eq_depth(a, b, 0);
}

const char *peal_val_type_name(peal_val value) {
  static const char *const names[] = {
      [PEAL_UNDEFINED] = "undefined", [PEAL_NULL] = "null",
      [PEAL_BOOL] = "boolean",        [PEAL_INT] = "number",
      [PEAL_DOUBLE] = "number",       [PEAL_STRING] = "string",
      [PEAL_BINARY] = "binary",       [PEAL_ARRAY] = "array",
      [PEAL_OBJECT] = "object",
  };
  return value.type <= PEAL_OBJECT ? names[value.type] : "unknown";
}
