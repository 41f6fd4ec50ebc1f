/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/val_impl.h"
#include "torture.h"
#include "wire/json.h"
#include "wire/utf8.h"
#include "wire_case.h"

/* Text that is known to be UTF-8 gives the same answers. */
static void check_utf8(peal_slice text, peal_err expected, size_t pos,
                       peal_slice encoded) {
  peal_arena arena;
  peal_buf buf;
  peal_val value;
  peal_err_info info = {0};
  if (!peal_utf8_is_valid(text))
    return;
  peal_arena_init(&arena, NULL, 64, 0);
  peal_buf_init(&buf, NULL, 0);
  assert_int_equal(peal_json_decode_utf8(&value, text, &arena, &info),
                   expected);
  assert_int_equal(info.pos, pos);
  if (expected == PEAL_OK) {
    peal_json_encode(&buf, value, NULL);
    assert_true(peal_slice_eq(peal_buf_slice(&buf), encoded));
  }
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
}

/* What was decoded, encoded again; or the error and where it was noticed. */
static void replay(const wire_case *test, wire_feed *feed, wire_log *log,
                   void *user) {
  (void)test;
  (void)user;
  peal_slice text;
  if (!wire_feed_next(feed, &text))
    return;
  peal_arena arena;
  peal_buf buf;
  peal_val value;
  peal_err_info info = {0};
  peal_arena_init(&arena, NULL, 64, 0);
  peal_buf_init(&buf, NULL, 0);
  if (peal_json_decode(&value, text, &arena, &info) == PEAL_OK) {
    peal_json_encode(&buf, value, NULL);
    wire_log_add_bytes(log, peal_val_type_name(value), peal_buf_slice(&buf));
  } else {
    wire_log_add(log, "%s at %zu: %s", peal_err_name(info.code), info.pos,
                 info.msg);
  }
  check_utf8(text, info.code, info.pos, peal_buf_slice(&buf));
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
}

static void cases_decode_and_encode_as_expected(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("json", WIRE_CASE_WHOLE, replay, NULL), 0);
}

static void assert_encodes(peal_val value, const char *text) {
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  peal_json_encode(&buf, value, NULL);
  peal_buf_add_char(&buf, '\0');
  assert_int_equal(buf.err, PEAL_OK);
  assert_string_equal(buf.ptr, text);
  peal_buf_deinit(&buf);
}

static void undefined_is_left_out_of_objects_and_null_in_arrays(void **state) {
  (void)state;
  assert_encodes(PEAL_OBJECT({"a", peal_undefined()}, {"b", peal_int(1)},
                             {"c", peal_undefined()}),
                 "{\"b\":1}");
  assert_encodes(PEAL_ARRAY(peal_undefined(), peal_null()), "[null,null]");
  assert_encodes(peal_undefined(), "null");
  assert_encodes(peal_object(NULL, 0), "{}");
  assert_encodes(peal_array(NULL, 0), "[]");
}

static void strings_of_every_length_are_written_and_escaped(void **state) {
  (void)state;
  char text[70], expected[2 * sizeof text + 10];
  for (size_t len = 0; len < sizeof text; len++) {
    for (size_t at = 0; at <= len; at++) {
      memset(text, 'x', len);
      size_t n = 0;
      expected[n++] = '"';
      for (size_t i = 0; i < len; i++) {
        if (i == at) {
          text[i] = "\"\\\n"[len % 3];
          expected[n++] = '\\';
        }
        expected[n++] = text[i] == '\n' ? 'n' : text[i];
      }
      expected[n++] = '"';
      expected[n] = '\0';
      assert_encodes(peal_str_slice((peal_slice){text, len}), expected);
    }
  }
}

static void control_characters_are_escaped_as_javascript_does(void **state) {
  (void)state;
  assert_encodes(
      peal_str_slice(PEAL_S("\0\1\b\t\n\v\f\r\x1f\x7f/\xe2\x80\xa8")),
      "\"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\x7f/"
      "\xe2\x80\xa8\"");
}

static void what_is_not_utf8_is_sent_as_replacement(void **state) {
  (void)state;
#define FFFD "\xef\xbf\xbd"
  assert_encodes(peal_str("a\xff"
                          "b"),
                 "\"a" FFFD "b\"");
  assert_encodes(peal_str("\xe2\x82"), "\"" FFFD "\"");
  assert_encodes(peal_str("\xf0\x9f\x98x\xc0\xaf"),
                 "\"" FFFD "x" FFFD FFFD "\"");
  assert_encodes(peal_str("\xed\xa0\x80 and more than sixteen bytes"),
                 "\"" FFFD FFFD FFFD " and more than sixteen bytes\"");
#undef FFFD
}

static void binaries_are_placeholders_in_depth_first_order(void **state) {
  (void)state;
  peal_val bin = peal_binary(PEAL_S("\1\2\3"));
  peal_val value =
      PEAL_ARRAY(bin, PEAL_OBJECT({"a", PEAL_ARRAY(bin)}, {"b", bin}));
  peal_buf buf;
  size_t placeholders = 3;
  peal_buf_init(&buf, NULL, 0);
  peal_json_encode(&buf, value, &placeholders);
  assert_int_equal(placeholders, 6);
  assert_true(peal_slice_is(peal_buf_slice(&buf),
                            "[{\"_placeholder\":true,\"num\":3},"
                            "{\"a\":[{\"_placeholder\":true,\"num\":4}],"
                            "\"b\":{\"_placeholder\":true,\"num\":5}}]"));
  peal_buf_deinit(&buf);
  assert_encodes(value, "[\"AQID\",{\"a\":[\"AQID\"],\"b\":\"AQID\"}]");
}

static void fill_nested(char *text, size_t depth, char open, char close) {
  memset(text, open, depth);
  memset(text + depth, close, depth);
  text[2 * depth] = '\0';
}

static void nesting_is_limited_in_both_directions(void **state) {
  (void)state;
  char text[4 * PEAL_LIMIT_JSON_DEPTH];
  peal_arena arena;
  peal_buf buf;
  peal_val value;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_buf_init(&buf, NULL, 0);
  fill_nested(text, PEAL_LIMIT_JSON_DEPTH, '[', ']');
  assert_int_equal(peal_json_decode(&value, peal_slice_of(text), &arena, NULL),
                   PEAL_OK);
  peal_json_encode(&buf, value, NULL);
  assert_true(peal_slice_is(peal_buf_slice(&buf), text));
  value = peal_array(&value, 1);
  peal_buf_reset(&buf);
  peal_json_encode(&buf, value, NULL);
  assert_int_equal(buf.err, PEAL_ERR_DEPTH);
  fill_nested(text, PEAL_LIMIT_JSON_DEPTH + 1, '[', ']');
  assert_int_equal(peal_json_decode(&value, peal_slice_of(text), &arena, NULL),
                   PEAL_ERR_DEPTH);
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
}

/* An attack with depth costs no stack and is refused at once. */
static void a_megabyte_of_brackets_is_refused(void **state) {
  (void)state;
  static char text[1 << 20];
  peal_arena arena;
  peal_val value;
  peal_err_info info;
  memset(text, '[', sizeof text);
  peal_arena_init(&arena, NULL, 0, 0);
  assert_int_equal(
      peal_json_decode(&value, (peal_slice){text, sizeof text}, &arena, &info),
      PEAL_ERR_DEPTH);
  assert_int_equal(info.pos, PEAL_LIMIT_JSON_DEPTH);
  peal_arena_deinit(&arena);
}

static void plain_strings_point_into_the_input(void **state) {
  (void)state;
  static const char text[] =
      "{\"key\":\"text\",\"\":\"\",\"e\\n\":\"\\u0041\"}";
  peal_slice in = {text, sizeof text - 1};
  peal_arena arena;
  peal_val value;
  peal_arena_init(&arena, NULL, 0, 0);
  assert_int_equal(peal_json_decode(&value, in, &arena, NULL), PEAL_OK);
  assert_string_equal(value.as.pairs[0].key, "key");
  assert_ptr_equal(value.as.pairs[0].value.as.bytes, text + 8);
  assert_string_equal(value.as.pairs[1].key, "");
  assert_true(peal_slice_is(peal_val_str(peal_val_get(value, "e\n")), "A"));
  peal_arena_deinit(&arena);
}

static void keys_with_nul_come_back_as_they_were(void **state) {
  (void)state;
  static const char text[] = "{\"k\":1,\"a\\u0000b\":{\"\\u0000\":[]},\"\":2}";
  peal_slice in = {text, sizeof text - 1};
  peal_arena arena;
  peal_val value, copy;
  peal_arena_init(&arena, NULL, 0, 0);
  assert_int_equal(peal_json_decode(&value, in, &arena, NULL), PEAL_OK);
  assert_int_equal(peal_val_key(value, 1).len, 3);
  assert_true(peal_slice_is(peal_val_key(value, 0), "k"));
  assert_int_equal(peal_val_key(value, 2).len, 0);
  assert_true(peal_val_is(peal_val_get_n(value, PEAL_S("a\0b")), PEAL_OBJECT));
  assert_true(peal_val_is(peal_val_get(value, "a"), PEAL_UNDEFINED));
  assert_int_equal(peal_val_impl_copy(&copy, value, &arena), PEAL_OK);
  assert_true(peal_val_eq(copy, value));
  peal_bytes *json = peal_json_bytes(copy);
  assert_true(peal_slice_eq(peal_bytes_slice(json), in));
  peal_bytes_unref(json);
  peal_arena_deinit(&arena);
}

static void integers_stay_integers_while_they_fit(void **state) {
  (void)state;
  peal_arena arena;
  peal_val v;
  peal_arena_init(&arena, NULL, 0, 0);
  assert_int_equal(
      peal_json_decode(&v,
                       PEAL_S("[9223372036854775807,-9223372036854775808,"
                              "9223372036854775808,1.0,1e2,-0,123456789]"),
                       &arena, NULL),
      PEAL_OK);
  assert_true(peal_val_at(v, 0).as.integer == INT64_MAX);
  assert_true(peal_val_at(v, 1).as.integer == INT64_MIN);
  assert_true(peal_val_is(peal_val_at(v, 2), PEAL_DOUBLE));
  assert_true(peal_val_is(peal_val_at(v, 3), PEAL_DOUBLE));
  assert_int_equal(peal_val_int(peal_val_at(v, 4), 0), 100);
  assert_true(peal_val_is(peal_val_at(v, 5), PEAL_INT));
  assert_int_equal(peal_val_int(peal_val_at(v, 6), 0), 123456789);
  peal_arena_deinit(&arena);
}

/* More values than the reader's first cells hold, flat and nested. */
static void long_arrays_and_objects_keep_their_order(void **state) {
  (void)state;

  enum { COUNT = 5000 };

  peal_buf text, back;
  peal_arena arena;
  peal_val value;
  peal_buf_init(&text, NULL, 0);
  peal_buf_init(&back, NULL, 0);
  peal_arena_init(&arena, NULL, 256, 0);
  for (int i = 0; i < COUNT; i++) {
    peal_buf_add_str(&text, i ? ",{\"k" : "[{\"k");
    peal_buf_add_i64(&text, i);
    peal_buf_add_str(&text, "\":[");
    peal_buf_add_i64(&text, -i);
    peal_buf_add_str(&text, ",\"x\"]}");
  }
  peal_buf_add_char(&text, ']');
  assert_int_equal(
      peal_json_decode(&value, peal_buf_slice(&text), &arena, NULL), PEAL_OK);
  assert_int_equal(value.len, COUNT);
  peal_json_encode(&back, value, NULL);
  assert_true(peal_slice_eq(peal_buf_slice(&text), peal_buf_slice(&back)));
  peal_buf_deinit(&text);
  peal_buf_deinit(&back);
  peal_arena_deinit(&arena);
}

/* The worst text costs a bounded multiple of its length. */
static void memory_is_bounded_by_the_length_of_the_text(void **state) {
  (void)state;
  static const char *const units[] = {"0,",    "[],",       "{},",
                                      "\"\",", "{\"\":0},", "\"\\n\","};
  for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
    torture t;
    torture_init(&t, 0);
    peal_buf text;
    peal_arena arena;
    peal_val value;
    peal_buf_init(&text, NULL, 0);
    peal_buf_add_char(&text, '[');
    while (text.len < 200000)
      peal_buf_add_str(&text, units[u]);
    text.ptr[text.len - 1] = ']';
    peal_arena_init(&arena, &t.mem, 0, 0);
    assert_int_equal(
        peal_json_decode(&value, peal_buf_slice(&text), &arena, NULL), PEAL_OK);
    assert_true(t.peak_bytes < 50 * text.len);
    peal_arena_deinit(&arena);
    peal_buf_deinit(&text);
  }
}

static void an_arena_with_a_ceiling_refuses_instead_of_growing(void **state) {
  (void)state;
  peal_arena arena;
  peal_val value;
  peal_arena_init(&arena, NULL, 64, 128);
  assert_int_equal(
      peal_json_decode(&value, PEAL_S("[1,2,3,4,5,6,7,8,9,10]"), &arena, NULL),
      PEAL_ERR_NOMEM);
  peal_arena_deinit(&arena);
}

static peal_err codec_step(const peal_mem *mem, void *user) {
  peal_arena arena;
  peal_buf buf;
  peal_val value;
  peal_arena_init(&arena, mem, 16, 0);
  peal_buf_init(&buf, mem, 0);
  peal_err_info info;
  peal_err err = peal_json_decode(&value, peal_slice_of(user), &arena, &info);
  if (err == PEAL_OK) {
    peal_json_encode(&buf, value, NULL);
    err = buf.err;
  }
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
  return err;
}

static void every_failing_allocation_is_reported(void **state) {
  (void)state;
  static char text[2000] = "{\"a\\n\":[1.25,\"\\u20ac\",{}],\"b\":[";
  while (strlen(text) < 1000)
    strcat(text, "0,[1],\"x\\\"\",");
  strcat(text, "null]}");
  assert_true(torture_run(codec_step, text, false, NULL));
}

static void json_bytes_are_the_text(void **state) {
  (void)state;
  peal_bytes *bytes = peal_json_bytes(PEAL_OBJECT({"n", peal_double(0.5)}));
  assert_non_null(bytes);
  assert_true(peal_slice_is(peal_bytes_slice(bytes), "{\"n\":0.5}"));
  peal_bytes_unref(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cases_decode_and_encode_as_expected),
      cmocka_unit_test(undefined_is_left_out_of_objects_and_null_in_arrays),
      cmocka_unit_test(strings_of_every_length_are_written_and_escaped),
      cmocka_unit_test(control_characters_are_escaped_as_javascript_does),
      cmocka_unit_test(what_is_not_utf8_is_sent_as_replacement),
      cmocka_unit_test(binaries_are_placeholders_in_depth_first_order),
      cmocka_unit_test(nesting_is_limited_in_both_directions),
      cmocka_unit_test(a_megabyte_of_brackets_is_refused),
      cmocka_unit_test(plain_strings_point_into_the_input),
      cmocka_unit_test(keys_with_nul_come_back_as_they_were),
      cmocka_unit_test(integers_stay_integers_while_they_fit),
      cmocka_unit_test(long_arrays_and_objects_keep_their_order),
      cmocka_unit_test(memory_is_bounded_by_the_length_of_the_text),
      cmocka_unit_test(an_arena_with_a_ceiling_refuses_instead_of_growing),
      cmocka_unit_test(every_failing_allocation_is_reported),
      cmocka_unit_test(json_bytes_are_the_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
