/* SPDX-License-Identifier: MIT */
/* Worker 0 in a loop of the program's own: step by step, and as a guest of a
 * libuv loop. */
#include <stdlib.h>

#include "net/on_worker.h"
#include "net/worker_impl.h"
#include "net_fixture.h"
#include "torture.h"

static atomic_int starts, stops, posts;

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
  (void)user;
  assert_ptr_equal(peal_worker_self(), worker);
  assert_true(peal_on_worker_is(worker));
  atomic_fetch_add(&posts, 1);
}

static peal_workers *make(unsigned count, peal_poller_kind poller) {
  peal_workers *group = peal_workers_new(
      &(peal_workers_opts){.count = count, .poller = poller, .log = NET_QUIET});
  assert_non_null(group);
  atomic_store(&starts, 0);
  atomic_store(&stops, 0);
  atomic_store(&posts, 0);
  assert_int_equal(peal_workers_on_start(group, on_start, NULL), PEAL_OK);
  assert_int_equal(peal_workers_on_stop(group, on_stop, NULL), PEAL_OK);
  return group;
}

static peal_workers *begun(unsigned count) {
  peal_workers *group = make(count, PEAL_POLLER_EPOLL);
  assert_int_equal(peal_workers_begin(group), PEAL_OK);
  return group;
}

static void post_to(peal_workers *group, unsigned index, peal_post_fn fn,
                    void *user) {
  assert_int_equal(peal_worker_post(peal_workers_get(group, index), fn, user),
                   PEAL_OK);
}

/* Steps as a program makes them, until nothing is left to do now. */
static peal_err settle(peal_workers *group) {
  peal_err err = PEAL_OK;
  while (!err && (peal_workers_timeout_ms(group) == 0 ||
                  net_readable(peal_workers_fd(group), 0)))
    err = peal_workers_step(group, 0);
  return err;
}

/* ... until the run is over, 30 s at most. */
static void run_out(peal_workers *group) {
  peal_err err = PEAL_OK;
  for (int i = 0; i < 30000 && !err; i++) {
    int timeout_ms = peal_workers_timeout_ms(group);
    (void)net_readable(peal_workers_fd(group),
                       timeout_ms < 0 || timeout_ms > 1000 ? 1000 : timeout_ms);
    err = peal_workers_step(group, 0);
  }
  assert_int_equal(err, PEAL_ERR_CLOSED);
}

/* -- steps ----------------------------------------------------------------- */

static void a_group_runs_by_steps(void **state) {
  (void)state;
  for (unsigned count = 1; count <= 3; count++) {
    peal_workers *group = begun(count);
    /* Nobody may act as worker 0 between two steps, and everybody behind. */
    assert_null(peal_worker_self());
    assert_false(peal_on_worker_is(peal_workers_get(group, 0)));
    for (unsigned i = 0; i < count; i++)
      post_to(group, i, on_post, NULL);
    assert_true(peal_workers_timeout_ms(group) == 0 ||
                net_readable(peal_workers_fd(group), 0));
    assert_int_equal(settle(group), PEAL_OK);
    assert_null(peal_worker_self());
    assert_true(net_wait(&posts, (int)count));
    peal_workers_stop(group, 1000);
    run_out(group);
    assert_int_equal(peal_workers_timeout_ms(group), 0);
    assert_int_equal(peal_workers_step(group, -1), PEAL_ERR_CLOSED);
    assert_true(peal_on_worker_is(peal_workers_get(group, 0)));
    assert_int_equal(peal_workers_end(group), 0);
    assert_int_equal(starts, count);
    assert_int_equal(stops, count);
    peal_workers_free(group);
  }
}

static void the_descriptor_is_quiet_while_nothing_happens(void **state) {
  (void)state;
  peal_workers *group = begun(2);
  assert_int_equal(settle(group), PEAL_OK);
  uint64_t before = net_turns(peal_workers_get(group, 0));
  assert_false(net_readable(peal_workers_fd(group), 100));
  assert_int_equal(peal_workers_timeout_ms(group), -1);
  assert_int_equal(net_turns(peal_workers_get(group, 0)), before);
  post_to(group, 0, on_post, NULL);
  assert_true(net_readable(peal_workers_fd(group), 10000));
  assert_int_equal(atomic_load(&posts), 0);
  assert_int_equal(peal_workers_step(group, 0), PEAL_OK);
  assert_int_equal(atomic_load(&posts), 1);
  assert_int_equal(settle(group), PEAL_OK);
  assert_false(net_readable(peal_workers_fd(group), 20));
  assert_int_equal(peal_workers_end(group), 0);
  peal_workers_free(group);
}

static void on_due(peal_timer *timer, void *user) {
  (void)timer;
  ++*(int *)user;
}

typedef struct start {
  peal_timer *timer;
  uint64_t delay_ms; /* 0: stop */
} start;

static void start_timer(peal_worker *worker, void *user) {
  const start *it = user;
  (void)worker;
  if (it->delay_ms)
    peal_timer_start(it->timer, it->delay_ms, 0);
  else
    peal_timer_stop(it->timer);
}

/* In a step: between two the thread is no worker. */
static void start_within(peal_workers *group, peal_timer *timer,
                         uint64_t delay_ms) {
  start it = {timer, delay_ms};
  post_to(group, 0, start_timer, &it);
  assert_int_equal(settle(group), PEAL_OK);
}

static void the_timeout_is_that_of_the_next_timer(void **state) {
  int due = 0;
  (void)state;
  peal_workers *group = make(1, PEAL_POLLER_EPOLL);
  peal_timer *timer = peal_timer_new(peal_workers_get(group, 0), on_due, &due);
  assert_non_null(timer);
  assert_int_equal(peal_workers_begin(group), PEAL_OK);
  assert_int_equal(settle(group), PEAL_OK);
  start_within(group, timer, 600000);
  assert_in_range(peal_workers_timeout_ms(group), 1, 600000);
  assert_int_equal(peal_workers_step(group, 0), PEAL_OK);
  assert_int_equal(due, 0);
  start_within(group, timer, 20);
  for (int i = 0; i < 10000 && !due; i++) {
    int timeout_ms = peal_workers_timeout_ms(group);
    assert_in_range(timeout_ms, 0, 20);
    (void)net_readable(peal_workers_fd(group), timeout_ms);
    assert_int_equal(peal_workers_step(group, 0), PEAL_OK);
  }
  assert_int_equal(due, 1);
  /* A step may wait by itself. */
  start_within(group, timer, 20);
  for (int i = 0; i < 10000 && due < 2; i++)
    assert_int_equal(peal_workers_step(group, -1), PEAL_OK);
  assert_int_equal(due, 2);
  assert_int_equal(peal_workers_step(group, 1), PEAL_OK);
  assert_int_equal(peal_workers_end(group), 0);
  peal_timer_free(timer);
  peal_workers_free(group);
}

static void ask_inside(peal_worker *worker, void *user) {
  peal_workers *group = peal_worker_group(worker);
  (void)user;
  assert_int_equal(peal_workers_step(group, 0), PEAL_ERR_USAGE);
  assert_int_equal(peal_workers_end(group), 1);
  assert_int_equal(peal_workers_begin(group), PEAL_ERR_USAGE);
  assert_int_equal(peal_workers_run(group), 1);
  atomic_fetch_add(&posts, 1);
}

static void stop_inside(peal_worker *worker, void *user) {
  ask_inside(worker, user);
  peal_workers_stop(peal_worker_group(worker), 1000);
}

static void ask_elsewhere(void *user) {
  peal_workers *group = user;
  assert_int_equal(peal_workers_step(group, 0), PEAL_ERR_USAGE);
  assert_int_equal(peal_workers_end(group), 1);
  assert_int_equal(peal_workers_fd(group), -1);
  assert_int_equal(peal_workers_timeout_ms(group), -1);
}

static void steps_out_of_place_do_nothing(void **state) {
  uv_thread_t thread;
  (void)state;
  peal_workers *group = make(2, PEAL_POLLER_EPOLL);
  ask_elsewhere(group); /* not begun */
  post_to(group, 0, ask_inside, NULL);
  assert_int_equal(peal_workers_begin(group), PEAL_OK);
  assert_int_equal(peal_workers_begin(group), PEAL_ERR_USAGE);
  assert_int_equal(peal_workers_run(group), 1);
  uv_thread_create(&thread, ask_elsewhere, group);
  uv_thread_join(&thread);
  post_to(group, 1, ask_inside, NULL);
  assert_int_equal(settle(group), PEAL_OK);
  assert_true(net_wait(&posts, 2));
  post_to(group, 0, stop_inside, NULL);
  run_out(group);
  assert_int_equal(peal_workers_end(group), 0);
  ask_elsewhere(group);
  assert_int_equal(peal_workers_begin(group), PEAL_ERR_USAGE);
  assert_int_equal(peal_workers_run(group), 1);
  assert_int_equal(peal_worker_post(peal_workers_get(group, 0), on_post, NULL),
                   PEAL_ERR_CLOSED);
  peal_workers_free(group);
  assert_int_equal(peal_workers_begin(NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_workers_attach(NULL, NULL, NULL, NULL), PEAL_ERR_USAGE);
  ask_elsewhere(NULL);
}

static void a_run_that_is_left_ends_with_its_group(void **state) {
  (void)state;
  for (int ends = 0; ends < 2; ends++) {
    peal_workers *group = begun(3);
    post_to(group, 0, on_post, NULL);
    post_to(group, 2, on_post, NULL);
    if (ends)
      assert_int_equal(peal_workers_end(group), 0);
    peal_workers_free(group);
    assert_int_equal(atomic_load(&posts), 2);
    assert_int_equal(atomic_load(&starts), 3);
    assert_int_equal(atomic_load(&stops), 3);
  }
}

/* Two groups share a thread, and one steps inside a callback of the other. */
static void step_other(peal_worker *worker, void *user) {
  peal_workers *other = user;
  assert_int_equal(peal_workers_step(other, 0), PEAL_OK);
  assert_ptr_equal(peal_worker_self(), worker);
  atomic_fetch_add(&posts, 1);
}

static void two_groups_share_a_thread(void **state) {
  (void)state;
  peal_workers *a = begun(1), *b = begun(1);
  post_to(b, 0, on_post, NULL);
  post_to(a, 0, step_other, b);
  assert_int_equal(settle(a), PEAL_OK);
  assert_int_equal(atomic_load(&posts), 2);
  assert_int_equal(peal_workers_end(a), 0);
  assert_int_equal(peal_workers_end(b), 0);
  peal_workers_free(a);
  peal_workers_free(b);
}

static void poll_has_no_descriptor_and_its_steps_wait(void **state) {
  int due = 0;
  (void)state;
  peal_workers *group = make(1, PEAL_POLLER_POLL);
  uv_loop_t loop;
  uv_loop_init(&loop);
  assert_int_equal(peal_workers_attach(group, &loop, NULL, NULL),
                   PEAL_ERR_OPTION);
  uv_loop_close(&loop);
  peal_timer *timer = peal_timer_new(peal_workers_get(group, 0), on_due, &due);
  peal_timer_start(timer, 5, 0);
  assert_int_equal(peal_workers_begin(group), PEAL_OK);
  assert_int_equal(peal_workers_fd(group), -1);
  for (int i = 0; i < 10000 && !due; i++)
    assert_int_equal(peal_workers_step(group, -1), PEAL_OK);
  assert_int_equal(due, 1);
  assert_int_equal(peal_workers_end(group), 0);
  peal_timer_free(timer);
  peal_workers_free(group);
}

static void on_task(void *user) {
  (void)user;
}

static void on_done(peal_worker *worker, peal_err err, void *user) {
  (void)user;
  assert_int_equal(err, PEAL_OK);
  on_post(worker, NULL);
}

static void tasks_come_back_into_steps(void **state) {
  (void)state;
  peal_workers *group = begun(1);
  assert_int_equal(
      peal_task_run(peal_workers_get(group, 0), on_task, on_done, NULL),
      PEAL_OK);
  for (int i = 0; i < 10000 && !atomic_load(&posts); i++) {
    (void)net_readable(peal_workers_fd(group), 10);
    assert_int_equal(peal_workers_step(group, 0), PEAL_OK);
  }
  assert_int_equal(atomic_load(&posts), 1);
  assert_int_equal(peal_workers_end(group), 0);
  peal_workers_free(group);
}

/* -- any order ------------------------------------------------------------- */

typedef struct model {
  peal_workers *group;

  enum { FRESH, RUNNING, OVER, ENDED } state;

  int posted;
} model;

static void expect_step(model *m) {
  peal_err err = peal_workers_step(m->group, 0);
  if (m->state == FRESH || m->state == ENDED)
    assert_int_equal(err, PEAL_ERR_USAGE);
  else if (m->state == OVER || err)
    assert_int_equal(err, PEAL_ERR_CLOSED);
  if (err == PEAL_ERR_CLOSED)
    m->state = OVER;
}

static void expect_facts(const model *m) {
  bool is_open = m->state == RUNNING || m->state == OVER;
  assert_int_equal(peal_workers_fd(m->group) >= 0, is_open);
  int timeout_ms = peal_workers_timeout_ms(m->group);
  if (!is_open)
    assert_int_equal(timeout_ms, -1);
  else if (m->state == OVER)
    assert_int_equal(timeout_ms, 0);
  assert_null(peal_worker_self());
}

static void act(model *m, int what) {
  unsigned count = peal_workers_count(m->group);
  switch (what) {
  case 0:
    assert_int_equal(peal_workers_begin(m->group),
                     m->state == FRESH ? PEAL_OK : PEAL_ERR_USAGE);
    if (m->state == FRESH)
      m->state = RUNNING;
    break;
  case 1:
    assert_int_equal(peal_workers_end(m->group),
                     m->state == RUNNING || m->state == OVER ? 0 : 1);
    if (m->state != FRESH)
      m->state = ENDED;
    break;
  case 2:
    peal_workers_stop(m->group, rand() % 2 ? 0 : 5);
    break;
  case 3:
    if (m->state != FRESH) {
      assert_int_equal(peal_workers_run(m->group), 1);
      assert_int_equal(
          peal_workers_attach(m->group, uv_default_loop(), NULL, NULL),
          PEAL_ERR_USAGE);
    }
    break;
  case 4:
  case 5:
    if (!peal_worker_post(peal_workers_get(m->group, (unsigned)rand() % count),
                          m->state == FRESH ? on_post : ask_inside, NULL))
      m->posted++;
    break;
  default:
    expect_step(m);
  }
}

static void any_order_of_calls_is_told_or_done(void **state) {
  (void)state;
  for (unsigned seed = 1; seed <= 400; seed++) {
    srand(seed);
    model m = {.group = make(1 + seed % 3, PEAL_POLLER_EPOLL)};
    unsigned count = peal_workers_count(m.group);
    for (int i = 0; i < 30; i++) {
      /* Ends are rare. */
      int what = rand() % 40;
      act(&m, what > 2 ? what % 10 < 3 ? 9 : what % 10 : what);
      expect_facts(&m);
    }
    bool ran = m.state != FRESH;
    peal_workers_free(m.group);
    assert_int_equal(atomic_load(&posts), m.posted);
    assert_int_equal(atomic_load(&starts), ran ? count : 0);
    assert_int_equal(atomic_load(&stops), count);
  }
}

/* -- a guest --------------------------------------------------------------- */

static int attached_code;

static void on_end(peal_workers *group, int code, void *user) {
  attached_code = code;
  ++*(int *)user;
  peal_workers_free(group);
}

static void stop_group(uv_timer_t *timer) {
  peal_workers_stop(timer->data, 1000);
}

static void on_due_once(peal_timer *timer, void *user) {
  on_due(timer, user);
  peal_timer_free(timer);
}

/* Of the loop's own: it goes on meanwhile. */
static void on_tick(uv_timer_t *timer) {
  ++*(int *)timer->data;
}

static void a_group_is_a_guest_of_a_libuv_loop(void **state) {
  (void)state;
  for (unsigned count = 1; count <= 3; count++) {
    int ended = 0, due = 0;
    uv_loop_t loop;
    uv_timer_t stop;
    uv_loop_init(&loop);
    peal_workers *group = make(count, PEAL_POLLER_EPOLL);
    uv_timer_init(&loop, &stop);
    stop.data = group;
    uv_timer_start(&stop, stop_group, 100, 0);
    peal_timer *timer =
        peal_timer_new(peal_workers_get(group, 0), on_due_once, &due);
    peal_timer_start(timer, 5, 5);
    for (unsigned i = 0; i < count; i++)
      post_to(group, i, ask_inside, NULL);
    assert_int_equal(peal_workers_attach(group, &loop, on_end, &ended),
                     PEAL_OK);
    assert_int_equal(peal_workers_attach(group, &loop, on_end, &ended),
                     PEAL_ERR_USAGE);
    assert_int_equal(peal_workers_step(group, 0), PEAL_ERR_USAGE);
    assert_int_equal(peal_workers_end(group), 1);
    /* The loop's callbacks may use what is for any thread. */
    while (!ended && uv_run(&loop, UV_RUN_ONCE))
      assert_null(peal_worker_self());
    assert_int_equal(ended, 1);
    assert_int_equal(attached_code, 0);
    assert_int_equal(due, 1);
    assert_int_equal(starts, count);
    assert_int_equal(stops, count);
    assert_int_equal(posts, count);
    uv_close((uv_handle_t *)&stop, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
  }
}

static void on_turn(uv_prepare_t *prepare) {
  ++*(int *)prepare->data;
}

static void an_idle_guest_does_not_wake_its_loop(void **state) {
  int ended = 0, turns = 0, ticks = 0;
  uv_loop_t loop;
  uv_timer_t stop, tick;
  uv_prepare_t count;
  (void)state;
  uv_loop_init(&loop);
  peal_workers *group = make(1, PEAL_POLLER_EPOLL);
  peal_worker *worker = peal_workers_get(group, 0);
  assert_int_equal(peal_workers_attach(group, &loop, on_end, &ended), PEAL_OK);
  uv_timer_init(&loop, &stop);
  stop.data = group;
  uv_timer_start(&stop, stop_group, 400, 0);
  uv_timer_init(&loop, &tick);
  tick.data = &ticks;
  uv_timer_start(&tick, on_tick, 20, 20);
  uv_prepare_init(&loop, &count);
  count.data = &turns;
  uv_prepare_start(&count, on_turn);
  while (ticks < 5)
    uv_run(&loop, UV_RUN_ONCE);
  uint64_t before = net_turns(worker);
  int turns_before = turns, ticks_before = ticks;
  while (ticks < 10)
    uv_run(&loop, UV_RUN_ONCE);
  assert_int_equal(net_turns(worker), before);
  assert_true(turns - turns_before <= ticks - ticks_before + 1);
  uv_timer_stop(&tick);
  while (!ended)
    uv_run(&loop, UV_RUN_ONCE);
  uv_close((uv_handle_t *)&stop, NULL);
  uv_close((uv_handle_t *)&tick, NULL);
  uv_close((uv_handle_t *)&count, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&loop), 0);
}

static void post_again(peal_worker *worker, void *user) {
  intptr_t left = (intptr_t)user;
  atomic_fetch_add(&posts, 1);
  if (left)
    post_to(peal_worker_group(worker), 0, post_again, (void *)(left - 1));
}

/* One that always has something to do does not starve its host. */
static void a_busy_guest_lets_others_run(void **state) {
  int ended = 0, ticks = 0;
  uv_loop_t loop;
  uv_timer_t tick;
  (void)state;
  uv_loop_init(&loop);
  peal_workers *group = make(1, PEAL_POLLER_EPOLL);
  assert_int_equal(peal_workers_attach(group, &loop, on_end, &ended), PEAL_OK);
  post_to(group, 0, post_again, (void *)(intptr_t)20000);
  uv_timer_init(&loop, &tick);
  tick.data = &ticks;
  uv_timer_start(&tick, on_tick, 1, 1);
  while (atomic_load(&posts) <= 20000)
    uv_run(&loop, UV_RUN_ONCE);
  for (int i = 0; i < 10000 && !ticks; i++)
    uv_run(&loop, UV_RUN_ONCE);
  assert_true(ticks > 0);
  peal_workers_stop(group, 0);
  uv_close((uv_handle_t *)&tick, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(ended, 1);
  assert_int_equal(uv_loop_close(&loop), 0);
}

static void a_guest_without_memory_is_none(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_workers *group = peal_workers_new(&(peal_workers_opts){
      .mem = &t.mem, .log = NET_QUIET, .poller = PEAL_POLLER_EPOLL});
  assert_non_null(group);
  t.fail_at = t.calls + 1;
  uv_loop_t loop;
  uv_loop_init(&loop);
  assert_int_equal(peal_workers_attach(group, &loop, NULL, NULL),
                   PEAL_ERR_NOMEM);
  t.fail_at = 0;
  assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0); /* nothing is in it */
  assert_int_equal(uv_loop_close(&loop), 0);
  peal_workers_free(group);
  assert_int_equal(t.live, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_group_runs_by_steps),
      cmocka_unit_test(the_descriptor_is_quiet_while_nothing_happens),
      cmocka_unit_test(the_timeout_is_that_of_the_next_timer),
      cmocka_unit_test(steps_out_of_place_do_nothing),
      cmocka_unit_test(a_run_that_is_left_ends_with_its_group),
      cmocka_unit_test(two_groups_share_a_thread),
      cmocka_unit_test(poll_has_no_descriptor_and_its_steps_wait),
      cmocka_unit_test(tasks_come_back_into_steps),
      cmocka_unit_test(any_order_of_calls_is_told_or_done),
      cmocka_unit_test(a_group_is_a_guest_of_a_libuv_loop),
      cmocka_unit_test(an_idle_guest_does_not_wake_its_loop),
      cmocka_unit_test(a_busy_guest_lets_others_run),
      cmocka_unit_test(a_guest_without_memory_is_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
