/* SPDX-License-Identifier: MIT */
/* test_time: a server under test at rest, and its time. */
#include <poll.h>

#include "net/group.h"
#include "testkit/test_impl.h"

#define MAX_TURNS 100000u
/* The pool's tasks take real time; it is looked at so often. */
#define TASK_LOOK_MS 5
#define TASK_LIMIT_NS (10 * UINT64_C(1000000000))
/* Turns without news that are rest, where the poller cannot be asked. */
#define QUIET_TURNS 3u

/* -- coming to rest -------------------------------------------------------- */

static bool has_tasks(const peal_test *test) {
  return test->worker->loop.active_reqs.count > 0 ||
         atomic_load(&test->worker->asked) > 0;
}

/* Is there something to be done at this moment? */
static bool is_busy(peal_test *test, unsigned *quiet) {
  struct pollfd fd = {.fd = peal_workers_fd(test->workers), .events = POLLIN};
  if (peal_workers_timeout_ms(test->workers) == 0)
    return true;
  return fd.fd < 0 ? ++*quiet < QUIET_TURNS : poll(&fd, 1, 0) > 0;
}

static peal_err settle(peal_test *test) {
  uint64_t until_ns = 0;
  unsigned quiet = 0;
  for (unsigned turns = 0; turns < MAX_TURNS;) {
    bool waits = !is_busy(test, &quiet);
    if (waits && !has_tasks(test))
      return PEAL_OK;
    if (waits && !until_ns)
      until_ns = uv_hrtime() + TASK_LIMIT_NS;
    if (waits && uv_hrtime() > until_ns)
      return PEAL_ERR_TIMEOUT;
    if (peal_workers_step(test->workers, waits ? TASK_LOOK_MS : 0))
      return PEAL_ERR_CLOSED;
    turns += !waits;
  }
  return PEAL_ERR_LIMIT;
}

peal_err peal_test_settle(peal_test *test) {
  return test ? settle(test) : PEAL_ERR_USAGE;
}

/* -- time ------------------------------------------------------------------ */

static void set_time(peal_test *test, uint64_t now_ms) {
  test->clock.wall_ms += (int64_t)(now_ms - test->clock.now_ms);
  test->clock.now_ms = now_ms;
}

void peal_test_time_go_on(peal_test *test, uint64_t end_ms) {
  uint64_t next_ms = peal_wheel_next(&test->worker->wheel);
  if (next_ms <= test->clock.now_ms)
    next_ms = test->clock.now_ms + 1;
  set_time(test, next_ms < end_ms ? next_ms : end_ms);
}

peal_err peal_test_advance(peal_test *test, uint64_t ms) {
  uint64_t end_ms;
  if (!test || __builtin_add_overflow(test->clock.now_ms, ms, &end_ms))
    return PEAL_ERR_USAGE;
  peal_err err = settle(test);
  while (!err && test->clock.now_ms < end_ms) {
    peal_test_time_go_on(test, end_ms);
    err = settle(test);
  }
  return err;
}

uint64_t peal_test_now_ms(const peal_test *test) {
  return test ? test->clock.now_ms - test->began_ms : 0;
}

bool peal_test_wait(peal_test *test, bool (*until)(void *user), void *user,
                    uint32_t limit_ms) {
  if (!test || !until)
    return false;
  uint64_t end_ns = uv_hrtime() + limit_ms * UINT64_C(1000000);
  while (settle(test) == PEAL_OK) {
    if (until(user))
      return true;
    if (uv_hrtime() > end_ns || peal_workers_step(test->workers, TASK_LOOK_MS))
      return false;
  }
  return false;
}

peal_err peal_test_run(peal_test *test, peal_post_fn fn, void *user) {
  if (!test || !fn)
    return PEAL_ERR_USAGE;
  peal_err err = peal_worker_post(test->worker, fn, user);
  return err ? err : settle(test);
}
