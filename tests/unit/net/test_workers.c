/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdlib.h>

#include "net/hooks.h"
#include "net/listener.h"
#include "net/worker_impl.h"
#include "net_fixture.h"
#include "torture.h"

static atomic_int starts, stops, posts, tasks, dones, cancels;

static void reset(void) {
  atomic_store(&starts, 0);
  atomic_store(&stops, 0);
  atomic_store(&posts, 0);
  atomic_store(&tasks, 0);
  atomic_store(&dones, 0);
  atomic_store(&cancels, 0);
}

static void open_group(net_fixture *fixture, unsigned count) {
  reset();
  fixture->workers =
      peal_workers_new(&(peal_workers_opts){.count = count, .log = NET_QUIET});
  assert_non_null(fixture->workers);
}

static void on_start(peal_worker *worker, void *user) {
  (void)user;
  assert_ptr_equal(peal_worker_self(), worker);
  atomic_fetch_add(&starts, 1);
}

static void on_stop(peal_worker *worker, void *user) {
  (void)user;
  assert_ptr_equal(peal_worker_self(), worker);
  atomic_fetch_add(&stops, 1);
}

static void on_post(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  atomic_fetch_add(&posts, 1);
}

static void starts_and_stops_every_worker(void **state) {
  (void)state;
  net_fixture fixture;
  open_group(&fixture, 4);
  assert_int_equal(peal_workers_count(fixture.workers), 4);
  assert_null(peal_workers_get(fixture.workers, 4));
  assert_int_equal(peal_workers_on_start(fixture.workers, on_start, NULL),
                   PEAL_OK);
  assert_int_equal(peal_workers_on_stop(fixture.workers, on_stop, NULL),
                   PEAL_OK);
  assert_int_equal(peal_workers_on_hangup(fixture.workers, on_stop, NULL),
                   PEAL_OK);
  assert_null(peal_worker_self());
  net_fixture_run(&fixture);
  assert_true(net_wait(&starts, 4));
  assert_int_equal(atomic_load(&stops), 0);
  peal_workers_stop(fixture.workers, 1000);
  net_fixture_join(&fixture);
  assert_int_equal(atomic_load(&stops), 4);
  /* It runs once. */
  assert_int_equal(peal_workers_run(fixture.workers), 1);
  peal_workers_free(fixture.workers);
}

/* What is forgotten in a hook shifts none of the others. */
static void on_forgetting_stop(peal_worker *worker, void *user) {
  peal_hooks_forget(peal_worker_group(worker), user);
  on_stop(worker, NULL);
}

static void every_hook_runs_once_and_where_it_belongs(void **state) {
  (void)state;
  net_fixture fixture;
  open_group(&fixture, 1);
  peal_workers *group = fixture.workers;
  int early, mine;
  assert_int_equal(peal_workers_on_start(group, on_start, NULL), PEAL_OK);
  assert_int_equal(peal_workers_on_stop(group, on_stop, &early), PEAL_OK);
  assert_int_equal(peal_workers_on_stop(group, on_forgetting_stop, &mine),
                   PEAL_OK);
  assert_int_equal(peal_workers_on_stop(group, on_stop, NULL), PEAL_OK);
  net_fixture_run(&fixture);
  assert_true(net_wait(&starts, 1));
  peal_workers_stop(group, 1000);
  net_fixture_join(&fixture);
  assert_int_equal(atomic_load(&stops), 3);
  peal_workers_free(group);

  open_group(&fixture, 3);
  peal_worker *second = peal_workers_get(fixture.workers, 1);
  assert_int_equal(peal_hooks_on_start(second, on_start, NULL), PEAL_OK);
  assert_int_equal(peal_hooks_on_stop(second, on_stop, NULL), PEAL_OK);
  net_fixture_run(&fixture);
  assert_true(net_wait(&starts, 1));
  peal_workers_stop(fixture.workers, 1000);
  net_fixture_join(&fixture);
  assert_int_equal(atomic_load(&starts), 1);
  assert_int_equal(atomic_load(&stops), 1);
  peal_workers_free(fixture.workers);
}

static void a_group_that_never_ran_can_be_freed(void **state) {
  (void)state;
  net_fixture fixture;
  open_group(&fixture, 3);
  /* What was posted is called while the worker ends. */
  peal_worker *worker = peal_workers_get(fixture.workers, 1);
  assert_int_equal(peal_worker_post(worker, on_post, NULL), PEAL_OK);
  peal_workers_free(fixture.workers);
  assert_int_equal(atomic_load(&posts), 1);
  peal_workers_free(NULL);
}

static void a_stop_before_the_run_ends_it(void **state) {
  (void)state;
  net_fixture fixture;
  open_group(&fixture, 2);
  assert_int_equal(peal_workers_on_start(fixture.workers, on_start, NULL),
                   PEAL_OK);
  peal_workers_stop(fixture.workers, 100);
  assert_int_equal(peal_workers_run(fixture.workers), 0);
  assert_int_equal(atomic_load(&starts), 2);
  assert_int_equal(
      peal_worker_post(peal_workers_get(fixture.workers, 0), on_post, NULL),
      PEAL_ERR_CLOSED);
  peal_workers_stop(fixture.workers, 100);
  peal_workers_free(fixture.workers);
}

static void stops_on_a_signal(void **state) {
  (void)state;
  net_fixture fixture;
  open_group(&fixture, 2);
  assert_int_equal(peal_workers_on_start(fixture.workers, on_start, NULL),
                   PEAL_OK);
  peal_workers_stop_on_signals(fixture.workers, 1000);
  net_fixture_run(&fixture);
  assert_true(net_wait(&starts, 2));
  kill(getpid(), SIGTERM);
  net_fixture_join(&fixture);
  peal_workers_free(fixture.workers);
}

/* -- posts ------------------------------------------------------------------ */

#define STORM 5000

static void ping_pong(peal_worker *worker, void *user) {
  intptr_t left = (intptr_t)user;
  atomic_fetch_add(&posts, 1);
  peal_workers *group = peal_worker_group(worker);
  unsigned next = (peal_worker_index(worker) + 1) % peal_workers_count(group);
  if (left > 0)
    assert_int_equal(peal_worker_post(peal_workers_get(group, next), ping_pong,
                                      (void *)(left - 1)),
                     PEAL_OK);
}

static void post_many(void *user) {
  net_fixture *fixture = user;
  for (int i = 0; i < STORM; i++) {
    peal_worker *worker = peal_workers_get(fixture->workers, (unsigned)i % 4);
    if (peal_worker_post(worker, on_post, NULL))
      abort();
  }
}

static void a_storm_of_posts_loses_none(void **state) {
  (void)state;
  net_fixture fixture;
  uv_thread_t threads[3];
  open_group(&fixture, 4);
  net_fixture_run(&fixture);
  for (int i = 0; i < 3; i++)
    uv_thread_create(&threads[i], post_many, &fixture);
  for (unsigned i = 0; i < 4; i++)
    assert_int_equal(peal_worker_post(peal_workers_get(fixture.workers, i),
                                      ping_pong, (void *)(intptr_t)999),
                     PEAL_OK);
  for (int i = 0; i < 3; i++)
    uv_thread_join(&threads[i]);
  assert_true(net_wait(&posts, 3 * STORM + 4 * 1000));
  peal_worker_stats sum = {0};
  for (unsigned i = 0; i < 4; i++) {
    peal_worker_stats one;
    peal_worker_stats_get(peal_workers_get(fixture.workers, i), &one);
    sum.posts += one.posts;
    sum.turns += one.turns;
  }
  assert_true(sum.turns > 0);
  peal_workers_stop(fixture.workers, 100);
  net_fixture_join(&fixture);
  assert_int_equal(atomic_load(&posts), 3 * STORM + 4 * 1000);
  peal_workers_free(fixture.workers);
}

static void post_until_closed(void *user) {
  net_fixture *fixture = user;
  peal_worker *worker = peal_workers_get(fixture->workers, 1);
  for (;;) {
    peal_err err = peal_worker_post(worker, on_post, NULL);
    if (err == PEAL_ERR_CLOSED)
      return;
    if (err)
      abort();
    atomic_fetch_add(&tasks, 1);
  }
}

static void posts_during_the_end_are_called_or_refused(void **state) {
  (void)state;
  for (int round = 0; round < 10; round++) {
    net_fixture fixture;
    uv_thread_t threads[2];
    open_group(&fixture, 2);
    net_fixture_run(&fixture);
    for (int i = 0; i < 2; i++)
      uv_thread_create(&threads[i], post_until_closed, &fixture);
    uv_sleep(2);
    peal_workers_stop(fixture.workers, 0);
    net_fixture_join(&fixture);
    for (int i = 0; i < 2; i++)
      uv_thread_join(&threads[i]);
    assert_int_equal(atomic_load(&posts), atomic_load(&tasks));
    peal_workers_free(fixture.workers);
  }
}

static int seen[100];

static void in_order(peal_worker *worker, void *user) {
  (void)worker;
  seen[atomic_fetch_add(&posts, 1)] = (int)(intptr_t)user;
}

static void posts_run_in_order(void **state) {
  (void)state;
  net_fixture fixture;
  open_group(&fixture, 1);
  for (int i = 0; i < 100; i++)
    assert_int_equal(peal_worker_post(peal_workers_get(fixture.workers, 0),
                                      in_order, (void *)(intptr_t)i),
                     PEAL_OK);
  net_fixture_run(&fixture);
  assert_true(net_wait(&posts, 100));
  peal_workers_stop(fixture.workers, 0);
  net_fixture_join(&fixture);
  for (int i = 0; i < 100; i++)
    assert_int_equal(seen[i], i);
  peal_workers_free(fixture.workers);
}

static void on_mail(peal_worker *worker, peal_mail *mail) {
  (void)mail;
  assert_true(peal_worker_impl_is_ending(worker));
  assert_null(peal_worker_self());
  atomic_fetch_add(&posts, 1);
}

static void a_mail_to_an_ended_worker_runs_on_the_caller(void **state) {
  (void)state;
  net_fixture fixture;
  open_group(&fixture, 2);
  peal_workers_stop(fixture.workers, 0);
  assert_int_equal(peal_workers_run(fixture.workers), 0);
  peal_mail mail = {.fn = on_mail};
  peal_worker_impl_send(peal_workers_get(fixture.workers, 1), &mail);
  assert_int_equal(atomic_load(&posts), 1);
  peal_workers_free(fixture.workers);
}

/* -- tasks ------------------------------------------------------------------ */

static void work(void *user) {
  if (user)
    uv_sleep((unsigned)(intptr_t)user);
  atomic_fetch_add(&tasks, 1);
}

static void done(peal_worker *worker, peal_err err, void *user) {
  (void)user;
  assert_ptr_equal(peal_worker_self(), worker);
  atomic_fetch_add(err == PEAL_ERR_CANCELLED ? &cancels : &dones, 1);
}

static void run_tasks(peal_worker *worker, void *user) {
  for (int i = 0; i < 40; i++)
    assert_int_equal(peal_task_run(worker, work, done, user), PEAL_OK);
}

static void tasks_run_on_the_pool_and_end_on_the_worker(void **state) {
  (void)state;
  net_fixture fixture;
  open_group(&fixture, 2);
  net_fixture_run(&fixture);
  for (unsigned i = 0; i < 2; i++)
    assert_int_equal(
        peal_worker_post(peal_workers_get(fixture.workers, i), run_tasks, NULL),
        PEAL_OK);
  assert_true(net_wait(&dones, 80));
  assert_int_equal(atomic_load(&tasks), 80);
  peal_worker_stats stats;
  peal_worker_stats_get(peal_workers_get(fixture.workers, 0), &stats);
  assert_int_equal(stats.tasks_running, 0);
  peal_workers_stop(fixture.workers, 1000);
  net_fixture_join(&fixture);
  peal_workers_free(fixture.workers);
}

static void a_graceful_stop_waits_for_tasks(void **state) {
  (void)state;
  net_fixture fixture;
  open_group(&fixture, 2);
  net_fixture_run(&fixture);
  assert_int_equal(peal_worker_post(peal_workers_get(fixture.workers, 1),
                                    run_tasks, (void *)(intptr_t)5),
                   PEAL_OK);
  assert_true(net_wait(&tasks, 1));
  peal_workers_stop(fixture.workers, 5000);
  net_fixture_join(&fixture);
  assert_int_equal(atomic_load(&dones), 40);
  peal_workers_free(fixture.workers);
}

static void a_hard_stop_cancels_what_has_not_begun(void **state) {
  (void)state;
  net_fixture fixture;
  open_group(&fixture, 2);
  net_fixture_run(&fixture);
  assert_int_equal(peal_worker_post(peal_workers_get(fixture.workers, 1),
                                    run_tasks, (void *)(intptr_t)50),
                   PEAL_OK);
  assert_true(net_wait(&tasks, 1));
  peal_workers_stop(fixture.workers, 5000);
  peal_workers_stop(fixture.workers, 5000);
  net_fixture_join(&fixture);
  assert_int_equal(atomic_load(&dones) + atomic_load(&cancels), 40);
  assert_true(atomic_load(&cancels) >= 1);
  assert_int_equal(atomic_load(&dones), atomic_load(&tasks));
  peal_workers_free(fixture.workers);
}

/* -- lag -------------------------------------------------------------------- */

static atomic_int lag_lines;

static void count_lag(const peal_log_record *record, void *user) {
  (void)user;
  if (record->level == PEAL_LOG_WARN)
    atomic_fetch_add(&lag_lines, 1);
}

static void block(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  uv_sleep(60);
  atomic_fetch_add(&posts, 1);
}

static void a_callback_that_blocks_is_reported(void **state) {
  (void)state;
  net_fixture fixture;
  reset();
  atomic_store(&lag_lines, 0);
  fixture.workers = peal_workers_new(
      &(peal_workers_opts){.lag_warn_ms = 30, .log = {.fn = count_lag}});
  net_fixture_run(&fixture);
  peal_worker *worker = peal_workers_get(fixture.workers, 0);
  assert_int_equal(peal_worker_post(worker, block, NULL), PEAL_OK);
  assert_true(net_wait(&lag_lines, 1));
  peal_worker_stats stats;
  peal_worker_stats_get(worker, &stats);
  assert_in_range(stats.lag_max_ms, 55, 5000);
  peal_workers_stop(fixture.workers, 0);
  net_fixture_join(&fixture);
  peal_workers_free(fixture.workers);
}

/* -- misuse, and no memory ---------------------------------------------------- */

static void nothing_crashes_without_an_object(void **state) {
  (void)state;
  net_fixture fixture;
  open_group(&fixture, 1);
  peal_worker *worker = peal_workers_get(fixture.workers, 0);
  peal_worker_stats stats = {.turns = 7};
  assert_int_equal(peal_workers_run(NULL), 1);
  peal_workers_stop(NULL, 1);
  peal_workers_stop_on_signals(NULL, 1);
  peal_workers_free(NULL);
  assert_int_equal(peal_workers_count(NULL), 0);
  assert_null(peal_workers_get(NULL, 0));
  assert_null(peal_worker_group(NULL));
  assert_int_equal(peal_worker_index(NULL), 0);
  assert_int_equal(peal_worker_now_ms(NULL), 0);
  assert_int_equal(peal_worker_post(NULL, on_post, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_worker_post(worker, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_workers_on_start(NULL, on_post, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_workers_on_start(fixture.workers, NULL, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_workers_on_stop(NULL, on_post, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_workers_on_hangup(NULL, on_post, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_workers_on_hangup(fixture.workers, NULL, NULL),
                   PEAL_ERR_USAGE);
  assert_null(peal_timer_new(NULL, NULL, NULL));
  assert_null(peal_timer_new(worker, NULL, NULL));
  peal_timer_start(NULL, 1, 1);
  peal_timer_stop(NULL);
  peal_timer_free(NULL);
  assert_int_equal(peal_task_run(NULL, work, done, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_task_run(worker, NULL, done, NULL), PEAL_ERR_USAGE);
  peal_worker_stats_get(NULL, &stats);
  assert_int_equal(stats.turns, 0);
  peal_worker_stats_get(worker, NULL);
  peal_workers_free(fixture.workers);
}

static void on_accept(peal_worker *worker, int fd, const peal_address *peer,
                      void *user) {
  (void)worker;
  (void)peer;
  (void)user;
  close(fd);
}

static void on_time(peal_timer *timer, void *user) {
  (void)timer;
  (void)user;
}

/* -- the poller ---------------------------------------------------------------- */

static void workers_wait_in_the_poller_that_was_asked_for(void **state) {
  static const struct {
    peal_poller_kind kind;
    const char *environment, *name;
  } rows[] = {{PEAL_POLLER_EPOLL, "poll", "epoll"},
              {PEAL_POLLER_POLL, "epoll", "poll"},
              {PEAL_POLLER_DEFAULT, "poll", "poll"}};

  (void)state;
  const char *given = getenv("PEAL_POLLER");
  char before[32] = "";
  snprintf(before, sizeof(before), "%s", given ? given : "");
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    reset();
    setenv("PEAL_POLLER", rows[i].environment, 1);
    net_fixture net = {
        .workers = peal_workers_new(&(peal_workers_opts){
            .count = 2, .poller = rows[i].kind, .log = NET_QUIET})};
    assert_non_null(net.workers);
    for (unsigned w = 0; w < 2; w++)
      assert_string_equal(
          peal_poller_name(peal_workers_get(net.workers, w)->poller),
          rows[i].name);
    net_fixture_run(&net);
    peal_workers_stop(net.workers, 100);
    net_fixture_join(&net);
    peal_workers_free(net.workers);
  }
  assert_null(peal_workers_new(
      &(peal_workers_opts){.poller = (peal_poller_kind)9, .log = NET_QUIET}));
  setenv("PEAL_POLLER", before, 1);
}

static peal_err make_all(const peal_mem *mem, void *user) {
  peal_listener *listener = NULL;
  uint16_t port = 0;
  (void)user;
  reset();
  peal_workers *group = peal_workers_new(
      &(peal_workers_opts){.count = 2, .mem = mem, .log = NET_QUIET});
  if (!group)
    return PEAL_ERR_NOMEM;
  peal_worker *worker = peal_workers_get(group, 0);
  peal_err err = peal_workers_on_start(group, on_start, NULL);
  if (!err)
    err = peal_listener_open(&listener, group, "127.0.0.1", &port, 5, on_accept,
                             NULL, NULL);
  if (!err)
    err = peal_worker_post(worker, on_post, NULL);
  if (!err)
    err = peal_task_run(worker, work, done, NULL);
  peal_timer *timer = peal_timer_new(worker, on_time, NULL);
  if (!err && !timer)
    err = PEAL_ERR_NOMEM;
  peal_timer_free(timer);
  peal_listener_free(listener);
  peal_workers_free(group);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(torture_run(make_all, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(starts_and_stops_every_worker),
      cmocka_unit_test(every_hook_runs_once_and_where_it_belongs),
      cmocka_unit_test(a_group_that_never_ran_can_be_freed),
      cmocka_unit_test(a_stop_before_the_run_ends_it),
      cmocka_unit_test(stops_on_a_signal),
      cmocka_unit_test(a_storm_of_posts_loses_none),
      cmocka_unit_test(posts_during_the_end_are_called_or_refused),
      cmocka_unit_test(posts_run_in_order),
      cmocka_unit_test(a_mail_to_an_ended_worker_runs_on_the_caller),
      cmocka_unit_test(tasks_run_on_the_pool_and_end_on_the_worker),
      cmocka_unit_test(a_graceful_stop_waits_for_tasks),
      cmocka_unit_test(a_hard_stop_cancels_what_has_not_begun),
      cmocka_unit_test(a_callback_that_blocks_is_reported),
      cmocka_unit_test(nothing_crashes_without_an_object),
      cmocka_unit_test(workers_wait_in_the_poller_that_was_asked_for),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
