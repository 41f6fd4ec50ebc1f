/* SPDX-License-Identifier: MIT */
/* test: a server under test: its run in turns, its time, its door. */
#include <string.h>

#include <poll.h>

#include "base/mem.h"
#include "http/http_listen.h"
#include "net/group.h"
#include "testkit/test_impl.h"

#define MAX_TURNS 100000u
/* The pool's tasks take real time; it is looked at so often. */
#define TASK_LOOK_MS 5
#define TASK_LIMIT_NS (10 * UINT64_C(1000000000))
/* Time goes by so much where no timer is. */
#define STOP_STEP_MS 1000u
/* Turns without news that are rest, where the poller cannot be asked. */
#define QUIET_TURNS 3u

/* -- the door -------------------------------------------------------------- */

peal_stream_memory *peal_test_dial(peal_test *test) {
  static const peal_address peer = {
      .ip = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}, .known = true};
  peal_stream_memory *ends[2];
  if (!peal_stream_memory_open(ends))
    return NULL;
  peal_stream_parcel parcel = peal_stream_memory_parcel(ends[1]);
  peal_http_listen_take(peal_server_http(test->server), test->worker, &parcel,
                        &peer);
  return ends[0];
}

static bool open_door(const peal_dial_door *door, peal_worker *worker,
                      const char *host, const peal_account_worker *account,
                      peal_stream_parcel *out) {
  peal_test *test = (peal_test *)(uintptr_t)door;
  (void)worker;
  if (strcmp(host, PEAL_TEST_HOST) != 0)
    return false;
  peal_stream_memory *end = peal_test_dial(test);
  if (!end)
    return false;
  peal_stream_memory_set_owner(end, account);
  *out = peal_stream_memory_parcel(end);
  return true;
}

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

/* To the next timer, or to the end. */
static void go_on(peal_test *test, uint64_t end_ms) {
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
    go_on(test, end_ms);
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

/* -- life ------------------------------------------------------------------ */

static void say_one_worker(peal_server *server, unsigned count) {
  const peal_slice none = {NULL, 0};
  peal_logger_write(peal_server_workers(server)->log, PEAL_LOG_ERROR, "test",
                    none, none,
                    "a server under test has one worker, this one has %u: the "
                    "order of its events would be chance",
                    count);
}

peal_err peal_test_new(peal_test **out, peal_server *server) {
  if (!out)
    return PEAL_ERR_USAGE;
  *out = NULL;
  peal_workers *workers = peal_server_workers(server);
  unsigned count = peal_workers_count(workers);
  if (!workers)
    return PEAL_ERR_USAGE;
  if (count != 1) {
    say_one_worker(server, count);
    return PEAL_ERR_OPTION;
  }
  peal_test *test = peal_mem_zalloc(peal_mem_libc(), sizeof(*test));
  if (!test)
    return PEAL_ERR_NOMEM;
  test->door.open = open_door;
  test->server = server;
  test->workers = workers;
  test->worker = peal_workers_get(workers, 0);
  peal_list_init(&test->clients);
  peal_list_init(&test->lines);
  test->clock = (peal_worker_clock){.now_ms = peal_worker_wake(test->worker),
                                    .wall_ms = peal_wall_ms()};
  test->began_ms = test->clock.now_ms;
  peal_worker_set_clock(test->worker, &test->clock);
  test->worker->door = &test->door;
  peal_err err = peal_workers_begin(workers);
  if (!err)
    err = settle(test);
  if (err) {
    peal_worker_set_clock(test->worker, NULL);
    test->worker->door = NULL;
    peal_mem_free(peal_mem_libc(), test);
    return err;
  }
  *out = test;
  return PEAL_OK;
}

/* What ends by time ends now. */
static void end_run(peal_test *test) {
  peal_workers_stop(test->workers, 0);
  while (settle(test) != PEAL_ERR_CLOSED)
    go_on(test, test->clock.now_ms + STOP_STEP_MS);
  (void)peal_workers_end(test->workers);
}

void peal_test_free(peal_test *test) {
  if (!test)
    return;
  while (!peal_list_is_empty(&test->clients))
    peal_test_client_free(
        PEAL_LIST_OF(test->clients.next, peal_test_client, node));
  while (!peal_list_is_empty(&test->lines))
    peal_test_line_close(PEAL_LIST_OF(test->lines.next, peal_test_line, node));
  end_run(test);
  peal_worker_set_clock(test->worker, NULL);
  test->worker->door = NULL;
  peal_mem_free(peal_mem_libc(), test);
}
