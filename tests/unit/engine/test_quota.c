/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/quota.h"

static peal_err take(peal_quota *quota, const char *address, uint32_t *tag) {
  return peal_quota_take(quota, peal_slice_of(address), tag);
}

static void the_server_has_a_limit(void **state) {
  peal_quota quota;
  uint32_t tags[3];
  (void)state;
  assert_int_equal(peal_quota_init(&quota, 2, 0, NULL), PEAL_OK);
  assert_int_equal(take(&quota, "10.0.0.1", &tags[0]), PEAL_OK);
  assert_int_equal(take(&quota, "10.0.0.2", &tags[1]), PEAL_OK);
  assert_int_equal(take(&quota, "10.0.0.3", &tags[2]), PEAL_ERR_LIMIT);
  peal_quota_give(&quota, tags[0]);
  assert_int_equal(take(&quota, "10.0.0.3", &tags[2]), PEAL_OK);
  peal_quota_give(&quota, tags[1]);
  peal_quota_give(&quota, tags[2]);
  peal_quota_deinit(&quota);
}

/* Each row: two addresses, and whether they count as one. */
static void an_address_is_an_ipv4_one_or_a_64(void **state) {
  static const struct {
    const char *one, *other;
    bool is_same;
  } rows[] = {
      {"10.0.0.1", "10.0.0.1", true},
      {"10.0.0.1", "10.0.0.2", false},
      {"2001:db8::1", "2001:db8::2", true},
      {"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
      {"2001:db8:0:1::1", "2001:db8:0:2::1", false},
      {"::1", "127.0.0.1", false},
      {"unix", "unix", false},
      {"unix", "10.0.0.1", false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    peal_quota quota;
    uint32_t one, other;
    assert_int_equal(peal_quota_init(&quota, 0, 1, NULL), PEAL_OK);
    assert_int_equal(take(&quota, rows[i].one, &one), PEAL_OK);
    peal_err err = take(&quota, rows[i].other, &other);
    assert_int_equal(err, rows[i].is_same ? PEAL_ERR_LIMIT : PEAL_OK);
    assert_int_equal(atomic_load(&quota.count), rows[i].is_same ? 1 : 2);
    if (!err)
      peal_quota_give(&quota, other);
    peal_quota_give(&quota, one);
    assert_int_equal(atomic_load(&quota.count), 0);
    assert_int_equal(take(&quota, rows[i].one, &one), PEAL_OK);
    peal_quota_give(&quota, one);
    peal_quota_deinit(&quota);
  }
}

static void trials_have_a_limit_of_their_own(void **state) {
  peal_quota quota;
  uint32_t tags[3];
  (void)state;
  assert_int_equal(peal_quota_init(&quota, 0, 2, NULL), PEAL_OK);
  peal_slice address = PEAL_S("10.0.0.1");
  assert_int_equal(peal_quota_try(&quota, address, &tags[0]), PEAL_OK);
  assert_int_equal(peal_quota_try(&quota, address, &tags[1]), PEAL_OK);
  assert_int_equal(peal_quota_try(&quota, address, &tags[2]), PEAL_ERR_LIMIT);
  assert_int_equal(peal_quota_take(&quota, address, &tags[2]), PEAL_OK);
  peal_quota_give(&quota, tags[2]);
  peal_quota_tried(&quota, tags[0]);
  assert_int_equal(peal_quota_try(&quota, address, &tags[0]), PEAL_OK);
  peal_quota_tried(&quota, tags[0]);
  peal_quota_tried(&quota, tags[1]);
  peal_quota_deinit(&quota);
  assert_int_equal(peal_quota_init(&quota, 0, 0, NULL), PEAL_OK);
  for (int i = 0; i < 5000; i++) /* no limit */
    assert_int_equal(peal_quota_try(&quota, address, &tags[0]), PEAL_OK);
  peal_quota_deinit(&quota);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_server_has_a_limit),
      cmocka_unit_test(an_address_is_an_ipv4_one_or_a_64),
      cmocka_unit_test(trials_have_a_limit_of_their_own),
  };
  return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
