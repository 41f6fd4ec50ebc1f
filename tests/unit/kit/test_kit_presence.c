/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <peal/kit_devices.h>

enum { NOON = 1000000 };

static int64_t now;
static char told[1024];

static int64_t wall_ms(void *user) {
  (void)user;
  return now;
}

static void on_change(const peal_kit_presence_info *info, void *user) {
  size_t len = strlen(told);
  (void)user;
  snprintf(told + len, sizeof told - len, "%s%c ", info->id,
           info->is_online ? '+' : '-');
}

/* Those whose name begins with K stay. */
static bool on_forget(const peal_kit_presence_info *info, void *more,
                      void *user) {
  (void)more, (void)user;
  return info->id[0] != 'K';
}

static void says(const char *words) {
  assert_string_equal(told, words);
  told[0] = '\0';
}

static peal_kit kit;

static peal_kit_presence *make(size_t max, size_t max_network) {
  kit = (peal_kit){.clock = {.wall_ms = wall_ms}};
  now = NOON;
  told[0] = '\0';
  peal_kit_presence *all = peal_kit_presence_new(
      &kit, &(peal_kit_presence_opts){.max_devices = max,
                                      .max_network_devices = max_network,
                                      .offline_ms = 1000,
                                      .more_bytes = sizeof(int),
                                      .on_change = on_change,
                                      .on_forget = on_forget});
  assert_non_null(all);
  return all;
}

static void hear(peal_kit_presence *all, const char *id, const char *network) {
  assert_int_equal(
      peal_kit_presence_heard(all, peal_slice_of(id), network, NULL), PEAL_OK);
}

static void who_is_heard_is_online_until_it_is_silent(void **state) {
  (void)state;
  peal_kit_presence *all = make(10, 10);
  hear(all, "a", "");
  hear(all, "b", "");
  says("a+ b+ ");
  hear(all, "a", "");
  now += 1000;
  peal_kit_presence_tick(all);
  says("");
  peal_kit_presence_noticed(all, PEAL_S("a")); // a heartbeat
  now += 1;
  peal_kit_presence_tick(all);
  says("b- ");
  hear(all, "b", "");
  says("b+ ");
  peal_kit_presence_noticed(all, PEAL_S("never heard"));
  size_t count, online;
  peal_kit_presence_totals(all, &count, &online);
  assert_int_equal(count, 2);
  assert_int_equal(online, 2);
  peal_kit_presence_free(all);
}

static void stamps_of_one_device_rise_whatever_the_clock_does(void **state) {
  (void)state;
  peal_kit_presence *all = make(10, 10);
  int64_t last = 0, stamp;
  for (int i = 0; i < 5; i++) {
    now = i == 3 ? NOON - 500 : now;
    assert_int_equal(peal_kit_presence_heard(all, PEAL_S("a"), "", &stamp),
                     PEAL_OK);
    assert_true(stamp > last);
    last = stamp;
  }
  peal_kit_presence_free(all);
}

static void who_invents_ids_displaces_its_own(void **state) {
  (void)state;
  peal_kit_presence *all = make(10, 2);
  hear(all, "old", "other");
  hear(all, "x1", "bad");
  hear(all, "x2", "bad");
  now++;
  told[0] = '\0';
  hear(all, "x3", "bad"); // the newest of the same network goes
  says("x2- x3+ ");
  now += 2000;
  peal_kit_presence_tick(all);
  told[0] = '\0';
  hear(all, "x4", "bad"); // or one that is silent
  says("x4+ ");
  assert_false(peal_kit_presence_with(all, PEAL_S("x2"), NULL, NULL));
  size_t count, online;
  peal_kit_presence_totals(all, &count, &online);
  assert_int_equal(count, 3);
  peal_kit_presence_free(all);
}

static void a_full_list_takes_none_without_a_key(void **state) {
  (void)state;
  peal_kit_presence *all = make(2, 10);
  hear(all, "K1", "n1");
  hear(all, "K2", "n2");
  assert_int_equal(peal_kit_presence_heard(all, PEAL_S("c"), "n3", NULL),
                   PEAL_ERR_LIMIT);
  // the application holds on to these: no key helps
  assert_int_equal(peal_kit_presence_heard(all, PEAL_S("c"), "", NULL),
                   PEAL_ERR_LIMIT);
  peal_kit_presence_free(all);
  all = make(2, 10);
  hear(all, "a", "n1");
  hear(all, "b", "n2");
  assert_int_equal(peal_kit_presence_heard(all, PEAL_S("c"), "n3", NULL),
                   PEAL_ERR_LIMIT);
  hear(all, "c", "");
  peal_kit_presence_free(all);
}

static void count_up(const peal_kit_presence_info *info, void *more,
                     void *user) {
  (void)info, (void)user;
  ++*(int *)more;
}

static void sum_up(const peal_kit_presence_info *info, void *more, void *user) {
  (void)info;
  *(int *)user += *(const int *)more;
}

static void each_has_memory_of_the_applications(void **state) {
  (void)state;
  peal_kit_presence *all = make(10, 10);
  int sum = 0;
  assert_int_equal(
      peal_kit_presence_known(all, PEAL_S("a"), NOON - 9, NOON - 5), PEAL_OK);
  assert_int_equal(
      peal_kit_presence_known(all, PEAL_S("a"), NOON - 7, NOON - 3), PEAL_OK);
  hear(all, "b", "");
  says("b+ ");
  assert_true(peal_kit_presence_with(all, PEAL_S("a"), count_up, NULL));
  assert_true(peal_kit_presence_with(all, PEAL_S("a"), count_up, NULL));
  assert_true(peal_kit_presence_with(all, PEAL_S("b"), count_up, NULL));
  peal_kit_presence_each(all, sum_up, &sum);
  assert_int_equal(sum, 3);
  peal_kit_presence_free(all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_is_heard_is_online_until_it_is_silent),
      cmocka_unit_test(stamps_of_one_device_rise_whatever_the_clock_does),
      cmocka_unit_test(who_invents_ids_displaces_its_own),
      cmocka_unit_test(a_full_list_takes_none_without_a_key),
      cmocka_unit_test(each_has_memory_of_the_applications),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
