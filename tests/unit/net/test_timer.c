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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(timers_fire_repeat_stop_and_free_themselves),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
