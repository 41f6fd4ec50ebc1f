/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/val_impl.h"
#include "torture.h"

static void a_value_takes_sixteen_bytes(void **state) {
  (void)state;
  assert_int_equal(sizeof(peal_val), 16);
}

static void getters_answer_for_the_wrong_type_too(void **state) {
  (void)state;
  peal_val object =
      PEAL_OBJECT({"n", peal_int(3)}, {"s", peal_str("x")}, {"n", peal_int(4)});
  assert_int_equal(peal_val_int(peal_val_get(object, "n"), 0), 4);
  assert_true(peal_val_is(peal_val_get(object, "no"), PEAL_UNDEFINED));
  assert_true(peal_val_is(peal_val_get(peal_int(1), "n"), PEAL_UNDEFINED));
  assert_true(peal_slice_is(peal_val_str(peal_val_get(object, "s")), "x"));
  assert_int_equal(peal_val_str(peal_int(1)).len, 0);
  assert_int_equal(peal_val_binary(peal_str("x")).len, 0);
  peal_val array = PEAL_ARRAY(peal_bool(true), peal_null());
  assert_true(peal_val_bool(peal_val_at(array, 0), false));
  assert_true(peal_val_is(peal_val_at(array, 2), PEAL_UNDEFINED));
  assert_true(peal_val_is(peal_val_at(object, 0), PEAL_UNDEFINED));
  assert_true(peal_val_is(peal_str(NULL), PEAL_NULL));
  assert_string_equal(peal_val_type_name(peal_double(1)), "number");
  assert_string_equal(peal_val_type_name(array), "array");
}

static void numbers_convert_only_when_they_fit(void **state) {
  (void)state;
  assert_int_equal(peal_val_int(peal_double(5.0), -1), 5);
  assert_int_equal(peal_val_int(peal_double(5.5), -1), -1);
  assert_int_equal(peal_val_int(peal_double(9223372036854775808.0), -1), -1);
  assert_true(peal_val_int(peal_double(-9223372036854775808.0), -1) ==
              INT64_MIN);
  assert_int_equal(peal_val_int(peal_double((double)NAN), -1), -1);
  assert_int_equal(peal_val_int(peal_str("5"), -1), -1);
  assert_true(peal_val_double(peal_int(2), 0) == 2.0);
  assert_true(peal_val_double(peal_null(), 7.0) == 7.0);
}

static void equality_is_deep_and_ignores_order(void **state) {
  (void)state;
  peal_val a = PEAL_OBJECT({"x", PEAL_ARRAY(peal_int(1), peal_str("s"))},
                           {"y", peal_undefined()}, {"z", peal_null()});
  peal_val b = PEAL_OBJECT({"z", peal_null()},
                           {"x", PEAL_ARRAY(peal_double(1.0), peal_str("s"))});
  assert_true(peal_val_eq(a, b));
  assert_true(peal_val_eq(b, a));
  assert_false(peal_val_eq(a, PEAL_OBJECT({"z", peal_null()})));
  assert_false(peal_val_eq(PEAL_ARRAY(peal_int(1)), PEAL_ARRAY(peal_int(2))));
  assert_false(peal_val_eq(peal_str("a"), peal_binary(PEAL_S("a"))));
  assert_false(
      peal_val_eq(peal_int(INT64_MAX), peal_double(9223372036854775808.0)));
  assert_true(peal_val_eq(peal_double(0.5), peal_double(0.5)));
}

#define NO_VALUES
#define TWO_PAIRS                                                              \
  {"a", peal_int(1)}, {                                                        \
    "b", peal_int(2)                                                           \
  }

static void lists_may_be_empty(void **state) {
  (void)state;
  assert_int_equal(PEAL_ARGS().count, 0);
  assert_int_equal(PEAL_ARGS(NO_VALUES).count, 0);
  assert_true(peal_val_is(PEAL_ARRAY(), PEAL_ARRAY));
  assert_int_equal(PEAL_ARRAY().len, 0);
  assert_true(peal_val_is(PEAL_OBJECT(), PEAL_OBJECT));
  assert_int_equal(PEAL_OBJECT().len, 0);
}

static void lists_are_as_long_as_what_is_in_them(void **state) {
  (void)state;
  peal_val one = peal_int(1);
  assert_int_equal(PEAL_ARGS(one).count, 1);
  assert_int_equal(PEAL_ARGS((one)).count, 1);
  assert_int_equal(PEAL_ARRAY((one), *(&one), one).len, 3);
  assert_int_equal(PEAL_ARRAY((peal_val){.type = PEAL_NULL}).len, 1);
  assert_int_equal(PEAL_OBJECT(TWO_PAIRS).len, 2);
  peal_val deep = PEAL_ARRAY(
      PEAL_ARRAY(PEAL_OBJECT({"x", PEAL_ARRAY()}, {"y", PEAL_OBJECT()})), one);
  assert_int_equal(deep.len, 2);
  assert_int_equal(peal_val_at(peal_val_at(deep, 0), 0).len, 2);
}

/* If each level expanded twice what is in it, this would be 2^24 lists. */
static void lists_may_nest_deep(void **state) {
  (void)state;
  peal_val at = PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY(
      PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY(
          PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY(
              PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY(
                  PEAL_ARRAY(PEAL_ARRAY(PEAL_ARRAY())))))))))))))))))))))));
  size_t depth = 0;
  for (; peal_val_is(at, PEAL_ARRAY); depth++)
    at = peal_val_at(at, 0);
  assert_int_equal(depth, 24);
}

/* A pair that is taken out of a received object brings no length with it. */
static void keys_are_terminated_and_may_hold_nul(void **state) {
  (void)state;

  static const struct {
    peal_pair pairs[2];
    uint32_t lens[2];
  } keyed = {{{"a\0b", {.type = PEAL_NULL}}, {"", {.type = PEAL_NULL}}},
             {3, 0}};

  peal_val object = peal_val_impl_keyed(peal_object(keyed.pairs, 2));
  assert_int_equal(peal_val_key(object, 0).len, 3);
  assert_int_equal(peal_val_key(object, 1).len, 0);
  assert_int_equal(peal_val_key(object, 2).len, 0);
  peal_arena arena;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_val copy;
  assert_int_equal(peal_val_impl_copy(&copy, object, &arena), PEAL_OK);
  assert_true(peal_val_eq(copy, object));
  assert_memory_equal(peal_val_key(copy, 0).ptr, "a\0b", 4);
  assert_int_equal(peal_val_key(copy, 0).len, 3);
  copy.len = 1;
  assert_int_equal(peal_val_key(copy, 0).len, 1);
  assert_int_equal(peal_val_key(PEAL_OBJECT({NULL, peal_null()}), 0).len, 0);
  assert_int_equal(peal_val_key(peal_null(), 0).len, 0);
  peal_arena_deinit(&arena);
}

/* Two members of one name per level: without care each level doubles. */
static void equality_visits_each_subtree_once(void **state) {
  (void)state;

  enum { DEPTH = 100 };

  static peal_pair pairs[DEPTH][2];
  peal_val value = peal_int(1);
  for (int i = 0; i < DEPTH; i++) {
    pairs[i][0] = (peal_pair){"a", value};
    pairs[i][1] = (peal_pair){"a", value};
    value = peal_object(pairs[i], 2);
  }
  assert_true(peal_val_eq(value, value));
}

static peal_val sample(void) {
  static const peal_val items[] = {
      {.type = PEAL_STRING, .len = 2, .as.bytes = "hi"},
      {.type = PEAL_BINARY, .len = 3, .as.bytes = "\0\1\2"},
      {.type = PEAL_ARRAY, .len = 0},
      {.type = PEAL_INT, .as.integer = 5},
  };
  static const peal_pair pairs[] = {
      {"items", {.type = PEAL_ARRAY, .len = 4, .as.items = items}},
      {"", {.type = PEAL_NULL}},
      {"empty", {.type = PEAL_OBJECT}},
  };
  return peal_object(pairs, 3);
}

static void a_deep_copy_shares_nothing(void **state) {
  (void)state;
  peal_arena arena;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_val copy;
  assert_int_equal(peal_val_impl_copy(&copy, sample(), &arena), PEAL_OK);
  assert_true(peal_val_eq(copy, sample()));
  assert_ptr_not_equal(copy.as.pairs, sample().as.pairs);
  assert_string_equal(copy.as.pairs[2].key, "empty");
  size_t count = 0;
  assert_true(peal_val_impl_binaries(copy, &count));
  assert_int_equal(count, 1);
  peal_arena_deinit(&arena);
}

static peal_val nested(size_t depth) {
  static peal_val levels[PEAL_LIMIT_JSON_DEPTH + 2];
  peal_val value = peal_int(1);
  for (size_t i = 0; i < depth; i++) {
    levels[i] = value;
    value = peal_array(&levels[i], 1);
  }
  return value;
}

static void depth_is_limited_alike_everywhere(void **state) {
  (void)state;
  peal_arena arena;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_val copy;
  size_t count = 0;
  peal_val deep = nested(PEAL_LIMIT_JSON_DEPTH);
  assert_int_equal(peal_val_impl_copy(&copy, deep, &arena), PEAL_OK);
  assert_true(peal_val_impl_binaries(deep, &count));
  assert_true(peal_val_eq(deep, copy));
  deep = nested(PEAL_LIMIT_JSON_DEPTH + 1);
  assert_int_equal(peal_val_impl_copy(&copy, deep, &arena), PEAL_ERR_DEPTH);
  assert_false(peal_val_impl_binaries(deep, &count));
  peal_arena_deinit(&arena);
}

static peal_err copy_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_arena arena;
  peal_arena_init(&arena, mem, 16, 0);
  peal_val copy;
  peal_err err = peal_val_impl_copy(&copy, sample(), &arena);
  peal_arena_deinit(&arena);
  return err;
}

static void every_failing_allocation_is_reported(void **state) {
  (void)state;
  assert_true(torture_run(copy_step, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_value_takes_sixteen_bytes),
      cmocka_unit_test(getters_answer_for_the_wrong_type_too),
      cmocka_unit_test(numbers_convert_only_when_they_fit),
      cmocka_unit_test(equality_is_deep_and_ignores_order),
      cmocka_unit_test(lists_may_be_empty),
      cmocka_unit_test(lists_are_as_long_as_what_is_in_them),
      cmocka_unit_test(lists_may_nest_deep),
      cmocka_unit_test(keys_are_terminated_and_may_hold_nul),
      cmocka_unit_test(equality_visits_each_subtree_once),
      cmocka_unit_test(a_deep_copy_shares_nothing),
      cmocka_unit_test(depth_is_limited_alike_everywhere),
      cmocka_unit_test(every_failing_allocation_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
