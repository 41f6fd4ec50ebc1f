/* SPDX-License-Identifier: MIT */
/* build: values of a length that only the run knows. Here, because JSON shows
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/build.h"
#include "base/val_impl.h"
#include "torture.h"
#include "wire/json.h"

static void expect_json(peal_val value, peal_slice json) {
  peal_bytes *bytes = peal_json_bytes(value);
  assert_non_null(bytes);
  if (!peal_slice_eq(peal_bytes_slice(bytes), json))
    fail_msg("%.*s", PEAL_SFMT(peal_bytes_slice(bytes)));
  peal_bytes_unref(bytes);
}

static peal_val row_val(peal_build *build, int64_t id, const char *name) {
  return peal_build_keep(
      build, PEAL_OBJECT({"id", peal_int(id)},
                         {"name", name ? peal_str(name) : peal_undefined()}));
}

static void arrays_and_objects_grow(void **state) {
  (void)state;
  peal_build *build = peal_build_new();
  peal_items *items = peal_items_new(build), *inner = peal_items_new(build);
  peal_pairs *pairs = peal_pairs_new(build);
  expect_json(peal_items_val(items), PEAL_S("[]"));
  expect_json(peal_pairs_val(pairs), PEAL_S("{}"));
  for (int i = 0; i < 1000; i++) {
    peal_items_add(items, peal_int(i));
    peal_items_add(inner, row_val(build, i, i % 2 ? "odd" : NULL));
    char key[16];
    snprintf(key, sizeof key, "k%d", i);
    peal_pairs_add_n(pairs, peal_slice_of(key), peal_int(i));
  }
  assert_int_equal(peal_items_count(items), 1000);
  assert_int_equal(peal_pairs_count(pairs), 1000);
  peal_val array = peal_items_val(items), object = peal_pairs_val(pairs);
  assert_int_equal(peal_items_args(items).count, 1000);
  for (int i = 0; i < 1000; i++) {
    char key[16];
    snprintf(key, sizeof key, "k%d", i);
    assert_int_equal(peal_val_int(peal_val_at(array, (size_t)i), -1), i);
    assert_int_equal(peal_val_int(peal_val_get(object, key), -1), i);
  }
  expect_json(peal_val_at(peal_items_val(inner), 1),
              PEAL_S("{\"id\":1,\"name\":\"odd\"}"));
  expect_json(peal_val_at(peal_items_val(inner), 2), PEAL_S("{\"id\":2}"));
  assert_int_equal(peal_build_err(build), PEAL_OK);
  peal_build_free(build);
}

static void what_was_given_does_not_grow(void **state) {
  (void)state;
  peal_build *build = peal_build_new();
  peal_items *items = peal_items_new(build);
  peal_items_add(items, peal_int(1));
  peal_val one = peal_items_val(items);
  for (int i = 0; i < 100; i++)
    peal_items_add(items, one);
  expect_json(one, PEAL_S("[1]"));
  assert_int_equal(peal_items_val(items).len, 101);
  expect_json(peal_val_at(peal_items_val(items), 100), PEAL_S("[1]"));
  peal_build_free(build);
}

static void keys_may_hold_nul(void **state) {
  (void)state;
  peal_build *build = peal_build_new();
  peal_pairs *pairs = peal_pairs_new(build);
  peal_pairs_add(pairs, "a", peal_int(1));
  peal_pairs_add_n(pairs, PEAL_S("b\0c"), peal_int(2));
  for (int i = 0; i < 6; i++)
    peal_pairs_add(pairs, "d", peal_int(i));
  peal_pairs_add_n(pairs, PEAL_S("\0"), peal_int(3));
  peal_pairs_add_n(pairs, (peal_slice){NULL, 0}, peal_int(4));
  peal_pairs_add(pairs, NULL, peal_int(5));
  peal_val value = peal_build_copy(build, peal_pairs_val(pairs));
  expect_json(value,
              PEAL_S("{\"a\":1,\"b\\u0000c\":2,\"d\":0,\"d\":1,\"d\":2,\"d\":3,"
                     "\"d\":4,\"d\":5,\"\\u0000\":3,\"\":4,\"\":5}"));
  peal_build_free(build);
}

static void copies_outlive_their_texts_and_keeps_do_not_copy(void **state) {
  (void)state;
  peal_build *build = peal_build_new();
  char text[] = "text", key[] = "key";
  peal_val copy = peal_build_copy(build, PEAL_OBJECT({key, peal_str(text)}));
  peal_val keep = peal_build_keep(build, PEAL_OBJECT({key, peal_str(text)}));
  assert_ptr_equal(peal_val_get(keep, "key").as.bytes, text);
  assert_ptr_equal(keep.as.pairs[0].key, key);
  text[0] = key[0] = 'X';
  expect_json(copy, PEAL_S("{\"key\":\"text\"}"));
  expect_json(keep, PEAL_S("{\"Xey\":\"Xext\"}"));
  peal_build_free(build);
}

/* A value that came is borrowed as it is, with the text it came in. */
static void what_was_decoded_is_kept_as_it_is(void **state) {
  (void)state;
  peal_build *build = peal_build_new();
  peal_arena arena;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_val value;
  peal_slice json =
      PEAL_S("{\"a\\u0000\":1,\"list\":[1,2,3,4,5,6,7,8,9,10,11]}");
  assert_int_equal(peal_json_decode(&value, json, &arena, NULL), PEAL_OK);
  peal_val kept = peal_build_keep(build, PEAL_ARRAY(value));
  assert_true(peal_val_impl_is_raw(peal_val_at(kept, 0)) ||
              peal_val_eq(peal_val_at(kept, 0), value));
  expect_json(peal_val_at(kept, 0), json);
  peal_arena_deinit(&arena);
  peal_build_free(build);
}

/* -- errors -------------------------------------------------------------------------- */

static peal_err error_of(peal_val value) {
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  peal_json_encode(&buf, value, NULL);
  peal_err err = buf.err;
  peal_buf_deinit(&buf);
  return err;
}

static void an_error_sticks_and_is_told_by_the_value(void **state) {
  (void)state;
  peal_arena arena;
  peal_arena_init(&arena, NULL, 1024, 4096);
  peal_build *build = peal_build_in(&arena, PEAL_OK);
  peal_items *items = peal_items_new(build);
  peal_pairs *pairs = peal_pairs_new(build);
  peal_pairs_add(pairs, "a", peal_int(1));
  for (int i = 0; i < 1000; i++)
    peal_items_add(items, peal_int(i));
  assert_int_equal(peal_build_err(build), PEAL_ERR_NOMEM);
  peal_val lost = peal_items_val(items);
  assert_true(peal_val_is(lost, PEAL_UNDEFINED));
  assert_int_equal(error_of(lost), PEAL_ERR_NOMEM);
  assert_int_equal(error_of(PEAL_ARRAY(peal_int(1), lost)), PEAL_ERR_NOMEM);
  assert_int_equal(error_of(PEAL_OBJECT({"a", lost})), PEAL_ERR_NOMEM);
  assert_int_equal(
      error_of(PEAL_ARRAY(PEAL_OBJECT({"a", peal_pairs_val(pairs)}))),
      PEAL_ERR_NOMEM);
  assert_int_equal(error_of(peal_build_keep(build, peal_int(1))),
                   PEAL_ERR_NOMEM);
  assert_null(peal_json_bytes(lost));
  assert_null(peal_doc_new(PEAL_ARRAY(lost)));
  peal_args args = peal_items_args(items);
  assert_int_equal(args.count, 1);
  assert_int_equal(error_of(args.items[0]), PEAL_ERR_NOMEM);
  assert_null(peal_items_new(build));
  peal_arena_deinit(&arena);
}

/* An error goes with a value from builder to builder. */
static void a_builder_takes_over_the_error_of_another(void **state) {
  (void)state;
  peal_build *build = peal_build_new();
  peal_val lost = peal_build_keep(NULL, peal_int(1));
  assert_int_equal(error_of(lost), PEAL_ERR_USAGE);
  (void)peal_build_keep(build, PEAL_ARRAY(PEAL_OBJECT({"x", lost})));
  assert_int_equal(peal_build_err(build), PEAL_ERR_USAGE);
  peal_build_free(build);
  build = peal_build_in(NULL, PEAL_ERR_USAGE);
  assert_int_equal(peal_build_err(build), PEAL_ERR_USAGE);
  assert_null(peal_items_new(build));
  peal_build_free(build);
}

static void json_becomes_a_value(void **state) {
  (void)state;
  peal_build *build = peal_build_new();
  expect_json(peal_build_json(build, PEAL_S(" [1,{\"a\":null}] ")),
              PEAL_S("[1,{\"a\":null}]"));
  assert_int_equal(error_of(peal_build_json(build, PEAL_S("[1"))),
                   PEAL_ERR_JSON);
  assert_int_equal(peal_build_err(build), PEAL_ERR_JSON);
  assert_int_equal(error_of(peal_build_json(NULL, PEAL_S("1"))),
                   PEAL_ERR_USAGE);
  peal_build_free(build);
}

static void nothing_is_not_needed(void **state) {
  (void)state;
  peal_items_add(NULL, peal_int(1));
  peal_pairs_add(NULL, "a", peal_int(1));
  peal_pairs_add_n(NULL, PEAL_S("a"), peal_int(1));
  assert_int_equal(peal_items_count(NULL), 0);
  assert_int_equal(peal_pairs_count(NULL), 0);
  assert_null(peal_items_new(NULL));
  assert_null(peal_pairs_new(NULL));
  assert_int_equal(error_of(peal_items_val(NULL)), PEAL_ERR_NOMEM);
  assert_int_equal(error_of(peal_pairs_val(NULL)), PEAL_ERR_NOMEM);
  assert_int_equal(peal_items_args(NULL).count, 1);
  assert_int_equal(peal_build_err(NULL), PEAL_ERR_USAGE);
  peal_build_free(NULL);
}

/* Whatever fails: one question at the end. */
static peal_err build_once(const peal_mem *mem, void *user) {
  (void)user;
  peal_arena arena;
  peal_arena_init(&arena, mem, 256, 0);
  peal_build *build = peal_build_in(&arena, PEAL_OK);
  peal_items *items = peal_items_new(build);
  peal_pairs *pairs = peal_pairs_new(build);
  for (int i = 0; i < 20; i++) {
    peal_items_add(items, row_val(build, i, "x"));
    peal_pairs_add_n(pairs, PEAL_S("a\0"), peal_items_val(items));
  }
  peal_items_add(items, peal_build_json(build, PEAL_S("{\"a\":[1]}")));
  peal_val all = peal_build_copy(build, peal_pairs_val(pairs));
  peal_err err = peal_val_impl_err(all);
  assert_true(!err == peal_val_is(all, PEAL_OBJECT));
  assert_true(!err || err == peal_build_err(build));
  peal_arena_deinit(&arena);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(torture_run(build_once, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arrays_and_objects_grow),
      cmocka_unit_test(what_was_given_does_not_grow),
      cmocka_unit_test(keys_may_hold_nul),
      cmocka_unit_test(copies_outlive_their_texts_and_keeps_do_not_copy),
      cmocka_unit_test(what_was_decoded_is_kept_as_it_is),
      cmocka_unit_test(an_error_sticks_and_is_told_by_the_value),
      cmocka_unit_test(a_builder_takes_over_the_error_of_another),
      cmocka_unit_test(json_becomes_a_value),
      cmocka_unit_test(nothing_is_not_needed),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
