/* SPDX-License-Identifier: MIT */
#include "driver_values.h"

#include <stdlib.h>
#include <string.h>

typedef peal_val (*map_fn)(peal_build *build, peal_val value);

static peal_val map_items(peal_build *build, peal_val array, map_fn fn) {
  peal_items *out = peal_items_new(build);
  for (uint32_t i = 0; i < array.len; i++) {
    peal_items_add(out, fn(build, array.as.items[i]));
  }
  return peal_items_val(out);
}

static peal_val map_pairs(peal_build *build, peal_val object, map_fn fn) {
  peal_pairs *out = peal_pairs_new(build);
  for (uint32_t i = 0; i < object.len; i++) {
    peal_pairs_add_n(out, peal_val_key(object, i),
                     fn(build, object.as.pairs[i].value));
  }
  return peal_pairs_val(out);
}

peal_val driver_values_pack(peal_build *build, peal_val value) {
  if (peal_val_is(value, PEAL_ARRAY)) {
    return map_items(build, value, driver_values_pack);
  }
  if (peal_val_is(value, PEAL_OBJECT)) {
    return map_pairs(build, value, driver_values_pack);
  }
  if (peal_val_is(value, PEAL_BINARY)) {
    return peal_build_keep(build, PEAL_OBJECT({"$bytes", value}));
  }
  return value;
}

peal_val driver_values_pack_args(peal_build *build, peal_args args) {
  return driver_values_pack(build, peal_array(args.items, args.count));
}

static unsigned digit_of(char c) {
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *at = memchr(digits, c, 64);
  return at ? (unsigned)(at - digits) : 64;
}

/* Base64 that is known to be right; returns how many bytes. */
static size_t decode(char *out, peal_slice text) {
  size_t len = 0;
  uint32_t bits = 0;
  unsigned held = 0;
  for (size_t i = 0; i < text.len; i++) {
    unsigned digit = digit_of(text.ptr[i]);
    if (digit > 63) {
      break;
    }
    bits = bits << 6 | digit;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[len++] = (char)(bits >> held & 0xff);
    }
  }
  return len;
}

static peal_val bytes_of(peal_build *build, peal_slice text) {
  char *data = malloc(text.len + 1);
  if (!data) {
    return peal_null();
  }
  size_t len = decode(data, text);
  peal_val value = peal_build_copy(build, peal_binary((peal_slice){data, len}));
  free(data);
  return value;
}

peal_val driver_values_unpack(peal_build *build, peal_val value) {
  if (peal_val_is(value, PEAL_ARRAY)) {
    return map_items(build, value, driver_values_unpack);
  }
  if (peal_val_is(value, PEAL_OBJECT)) {
    peal_val bytes = peal_val_get(value, "$bytes");
    return peal_val_is(bytes, PEAL_STRING)
               ? bytes_of(build, peal_val_str(bytes))
               : map_pairs(build, value, driver_values_unpack);
  }
  return value;
}

peal_args driver_values_args(peal_val array) {
  return peal_val_is(array, PEAL_ARRAY) ? (peal_args){array.as.items, array.len}
                                        : PEAL_NO_ARGS;
}

const char *driver_values_text(peal_build *build, peal_val value) {
  if (!peal_val_is(value, PEAL_STRING)) {
    return NULL;
  }
  /* A key is copied and terminated. */
  peal_pairs *holder = peal_pairs_new(build);
  peal_pairs_add_n(holder, peal_val_str(value), peal_null());
  return peal_val_key(peal_pairs_val(holder), 0).ptr;
}
