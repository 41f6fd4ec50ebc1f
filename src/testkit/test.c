/* SPDX-License-Identifier: MIT */
/* test: a server under test, from its first turn to its last. */
#include "base/mem.h"
#include "net/group.h"
#include "testkit/test_impl.h"

/* Time goes by so much where no timer is. */
#define STOP_STEP_MS 1000u

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
  test->door.open = peal_test_door_open;
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
    err = peal_test_settle(test);
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
  while (peal_test_settle(test) != PEAL_ERR_CLOSED)
    peal_test_time_go_on(test, test->clock.now_ms + STOP_STEP_MS);
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
