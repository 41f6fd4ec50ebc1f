/* SPDX-License-Identifier: MIT */
/* wire/json: what is decoded encodes and comes back equal; and an independent
 * parser accepts and refuses the same, apart from what it is known to do
 * otherwise. */
#include <stdlib.h>
#include <string.h>

#if defined(PEAL_HAVE_JANSSON)
#include <jansson.h>
#endif

#include "base/val_impl.h"
#include "wire/json.h"
#include "wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

/* Copying the text of what was not touched is writing it; and text that is
 * known to be UTF-8 is read as other text is. */
static void check_raw(peal_val value, peal_slice text, peal_arena *arena) {
  peal_buf raw, written;
  peal_val copy, again;
  peal_buf_init(&raw, NULL, 0);
  peal_buf_init(&written, NULL, 0);
  must(peal_val_impl_copy(&copy, value, arena) == PEAL_OK);
  peal_json_encode(&raw, value, NULL);
  peal_json_encode(&written, copy, NULL);
  must(peal_slice_eq(peal_buf_slice(&raw), peal_buf_slice(&written)));
  must(peal_utf8_is_valid(text)); /* there is nothing outside of strings */
  must(peal_json_decode_utf8(&again, text, arena, NULL) == PEAL_OK);
  peal_buf_reset(&written);
  peal_json_encode(&written, again, NULL);
  must(peal_slice_eq(peal_buf_slice(&raw), peal_buf_slice(&written)));
  peal_buf_deinit(&raw);
  peal_buf_deinit(&written);
}

static void check_round_trip(peal_val value, peal_arena *arena) {
  peal_buf first, second;
  peal_val again;
  peal_buf_init(&first, NULL, 0);
  peal_buf_init(&second, NULL, 0);
  peal_json_encode(&first, value, NULL);
  must(first.err == PEAL_OK);
  must(peal_utf8_is_valid(peal_buf_slice(&first)));
  must(peal_json_decode(&again, peal_buf_slice(&first), arena, NULL) ==
       PEAL_OK);
  peal_json_encode(&second, again, NULL);
  must(peal_slice_eq(peal_buf_slice(&first), peal_buf_slice(&second)));
  peal_buf_deinit(&first);
  peal_buf_deinit(&second);
}

#if defined(PEAL_HAVE_JANSSON)
/* It refuses numbers beyond a double, zero bytes in names and half pairs of
 * surrogates, and allows another depth. */
static bool refuses_otherwise(const json_error_t *error, peal_slice text) {
  enum json_error_code code = json_error_code(error);
  if (code == json_error_numeric_overflow ||
      code == json_error_null_character ||
      code == json_error_null_byte_in_key || code == json_error_stack_overflow)
    return true;
  for (size_t i = 0; i + 2 < text.len; i++) {
    if (text.ptr[i] == '\\' && text.ptr[i + 1] == 'u' &&
        (text.ptr[i + 2] | 0x20) == 'd')
      return true;
  }
  return false;
}

/* A zero byte means "end" there: such texts are not compared. */
static void check_oracle(peal_err err, peal_slice text) {
  json_error_t error;
  if (memchr(text.ptr, '\0', text.len))
    return;
  json_t *other = json_loadb(
      text.ptr, text.len,
      JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
  if (other)
    must(err == PEAL_OK || err == PEAL_ERR_DEPTH);
  else if (err == PEAL_OK)
    must(refuses_otherwise(&error, text));
  json_decref(other);
}
#else
static void check_oracle(peal_err err, peal_slice text) {
  (void)err;
  (void)text;
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_slice text = {len ? (const char *)data : "", len};
  peal_arena arena;
  peal_val value;
  peal_err_info info = {0};
  peal_arena_init(&arena, NULL, 256, 0);
  peal_err err = peal_json_decode(&value, text, &arena, &info);
  if (err == PEAL_OK) {
    check_raw(value, text, &arena);
    check_round_trip(value, &arena);
  } else {
    must(info.code == err && info.msg && info.pos <= len);
    must(!peal_utf8_is_valid(text) ||
         peal_json_decode_utf8(&value, text, &arena, NULL) == err);
  }
  check_oracle(err, text);
  peal_arena_deinit(&arena);
  return 0;
}
