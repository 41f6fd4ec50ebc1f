/* SPDX-License-Identifier: MIT */
/* Two workers, one of which does not come to its mail: what waits for it is
 * charged and has a ceiling, and all of it is given back. */
#include <semaphore.h>

#include "net/net_limits.h"
#include "server/server_impl.h"
#include "server_fixture.h"

#define CLIENTS 64

typedef struct scene {
  server_fixture it;
  sem_t begun, go; /* worker 1 */
  atomic_int warnings;
  atomic_int events, last, disorder; /* of worker 1's sockets */
  atomic_int local;                  /* of worker 0's */
  atomic_int connected[2];           /* by worker */
  sio_client clients[CLIENTS];
  unsigned client_count;
} scene;

static scene s;

static void on_log(const peal_log_record *record, void *user) {
  (void)user;
  server_quiet(record, NULL);
  if (record->level == PEAL_LOG_WARN &&
      !strncmp(record->text.ptr, "some workers are behind", 23))
    atomic_fetch_add(&s.warnings, 1);
}

static void block(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  sem_post(&s.begun);
  sem_wait(&s.go);
}

static peal_worker *worker_of(unsigned index) {
  return peal_workers_get(peal_server_workers(s.it.server), index);
}

static void hold_worker(void) {
  assert_int_equal(peal_worker_post(worker_of(1), block, NULL), PEAL_OK);
  sem_wait(&s.begun);
}

/* What each worker is about to deliver. */
static void on_outgoing(peal_socket *socket, peal_slice event, peal_args args,
                        void *user) {
  (void)event;
  (void)user;
  if (peal_worker_index(peal_socket_worker(socket)) == 0) {
    atomic_fetch_add(&s.local, 1);
    return;
  }
  int number = (int)peal_val_int(args.count ? args.items[0] : peal_int(0), 0);
  int before = atomic_exchange(&s.last, number);
  if (number != before && number != before + 1)
    atomic_fetch_add(&s.disorder, 1);
  atomic_fetch_add(&s.events, 1);
}

static void begin(size_t max_held_bytes) {
  peal_server_opts opts = server_opts();
  opts.workers = 2;
  opts.max_held_bytes = max_held_bytes;
  opts.queue_policy = PEAL_QUEUE_DROP_OLDEST;
  opts.log.fn = on_log;
  s = (scene){0};
  s.it = server_make(&opts);
  sem_init(&s.begun, 0, 0);
  sem_init(&s.go, 0, 0);
}

static void end(void) {
  server_stop(&s.it);
  sem_destroy(&s.begun);
  sem_destroy(&s.go);
}

static void await_zero(const atomic_size_t *figure) {
  for (int i = 0; i < 10000 && atomic_load(figure) > 0; i++)
    usleep(1000);
  assert_int_equal(atomic_load(figure), 0);
}

/* Nothing is under way and nothing is charged that crosses. */
static void expect_all_given_back(void) {
  await_zero(&s.it.server->load.count);
  assert_int_equal(atomic_load(&s.it.server->load.bytes), 0);
  await_zero(&s.it.server->load.account->granted);
}

static peal_err emit(int number, size_t bytes) {
  static char text[1 << 20];
  memset(text, 'x', bytes);
  return peal_nsp_emit(
      s.it.root, NULL, "x",
      PEAL_ARGS(peal_int(number), peal_str_slice((peal_slice){text, bytes})));
}

static uint64_t queue_full(void) {
  peal_server_stats stats;
  peal_server_stats_get(s.it.server, &stats);
  return stats.queue_full;
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  atomic_fetch_add(&s.connected[peal_worker_index(peal_socket_worker(socket))],
                   1);
  return PEAL_OK;
}

/* Until each worker has one: the kernel says which gets it. */
static void connect_both(void) {
  while (!atomic_load(&s.connected[0]) || !atomic_load(&s.connected[1])) {
    assert_true(s.client_count < CLIENTS);
    assert_true(sio_client_start(&s.clients[s.client_count++], s.it.port,
                                 SIO_WEBSOCKET));
  }
}

/* -- the ceilings --------------------------------------------------------------------- */

static void so_many_wait_and_no_more(void **state) {
  (void)state;
  begin(0);
  server_run(&s.it);
  hold_worker();
  for (unsigned i = 0; i < PEAL_LIMIT_OPS; i++)
    assert_int_equal(emit((int)i, 1), PEAL_OK);
  assert_int_equal(emit(0, 1), PEAL_ERR_QUEUE_FULL);
  assert_int_equal(peal_nsp_join(s.it.root, NULL, "a"), PEAL_ERR_QUEUE_FULL);
  assert_int_equal(atomic_load(&s.it.server->load.count), PEAL_LIMIT_OPS);
  assert_int_equal(queue_full(), 2);
  assert_true(atomic_load(&s.it.server->load.account->granted) > 0);
  sem_post(&s.go);
  expect_all_given_back();
  assert_int_equal(emit(0, 1), PEAL_OK);
  expect_all_given_back();
  end();
  assert_in_range(atomic_load(&s.warnings), 1, 2);
}

static void so_many_bytes_wait_and_no_more(void **state) {
  (void)state;
  unsigned taken = 0;
  begin(0);
  server_run(&s.it);
  hold_worker();
  while (!emit((int)taken, 1 << 20))
    assert_true(++taken < 200);
  assert_in_range(taken, 60, 63); /* a little is in front of the text */
  assert_true(atomic_load(&s.it.server->load.bytes) <= PEAL_LIMIT_OP_BYTES);
  assert_int_equal(queue_full(), 1);
  assert_int_equal(emit(0, 1), PEAL_OK); /* it fits */
  sem_post(&s.go);
  expect_all_given_back();
  end();
}

static void the_servers_account_is_asked_first(void **state) {
  (void)state;
  const size_t ceiling = 8u << 20;
  unsigned taken = 0;
  peal_err err;
  begin(ceiling);
  server_run(&s.it);
  hold_worker();
  while (!(err = emit((int)taken, 1 << 20)))
    assert_true(++taken < 200);
  assert_int_equal(err, PEAL_ERR_NOMEM);
  assert_in_range(taken, 6, 7);
  assert_true(atomic_load(&s.it.server->load.account->granted) <= ceiling);
  assert_int_equal(queue_full(), 0);
  sem_post(&s.go);
  expect_all_given_back();
  end();
}

/* -- all or nothing, in order ------------------------------------------------------------ */

typedef struct burst {
  atomic_int taken, refused, after;
} burst;

static void on_burst(peal_worker *worker, void *user) {
  burst *it = user;
  int number = 0;
  (void)worker;
  while (atomic_load(&it->refused) < 3) {
    peal_err err = emit(++number, 1000);
    assert_true(!err || err == PEAL_ERR_QUEUE_FULL);
    atomic_fetch_add(err ? &it->refused : &it->taken, 1);
  }
  atomic_store(&it->after, 1);
}

static void await(atomic_int *figure, int value) {
  for (int i = 0; i < 30000 && atomic_load(figure) < value; i++)
    usleep(1000);
  assert_int_equal(atomic_load(figure), value);
}

static void who_is_refused_has_reached_nobody(void **state) {
  (void)state;
  burst it = {0};
  begin(0);
  assert_int_equal(peal_on_connect(s.it.root, on_connect, NULL), PEAL_OK);
  assert_int_equal(peal_on_any_outgoing(s.it.root, on_outgoing, NULL), PEAL_OK);
  server_run(&s.it);
  connect_both();
  hold_worker();
  assert_int_equal(peal_worker_post(worker_of(0), on_burst, &it), PEAL_OK);
  await(&it.after, 1);
  int taken = atomic_load(&it.taken);
  /* Each socket of worker 0 had all that were taken, and no other. */
  assert_int_equal(atomic_load(&s.local), taken * atomic_load(&s.connected[0]));
  assert_int_equal(atomic_load(&s.events), 0);
  sem_post(&s.go);
  await(&s.events, taken * atomic_load(&s.connected[1]));
  await_zero(&s.it.server->load.count);
  assert_int_equal(atomic_load(&s.events),
                   taken * atomic_load(&s.connected[1]));
  assert_int_equal(atomic_load(&s.last), taken);
  assert_int_equal(atomic_load(&s.disorder), 0);
  for (unsigned i = 0; i < s.client_count; i++)
    sio_client_close(&s.clients[i]);
  end();
}

/* -- the end ---------------------------------------------------------------------------- */

static void what_waits_at_the_end_is_given_back(void **state) {
  (void)state;
  begin(0);
  server_run(&s.it);
  hold_worker();
  for (int i = 0; i < 1000; i++)
    assert_int_equal(emit(i, 1000), PEAL_OK);
  peal_workers_stop(peal_server_workers(s.it.server), 0);
  sem_post(&s.go);
  server_join(&s.it);
  assert_int_equal(atomic_load(&s.it.server->load.count), 0);
  server_free(&s.it);
  sem_destroy(&s.begun);
  sem_destroy(&s.go);
}

static void what_was_emitted_before_a_run_that_never_came_is_given_back(
    void **state) {
  (void)state;
  begin(0);
  for (int i = 0; i < 100; i++)
    assert_int_equal(emit(i, 100), PEAL_OK);
  server_free(&s.it);
  sem_destroy(&s.begun);
  sem_destroy(&s.go);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(so_many_wait_and_no_more),
      cmocka_unit_test(so_many_bytes_wait_and_no_more),
      cmocka_unit_test(the_servers_account_is_asked_first),
      cmocka_unit_test(who_is_refused_has_reached_nobody),
      cmocka_unit_test(what_waits_at_the_end_is_given_back),
      cmocka_unit_test(
          what_was_emitted_before_a_run_that_never_came_is_given_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
