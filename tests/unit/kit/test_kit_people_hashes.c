/* SPDX-License-Identifier: MIT */
/* A few at a time, the rest in a queue that no address fills alone. */
#include <stdlib.h>

#include "../net/net_fixture.h"
#include "kit/kit_people_hashes.h"

enum { COUNT = 32, RUNNING = 2, WAITING = 12 };

static struct {
  net_fixture net;
  peal_kit_people_hashes hashes;
  atomic_int gate; /* work goes on behind it */
  atomic_int now, most, worked, done, cancelled, refused;
  atomic_bool wrong_worker;
} rig;

typedef struct one {
  peal_kit_people_job job; /* first */
  peal_worker *worker;
} one;

static one ones[COUNT];

static void work(peal_kit_people_job *job) {
  (void)job;
  int now = atomic_fetch_add(&rig.now, 1) + 1;
  int most = atomic_load(&rig.most);
  while (now > most && !atomic_compare_exchange_weak(&rig.most, &most, now))
    ;
  while (atomic_load(&rig.gate) == 0)
    usleep(500);
  atomic_fetch_add(&rig.worked, 1);
  atomic_fetch_sub(&rig.now, 1);
}

static void done(peal_kit_people_job *job, peal_err err) {
  if (((one *)job)->worker != peal_worker_self())
    atomic_store(&rig.wrong_worker, true);
  if (err == PEAL_ERR_CANCELLED)
    atomic_fetch_add(&rig.cancelled, 1);
  atomic_fetch_add(&rig.done, 1);
}

static atomic_int added;

static void add(peal_worker *worker, void *user) {
  one *o = user;
  o->job.work = work;
  o->job.done = done;
  o->worker = worker;
  peal_err err = peal_kit_people_hashes_add(&rig.hashes, worker, &o->job);
  if (err == PEAL_ERR_QUEUE_FULL)
    atomic_fetch_add(&rig.refused, 1);
  atomic_fetch_add(&added, 1);
}

static int set_up(void **state) {
  (void)state;
  memset(&rig, 0, sizeof rig);
  memset(ones, 0, sizeof ones);
  atomic_store(&added, 0);
  peal_kit_people_hashes_init(&rig.hashes, RUNNING, WAITING);
  rig.net.workers =
      peal_workers_new(&(peal_workers_opts){.count = 2, .log = NET_QUIET});
  net_fixture_run(&rig.net);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  peal_workers_free(rig.net.workers);
  peal_kit_people_hashes_deinit(&rig.hashes);
  return 0;
}

/* `count` jobs of this address, on both workers in turn. */
static void add_all(size_t from, size_t count, const char *network) {
  int before = atomic_load(&added);
  for (size_t i = from; i < from + count; i++) {
    snprintf(ones[i].job.network, sizeof ones[i].job.network, "%s", network);
    assert_int_equal(peal_worker_post(peal_workers_get(rig.net.workers, i % 2),
                                      add, &ones[i]),
                     PEAL_OK);
  }
  assert_true(net_wait(&added, before + (int)count));
}

static void expect_queue(unsigned running, unsigned waiting) {
  pthread_mutex_lock(&rig.hashes.lock);
  assert_int_equal(rig.hashes.running, running);
  assert_int_equal(rig.hashes.waiting, waiting);
  pthread_mutex_unlock(&rig.hashes.lock);
}

static void stop(uint32_t grace_ms) {
  peal_workers_stop(rig.net.workers, grace_ms);
  net_fixture_join(&rig.net);
}

static void a_few_run_and_all_come_to_an_end(void **state) {
  (void)state;
  add_all(0, 6, "a");
  add_all(6, 6, "b");
  assert_int_equal(atomic_load(&rig.refused), 0);
  atomic_store(&rig.gate, 1);
  assert_true(net_wait(&rig.done, 12));
  assert_int_equal(atomic_load(&rig.worked), 12);
  assert_true(atomic_load(&rig.most) <= RUNNING);
  assert_false(atomic_load(&rig.wrong_worker));
  expect_queue(0, 0);
  stop(1000);
}

static void one_address_has_half_of_the_queue(void **state) {
  (void)state;
  add_all(0, 10, "a");
  assert_int_equal(atomic_load(&rig.refused), 10 - WAITING / 2);
  add_all(10, 4, "b");
  assert_int_equal(atomic_load(&rig.refused), 10 - WAITING / 2);
  add_all(14, 12, "");
  expect_queue(RUNNING, WAITING);
  assert_true(atomic_load(&rig.refused) > 10 - WAITING / 2);
  atomic_store(&rig.gate, 1);
  assert_true(net_wait(&rig.done, RUNNING + WAITING));
  stop(1000);
}

static void addresses_take_turns(void **state) {
  (void)state;
  char order[16] = "";
  add_all(0, 2, "x");
  add_all(2, 4, "a");
  add_all(6, 1, "b");
  add_all(7, 1, "a");
  add_all(8, 2, "c");
  expect_queue(RUNNING, 8);
  pthread_mutex_lock(&rig.hashes.lock);
  for (const peal_kit_people_job *j = rig.hashes.first; j != NULL; j = j->next)
    strcat(order, j->network);
  pthread_mutex_unlock(&rig.hashes.lock);
  assert_string_equal(order, "abcacaaa");
  atomic_store(&rig.gate, 1);
  assert_true(net_wait(&rig.done, 10));
  expect_queue(0, 0);
  stop(1000);
}

/* At the end of the run each is told, once. */
static void what_waits_at_the_end_is_told(void **state) {
  (void)state;
  add_all(0, 5, "a");
  add_all(5, 5, "b");
  int refused = atomic_load(&rig.refused);
  peal_workers_stop(rig.net.workers, 0);
  usleep(20000);
  atomic_store(&rig.gate, 1);
  net_fixture_join(&rig.net);
  peal_workers *workers = rig.net.workers;
  rig.net.workers = NULL;
  peal_workers_free(workers);
  assert_int_equal(atomic_load(&rig.done) + refused, 10);
  assert_int_equal(atomic_load(&rig.done),
                   atomic_load(&rig.worked) + atomic_load(&rig.cancelled));
}

#define RUN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      RUN(a_few_run_and_all_come_to_an_end),
      RUN(one_address_has_half_of_the_queue),
      RUN(addresses_take_turns),
      RUN(what_waits_at_the_end_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
