/* SPDX-License-Identifier: MIT */
#include "net_fixture.h"

static atomic_int fired, repeats, wrong;
static peal_timer *repeating, *stopped;

static void on_once(peal_timer *timer, void *user) {
  peal_worker *worker = user;
  if (peal_worker_self() != worker)
    atomic_fetch_add(&wrong, 1);
  peal_timer_free(timer);
  atomic_fetch_add(&fired, 1);
}

static void on_repeat(peal_timer *timer, void *user) {
  (void)user;
  if (atomic_fetch_add(&repeats, 1) == 4)
    peal_timer_stop(timer);
}

static void on_never(peal_timer *timer, void *user) {
  (void)timer;
  (void)user;
  atomic_fetch_add(&wrong, 1);
}

static void set_up(peal_worker *worker, void *user) {
  (void)user;
  for (uint64_t i = 0; i < 100; i++)
    peal_timer_start(peal_timer_new(worker, on_once, worker), i, 0);
  repeating = peal_timer_new(worker, on_repeat, NULL);
  peal_timer_start(repeating, 1, 5);
  stopped = peal_timer_new(worker, on_never, NULL);
  peal_timer_start(stopped, 3, 3);
  peal_timer_stop(stopped);
  peal_timer *far = peal_timer_new(worker, on_never, NULL);
  peal_timer_start(far, UINT64_MAX, 0);
  peal_timer_free(far);
}

static void tear_down(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_timer_free(repeating);
  peal_timer_free(stopped);
  peal_timer_free(NULL);
}

static void timers_fire_repeat_stop_and_free_themselves(void **state) {
  (void)state;
  net_fixture fixture = {
      .workers = peal_workers_new(&(peal_workers_opts){.log = NET_QUIET})};
  assert_int_equal(peal_workers_on_start(fixture.workers, set_up, NULL),
                   PEAL_OK);
  assert_int_equal(peal_workers_on_stop(fixture.workers, tear_down, NULL),
                   PEAL_OK);
  net_fixture_run(&fixture);
  assert_true(net_wait(&fired, 100));
  assert_true(net_wait(&repeats, 5));
  uv_sleep(30);
  peal_workers_stop(fixture.workers, 0);
  net_fixture_join(&fixture);
  assert_int_equal(atomic_load(&repeats), 5);
  assert_int_equal(atomic_load(&wrong), 0);
  peal_workers_free(fixture.workers);
}

/* -- late in a turn ------------------------------------------------------------ */

static peal_timer *early, *late;
static uint64_t asked_ms, fired_ms;
static atomic_int order, early_at, late_at;

static void on_early(peal_timer *timer, void *user) {
  (void)timer;
  (void)user;
  atomic_store(&early_at, atomic_fetch_add(&order, 1) + 1);
}

static void on_late(peal_timer *timer, void *user) {
  (void)timer;
  (void)user;
  fired_ms = uv_hrtime() / 1000000;
  atomic_store(&late_at, atomic_fetch_add(&order, 1) + 1);
}

static void work_long(peal_worker *worker, void *user) {
  (void)user;
  early = peal_timer_new(worker, on_early, NULL);
  late = peal_timer_new(worker, on_late, NULL);
  peal_timer_start(early, 30, 0);
  uv_sleep(60);
  asked_ms = uv_hrtime() / 1000000;
  peal_timer_start(late, 20, 0);
}

static void free_both(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_timer_free(early);
  peal_timer_free(late);
}

static void a_delay_counts_from_the_call(void **state) {
  (void)state;
  net_fixture fixture = {
      .workers = peal_workers_new(&(peal_workers_opts){.log = NET_QUIET})};
  net_fixture_run(&fixture);
  peal_worker *worker = peal_workers_get(fixture.workers, 0);
  net_on_worker(worker, work_long, NULL);
  assert_true(net_wait(&late_at, 1));
  assert_int_equal(atomic_load(&early_at), 1); /* its time was over by then */
  assert_int_equal(atomic_load(&late_at), 2);
  assert_true(fired_ms + 2 >= asked_ms + 20);
  net_on_worker(worker, free_both, NULL);
  peal_workers_stop(fixture.workers, 0);
  net_fixture_join(&fixture);
  peal_workers_free(fixture.workers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(timers_fire_repeat_stop_and_free_themselves),
      cmocka_unit_test(a_delay_counts_from_the_call),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
