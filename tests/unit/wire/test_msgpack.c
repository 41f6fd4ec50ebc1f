/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "base/limits.h"
#include "base/val_impl.h"
#include "torture.h"
#include "wire/json.h"
#include "wire/msgpack.h"

/* -- helpers ----------------------------------------------------------------------- */

/* "93 c0" to bytes. */
static peal_slice bytes_of(const char *hex, char *out) {
  size_t len = 0;
  for (; *hex; hex++) {
    if (*hex == ' ')
      continue;
    int high = peal_hex_value(hex[0]), low = peal_hex_value(hex[1]);
    assert_true(high >= 0 && low >= 0);
    out[len++] = (char)(high * 16 + low);
    hex++;
  }
  return (peal_slice){out, len};
}

static void hex_of(peal_slice data, char *out) {
  for (size_t i = 0; i < data.len; i++)
    sprintf(out + 2 * i, "%02x", (uint8_t)data.ptr[i]);
  out[2 * data.len] = 0;
}

/* Of the bytes: what peal_msgpack_decode gives as JSON, or the error's name. */
static void json_of(peal_slice in, char *out, size_t size) {
  peal_arena arena;
  peal_val value;
  peal_buf text;
  size_t placeholders = 0;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_buf_init(&text, NULL, 0);
  peal_err err = peal_msgpack_decode(&value, in, &arena);
  peal_json_encode(&text, value, &placeholders);
  if (err)
    snprintf(out, size, "%s", peal_err_name(err));
  else
    snprintf(out, size, "%.*s", PEAL_SFMT(peal_buf_slice(&text)));
  peal_buf_deinit(&text);
  peal_arena_deinit(&arena);
}

/* The same without values in between. */
static void text_of(peal_slice in, char *out, size_t size) {
  peal_buf text;
  size_t count = 0;
  peal_slice *parts = NULL;
  peal_buf_init(&text, NULL, 0);
  peal_err err = peal_msgpack_binaries(in, &count);
  if (!err) {
    parts = calloc(count + 1, sizeof *parts);
    assert_non_null(parts);
    err = peal_msgpack_to_json(&text, in, 0, parts);
  }
  if (err)
    snprintf(out, size, "%s", peal_err_name(err));
  else
    snprintf(out, size, "%.*s", PEAL_SFMT(peal_buf_slice(&text)));
  free(parts);
  peal_buf_deinit(&text);
}

/* Bytes, and the JSON of what they are, or an error. */
typedef struct example {
  const char *hex;
  const char *json;
} example;

static void assert_reads(const example *all, size_t count) {
  for (size_t i = 0; i < count; i++) {
    char bytes[256], got[512];
    peal_slice in = bytes_of(all[i].hex, bytes);
    json_of(in, got, sizeof got);
    assert_string_equal(got, all[i].json);
    text_of(in, got, sizeof got);
    assert_string_equal(got, all[i].json);
  }
}

static void assert_writes(peal_val value, peal_msgpack_style style,
                          const char *hex) {
  char bytes[256], want[513], got[513];
  peal_buf out;
  peal_buf_init(&out, NULL, 0);
  peal_msgpack_encode(&out, value, style);
  assert_int_equal(out.err, PEAL_OK);
  hex_of(bytes_of(hex, bytes), want);
  assert_true(out.len <= 256);
  hex_of(peal_buf_slice(&out), got);
  assert_string_equal(got, want);
  peal_buf_deinit(&out);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* -- reading ------------------------------------------------------------------------- */

static void every_form_is_read(void **state) {
  static const example all[] = {
      {"c0", "null"},
      {"c2", "false"},
      {"c3", "true"},
      {"00", "0"},
      {"7f", "127"},
      {"e0", "-32"},
      {"ff", "-1"},
      {"cc ff", "255"},
      {"cd ffff", "65535"},
      {"ce ffffffff", "4294967295"},
      {"cf 7fffffffffffffff", "9223372036854775807"},
      {"cf ffffffffffffffff", "18446744073709552000"},
      {"d0 80", "-128"},
      {"d1 8000", "-32768"},
      {"d2 80000000", "-2147483648"},
      {"d3 8000000000000000", "-9223372036854775808"},
      {"ca 3fc00000", "1.5"},
      {"cb 3ff8000000000000", "1.5"},
      {"cb 7ff0000000000000", "null"},
      {"cb 7ff8000000000000", "null"},
      {"a1 61", "\"a\""},
      {"d9 01 61", "\"a\""},
      {"da 0001 61", "\"a\""},
      {"db 00000001 61", "\"a\""},
      {"a0", "\"\""},
      {"c4 01 61", "{\"_placeholder\":true,\"num\":0}"},
      {"c5 0001 61", "{\"_placeholder\":true,\"num\":0}"},
      {"c6 00000001 61", "{\"_placeholder\":true,\"num\":0}"},
      {"90", "[]"},
      {"dc 0001 c0", "[null]"},
      {"dd 00000001 c0", "[null]"},
      {"80", "{}"},
      {"de 0001 a1 61 01", "{\"a\":1}"},
      {"df 00000001 a1 61 01", "{\"a\":1}"},
      {"82 a1 61 81 a1 62 92 01 02 a1 63 c0",
       "{\"a\":{\"b\":[1,2]},\"c\":null}"},
      {"92 c4 00 91 c4 00",
       "[{\"_placeholder\":true,\"num\":0},[{\"_placeholder\":true,"
       "\"num\":1}]]"},
  };
  (void)state;
  assert_reads(all, COUNT(all));
}

static void what_notepack_wrote_once_is_read(void **state) {
  static const example all[] = {
      {"92 d4 00 00 01", "[null,1]"},              /* undefined */
      {"82 a1 61 d4 00 00 a1 62 01", "{\"b\":1}"}, /* is left out */
      {"81 a1 61 d4 00 00", "{}"},
      {"d7 00 00000000 00000001", "\"1970-01-01T00:00:00.001Z\""},
      {"d7 00 ffffffff ffffffff", "\"1969-12-31T23:59:59.999Z\""},
      {"c7 01 00 61", "{\"_placeholder\":true,\"num\":0}"},
      {"c8 0001 00 61", "{\"_placeholder\":true,\"num\":0}"},
      {"c9 00000001 00 61", "{\"_placeholder\":true,\"num\":0}"},
  };
  (void)state;
  assert_reads(all, COUNT(all));
}

/* Checked against Date.prototype.toISOString of Node 20. */
static void dates_are_texts(void **state) {
  static const example all[] = {
      {"d6 ff 00000000", "\"1970-01-01T00:00:00.000Z\""},
      {"d6 ff ffffffff", "\"2106-02-07T06:28:15.000Z\""},
      {"d7 ff 003d0900 00000001", "\"1970-01-01T00:00:01.001Z\""},
      {"c7 0c ff 3b8b87c0 ffffffffffffffff", "\"1969-12-31T23:59:59.999Z\""},
      {"c7 0c ff 00000001 ffffffffffffffff", "\"1969-12-31T23:59:59.001Z\""},
      {"c7 0c ff 00000000 000007dba8218000", "\"+275760-09-13T00:00:00.000Z\""},
      {"c7 0c ff 00000000 fffff82457de8000", "\"-271821-04-20T00:00:00.000Z\""},
      {"c7 0c ff 00000000 000007dba8218001", "null"},
      {"c7 0c ff 00000000 7fffffffffffffff", "null"},
      {"c7 0c ff 00000000 8000000000000000", "null"},
      {"d7 00 7fffffff ffffffff", "null"},
      {"c7 0c ff 00000000 fffffff1868b8400", "\"0000-01-01T00:00:00.000Z\""},
      {"c7 0c ff 00000000 fffffff1868b83ff", "\"-000001-12-31T23:59:59.000Z\""},
  };
  (void)state;
  assert_reads(all, COUNT(all));
}

static void what_is_no_messagepack_is_refused(void **state) {
  static const example all[] = {
      {"", "PEAL_ERR_SIO_PAYLOAD"},
      {"c1", "PEAL_ERR_SIO_PAYLOAD"},
      {"c0 c0", "PEAL_ERR_SIO_PAYLOAD"}, /* something follows */
      {"cd 01", "PEAL_ERR_SIO_PAYLOAD"}, /* cut off */
      {"a2 61", "PEAL_ERR_SIO_PAYLOAD"},
      {"db ffffffff 61", "PEAL_ERR_SIO_PAYLOAD"},
      {"c6 ffffffff 61", "PEAL_ERR_SIO_PAYLOAD"},
      {"c9 ffffffff 01 61", "PEAL_ERR_SIO_PAYLOAD"},
      {"dd ffffffff c0", "PEAL_ERR_SIO_PAYLOAD"},       /* 2^32 items */
      {"df ffffffff a1 61 c0", "PEAL_ERR_SIO_PAYLOAD"}, /* 2^32 pairs */
      {"92 92 c0 c0", "PEAL_ERR_SIO_PAYLOAD"},
      {"81 01 02", "PEAL_ERR_SIO_PAYLOAD"}, /* a key that is a number */
      {"81 c0 02", "PEAL_ERR_SIO_PAYLOAD"},
      {"81 90 02", "PEAL_ERR_SIO_PAYLOAD"},
      {"81 c4 01 61 02", "PEAL_ERR_SIO_PAYLOAD"},
      {"d4 01 00", "PEAL_ERR_SIO_PAYLOAD"}, /* an ext that nobody writes */
      {"d5 ff 0000", "PEAL_ERR_SIO_PAYLOAD"},
      {"d6 00 00000000", "PEAL_ERR_SIO_PAYLOAD"},
      {"d8 01 00000000000000000000000000000000", "PEAL_ERR_SIO_PAYLOAD"},
      {"a1 ff", "PEAL_ERR_UTF8"},
      {"a3 eda080", "PEAL_ERR_UTF8"}, /* half a surrogate pair */
      {"81 a1 ff c0", "PEAL_ERR_UTF8"},
  };
  (void)state;
  assert_reads(all, COUNT(all));
}

static void nesting_ends_at_the_limit(void **state) {
  char in[PEAL_LIMIT_JSON_DEPTH + 2], got[512];
  (void)state;
  memset(in, '\x91', sizeof in);
  in[PEAL_LIMIT_JSON_DEPTH] = '\xc0';
  json_of((peal_slice){in, PEAL_LIMIT_JSON_DEPTH + 1}, got, sizeof got);
  assert_int_equal(got[0], '[');
  text_of((peal_slice){in, PEAL_LIMIT_JSON_DEPTH + 1}, got, sizeof got);
  assert_int_equal(got[0], '[');
  in[PEAL_LIMIT_JSON_DEPTH] = '\x91';
  in[PEAL_LIMIT_JSON_DEPTH + 1] = '\xc0';
  json_of((peal_slice){in, sizeof in}, got, sizeof got);
  assert_string_equal(got, "PEAL_ERR_DEPTH");
  text_of((peal_slice){in, sizeof in}, got, sizeof got);
  assert_string_equal(got, "PEAL_ERR_DEPTH");
}

static void keys_may_hold_nul_and_come_twice(void **state) {
  char bytes[64];
  peal_arena arena;
  peal_val value;
  (void)state;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_slice in = bytes_of("83 a3 610062 01 a1 61 02 a1 61 03", bytes);
  assert_int_equal(peal_msgpack_decode(&value, in, &arena), PEAL_OK);
  assert_int_equal(peal_val_int(peal_val_get_n(value, PEAL_S("a\0b")), 0), 1);
  assert_int_equal(peal_val_int(peal_val_get(value, "a"), 0), 3);
  assert_writes(value, PEAL_MSGPACK_NOTEPACK,
                "83 a3 610062 01 a1 61 02 a1 61 03");
  peal_arena_deinit(&arena);
}

static void a_member_can_be_held_back(void **state) {
  char bytes[64];
  peal_arena arena;
  peal_val value;
  (void)state;
  peal_arena_init(&arena, NULL, 0, 0);
  /* [{"d": [1], "e": {"d": 2}}] */
  peal_slice in = bytes_of("91 82 a1 64 91 01 a1 65 81 a1 64 02", bytes);
  assert_int_equal(peal_msgpack_decode_held(&value, in, &arena, 2, PEAL_S("d")),
                   PEAL_OK);
  peal_val map = peal_val_at(value, 0);
  peal_slice held = peal_val_binary(peal_val_get(map, "d"));
  assert_true(peal_slice_eq(held, PEAL_S("\x91\x01")));
  assert_ptr_equal(held.ptr, in.ptr + 4);
  assert_int_equal(peal_val_int(peal_val_get(peal_val_get(map, "e"), "d"), 0),
                   2);
  peal_arena_deinit(&arena);
}

/* -- what it costs --------------------------------------------------------------------- */

/* The cheapest inputs for the most memory: small containers, empty keys, heads
 * that announce as much as the rest has. */
static void memory_is_in_proportion_to_the_input(void **state) {
  static const char *const parts[] = {
      "c0",       "90",    "91 c0",          "81 a0 c0",       "81 a1 61 c0",
      "92 90 90", "c4 00", "d6 ff 00000000", "82 a0 c0 a0 c0", "a0"};

  enum { TIMES = 60000 };

  (void)state;
  for (size_t i = 0; i < COUNT(parts); i++) {
    char part[32];
    peal_slice one = bytes_of(parts[i], part);
    size_t len = 5 + TIMES * one.len;
    char *in = malloc(len);
    assert_non_null(in);
    memcpy(in, "\xdd\x00\x00\xea\x60", 5);
    for (size_t at = 0; at < TIMES; at++)
      memcpy(in + 5 + at * one.len, one.ptr, one.len);
    torture t;
    peal_arena arena;
    peal_val value;
    torture_init(&t, 0);
    peal_arena_init(&arena, &t.mem, 0, 0);
    assert_int_equal(peal_msgpack_decode(&value, (peal_slice){in, len}, &arena),
                     PEAL_OK);
    assert_true(t.peak_bytes <= PEAL_MSGPACK_FACTOR * len + 65536);
    peal_arena_deinit(&arena);
    assert_int_equal(t.live, 0);
    free(in);
  }
}

/* 128 arrays in each other, of which each announces all that is left. */
static void announced_counts_do_not_add_up(void **state) {
  enum { LEN = 1 << 20 };

  char *in = malloc(LEN);
  torture t;
  peal_arena arena;
  peal_val value;
  (void)state;
  assert_non_null(in);
  memset(in, 0xc0, LEN);
  for (size_t i = 0; i < PEAL_LIMIT_JSON_DEPTH; i++) {
    size_t left = LEN - 5 * (i + 1);
    char head[5] = {'\xdd', (char)(left >> 24), (char)(left >> 16 & 255),
                    (char)(left >> 8 & 255), (char)(left & 255)};
    memcpy(in + 5 * i, head, 5);
  }
  torture_init(&t, 0);
  peal_arena_init(&arena, &t.mem, 0, 0);
  assert_int_equal(peal_msgpack_decode(&value, (peal_slice){in, LEN}, &arena),
                   PEAL_ERR_SIO_PAYLOAD);
  assert_true(t.peak_bytes <= PEAL_MSGPACK_FACTOR * (size_t)LEN);
  peal_arena_deinit(&arena);
  free(in);
}

static peal_err torture_step(const peal_mem *mem, void *user) {
  const peal_slice *in = user;
  peal_arena arena;
  peal_val value;
  peal_buf out;
  peal_arena_init(&arena, mem, 64, 0);
  peal_buf_init(&out, mem, 0);
  peal_err err = peal_msgpack_decode(&value, *in, &arena);
  if (!err) {
    peal_msgpack_encode(&out, value, PEAL_MSGPACK_PLAIN);
    err = out.err;
  }
  peal_buf_deinit(&out);
  peal_arena_deinit(&arena);
  return err;
}

static void every_allocation_may_fail(void **state) {
  char bytes[128];
  peal_slice in = bytes_of("85 a1 61 93 01 02 03 a1 62 d6 ff 00000000 a1 63 c4 "
                           "01 00 a0 80 a3 610062 91 a1 7a",
                           bytes);
  (void)state;
  assert_true(torture_run(torture_step, &in, false, NULL));
}

/* -- writing --------------------------------------------------------------------------- */

static void whole_numbers_have_the_smallest_form(void **state) {
  static const struct {
    int64_t value;
    const char *hex;
  } all[] = {{0, "00"},
             {127, "7f"},
             {128, "cc80"},
             {255, "ccff"},
             {256, "cd0100"},
             {65535, "cdffff"},
             {65536, "ce00010000"},
             {4294967295, "ceffffffff"},
             {4294967296, "cf0000000100000000"},
             {9007199254740991, "cf001fffffffffffff"},
             {-1, "ff"},
             {-32, "e0"},
             {-33, "d0df"},
             {-128, "d080"},
             {-129, "d1ff7f"},
             {-32768, "d18000"},
             {-32769, "d2ffff7fff"},
             {INT32_MIN, "d280000000"},
             {INT32_MIN - 1ll, "d3ffffffff7fffffff"}};

  (void)state;
  for (size_t i = 0; i < COUNT(all); i++)
    for (int style = 0; style < 2; style++) {
      assert_writes(peal_int(all[i].value), (peal_msgpack_style)style,
                    all[i].hex);
      assert_writes(peal_double((double)all[i].value),
                    (peal_msgpack_style)style, all[i].hex);
    }
}

static void numbers_beyond_differ_by_style(void **state) {
  (void)state;
  assert_writes(peal_double(9007199254740992.0), PEAL_MSGPACK_NOTEPACK,
                "cf0020000000000000");
  assert_writes(peal_double(9007199254740992.0), PEAL_MSGPACK_PLAIN,
                "cb4340000000000000");
  assert_writes(peal_int(9007199254740993), PEAL_MSGPACK_NOTEPACK,
                "cf0020000000000001");
  assert_writes(peal_int(-9007199254740992), PEAL_MSGPACK_PLAIN,
                "cbc340000000000000");
  assert_writes(peal_double(1e19), PEAL_MSGPACK_NOTEPACK, "cf8ac7230489e80000");
  assert_writes(peal_double(1e19), PEAL_MSGPACK_PLAIN, "cb43e158e460913d00");
  assert_writes(peal_double(18446744073709551616.0), PEAL_MSGPACK_NOTEPACK,
                "cb43f0000000000000");
  assert_writes(peal_double(-0.0), PEAL_MSGPACK_NOTEPACK, "00");
  assert_writes(peal_double(1.5), PEAL_MSGPACK_NOTEPACK, "cb3ff8000000000000");
  assert_writes(peal_double(-1e300), PEAL_MSGPACK_NOTEPACK,
                "cbfe37e43c8800759c");
}

static void undefined_is_nil_or_left_out(void **state) {
  (void)state;
  peal_val array = PEAL_ARRAY(peal_undefined(), peal_int(1));
  peal_val object = PEAL_OBJECT({"a", peal_undefined()}, {"b", peal_int(1)});
  assert_writes(array, PEAL_MSGPACK_NOTEPACK, "92c001");
  assert_writes(object, PEAL_MSGPACK_NOTEPACK, "81a16201");
  assert_writes(object, PEAL_MSGPACK_PLAIN, "82a161c0a16201");
}

static void what_is_not_utf8_is_mended(void **state) {
  (void)state;
  assert_writes(peal_str("a\xff"
                         "b\xe2\x82"),
                PEAL_MSGPACK_NOTEPACK, "a8 61 efbfbd 62 efbfbd");
}

static void a_builder_that_failed_is_no_value(void **state) {
  peal_buf out;
  (void)state;
  peal_buf_init(&out, NULL, 0);
  peal_msgpack_encode(&out,
                      PEAL_OBJECT({"a", peal_val_impl_lost(PEAL_ERR_NOMEM)}),
                      PEAL_MSGPACK_NOTEPACK);
  assert_int_equal(out.err, PEAL_ERR_NOMEM);
  peal_buf_deinit(&out);
}

/* -- there and back -------------------------------------------------------------------- */

static uint64_t dice_state;

static uint32_t dice(uint32_t sides) {
  dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(dice_state >> 33) % sides;
}

static peal_val make_val(peal_arena *arena, size_t depth);

static peal_val make_text(peal_arena *arena, bool binary) {
  static const char *const pieces[] = {"a",  "\xc3\xa9", "\xf0\x9f\x98\x80",
                                       "\"", "\n",       "0123456789abcdef"};
  size_t count = dice(20), len = 0;
  char *text = peal_arena_alloc(arena, count * 16 + 1);
  assert_non_null(text);
  for (size_t i = 0; i < count; i++) {
    const char *piece = pieces[dice(6)];
    memcpy(text + len, piece, strlen(piece));
    len += strlen(piece);
  }
  text[len] = 0;
  peal_slice slice = {text, len};
  return binary ? peal_binary(slice) : peal_str_slice(slice);
}

static peal_val make_number(void) {
  uint64_t bits = (uint64_t)dice(UINT32_MAX) << 32 | dice(UINT32_MAX);
  double number = (double)dice(1000) + dice(64) / 64.0;
  return dice(2) ? peal_int((int64_t)(bits >> dice(63)))
                 : peal_double(dice(2) ? number : -number * 1e30);
}

static peal_val make_container(peal_arena *arena, size_t depth) {
  uint32_t count = dice(dice(4) ? 5 : 40);
  peal_val *items = peal_arena_alloc(arena, 40 * sizeof *items);
  peal_pair *pairs = peal_arena_alloc(arena, 40 * sizeof *pairs);
  assert_true(items && pairs);
  for (uint32_t i = 0; i < count; i++) {
    items[i] = make_val(arena, depth + 1);
    char *key = peal_arena_str(arena, peal_val_str(make_text(arena, false)));
    pairs[i] = (peal_pair){key, items[i]};
  }
  return dice(2) ? peal_array(items, count) : peal_object(pairs, count);
}

static peal_val make_val(peal_arena *arena, size_t depth) {
  switch (dice(depth < 4 ? 9 : 6)) {
  case 0:
    return peal_null();
  case 1:
    return peal_bool(dice(2));
  case 2:
    return make_number();
  case 3:
    return make_text(arena, true);
  case 4:
  case 5:
    return make_text(arena, false);
  default:
    return make_container(arena, depth);
  }
}

static void assert_same_json(peal_val a, peal_val b) {
  size_t x = 0, y = 0;
  peal_buf first, second;
  peal_buf_init(&first, NULL, 0);
  peal_buf_init(&second, NULL, 0);
  peal_json_encode(&first, a, &x);
  peal_json_encode(&second, b, &y);
  assert_true(peal_slice_eq(peal_buf_slice(&first), peal_buf_slice(&second)));
  peal_buf_deinit(&first);
  peal_buf_deinit(&second);
}

static void random_values_come_back(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 2000; seed++) {
    peal_arena arena;
    peal_val back;
    peal_buf out, again;
    dice_state = seed * 0x9e3779b97f4a7c15u;
    peal_arena_init(&arena, NULL, 0, 0);
    peal_buf_init(&out, NULL, 0);
    peal_buf_init(&again, NULL, 0);
    peal_val value = make_val(&arena, 0);
    peal_msgpack_encode(&out, value, PEAL_MSGPACK_NOTEPACK);
    assert_int_equal(out.err, PEAL_OK);
    assert_int_equal(peal_msgpack_decode(&back, peal_buf_slice(&out), &arena),
                     PEAL_OK);
    assert_same_json(value, back);
    peal_msgpack_encode(&again, back, PEAL_MSGPACK_NOTEPACK);
    assert_true(peal_slice_eq(peal_buf_slice(&out), peal_buf_slice(&again)));
    peal_buf_deinit(&out);
    peal_buf_deinit(&again);
    peal_arena_deinit(&arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_form_is_read),
      cmocka_unit_test(what_notepack_wrote_once_is_read),
      cmocka_unit_test(dates_are_texts),
      cmocka_unit_test(what_is_no_messagepack_is_refused),
      cmocka_unit_test(nesting_ends_at_the_limit),
      cmocka_unit_test(keys_may_hold_nul_and_come_twice),
      cmocka_unit_test(a_member_can_be_held_back),
      cmocka_unit_test(memory_is_in_proportion_to_the_input),
      cmocka_unit_test(announced_counts_do_not_add_up),
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(whole_numbers_have_the_smallest_form),
      cmocka_unit_test(numbers_beyond_differ_by_style),
      cmocka_unit_test(undefined_is_nil_or_left_out),
      cmocka_unit_test(what_is_not_utf8_is_mended),
      cmocka_unit_test(a_builder_that_failed_is_no_value),
      cmocka_unit_test(random_values_come_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
