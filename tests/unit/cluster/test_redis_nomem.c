/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "net/worker.h"
#include "redis_fixture.h"

/* Every allocation on the worker fails in turn, once: what was begun is refused
 * or begins again, and nothing is lost or told twice. */

static redis_server server;

typedef struct scarce {
  peal_mem mem;
  const peal_mem *real;
  size_t calls, fail_at;
  long live;
} scarce;

static void *scarce_alloc(void *user, size_t size) {
  scarce *it = user;
  if (++it->calls == it->fail_at)
    return NULL;
  it->live++;
  return it->real->alloc(it->real->user, size);
}

static void *scarce_resize(void *user, void *ptr, size_t size) {
  scarce *it = user;
  if (++it->calls == it->fail_at)
    return NULL;
  it->live += !ptr;
  return it->real->resize(it->real->user, ptr, size);
}

static void scarce_release(void *user, void *ptr) {
  scarce *it = user;
  it->live--;
  it->real->release(it->real->user, ptr);
}

static scarce memory;

static void become_scarce(peal_worker *worker, void *user) {
  (void)user;
  memory.real = worker->mem;
  memory.mem = (peal_mem){scarce_alloc, scarce_resize, scarce_release, &memory};
  worker->mem = &memory.mem;
}

static void be_as_before(peal_worker *worker, void *user) {
  (void)user;
  worker->mem = memory.real;
}

/* Until it is taken: nobody but the failing one fails. */
static void insist_on_subscribing(redis_scene *it, peal_redis_way way,
                                  const char *channel) {
  it->way = way;
  it->channel = peal_slice_of(channel);
  do
    net_on_worker(it->worker, redis_subscribe_on, it);
  while (it->err == PEAL_ERR_NOMEM);
  assert_int_equal(it->err, PEAL_OK);
}

static void insist_on_hearing(redis_scene *it, peal_redis_way way,
                              const char *channel, int messages) {
  for (int i = 0; i < 3000 && atomic_load(&it->messages) < messages; i++) {
    (void)redis_publish(it, way, channel, "x");
    uv_sleep(1);
  }
  assert_true(atomic_load(&it->messages) >= messages);
}

static void use_it(redis_scene *it) {
  peal_err err;
  insist_on_subscribing(it, PEAL_REDIS_CHANNEL, "a");
  redis_scene_await_up(it, 1);
  insist_on_subscribing(it, PEAL_REDIS_SHARD, "s");
  insist_on_hearing(it, PEAL_REDIS_CHANNEL, "a", 1);
  insist_on_hearing(it, PEAL_REDIS_SHARD, "s", atomic_load(&it->messages) + 1);
  do
    err = redis_command(it, "k", "SET k v");
  while (err == PEAL_ERR_NOMEM || err == PEAL_ERR_CLOSED);
  assert_int_equal(err, PEAL_OK);
  it->wait_ms = 1;
  do
    err = redis_command(it, "k", "XREAD BLOCK 1 STREAMS k2 $");
  while (err == PEAL_ERR_NOMEM || err == PEAL_ERR_CLOSED);
  assert_int_equal(err, PEAL_OK);
  it->wait_ms = 0;
  while (redis_count(it, PEAL_REDIS_CHANNEL, "a") != 1)
    uv_sleep(1);
  redis_unsubscribe(it, PEAL_REDIS_SHARD, "s");
}

/* Returns how many allocations there were. */
static size_t try_once(const char *scheme, unsigned port, size_t fail_at) {
  redis_scene it;
  redis_scene_set(&it);
  memory = (scarce){.fail_at = fail_at};
  it.opts.retry_min_ms = it.opts.retry_max_ms = 1;
  snprintf(it.url, sizeof(it.url), "%s://127.0.0.1:%u", scheme, port);
  net_on_worker(it.worker, become_scarce, NULL);
  do
    net_on_worker(it.worker, redis_new_on, &it);
  while (it.err == PEAL_ERR_NOMEM);
  assert_int_equal(it.err, PEAL_OK);
  use_it(&it);
  net_on_worker(it.worker, redis_free_on, &it);
  net_sync(it.worker); /* what is closed goes at the end of its turn */
  for (int i = 0; i < 3000 && memory.live; i++) {
    net_sync(it.worker);
    uv_sleep(1);
  }
  assert_int_equal(memory.live, 0);
  size_t calls = memory.calls;
  net_on_worker(it.worker, be_as_before, NULL);
  redis_scene_close(&it);
  return calls;
}

static void any_allocation_may_fail_at_one_server(void **state) {
  (void)state;
  size_t calls = try_once("redis", server.port, 0);
  assert_true(calls > 30);
  for (size_t i = 1; i <= calls; i++)
    try_once("redis", server.port, i);
}

static void any_allocation_may_fail_in_a_cluster(void **state) {
  redis_server one;
  (void)state;
  redis_server_set(&one);
  one.args[0] = "--cluster-enabled";
  one.args[1] = "yes";
  one.args[2] = "--cluster-port";
  char bus[16];
  snprintf(bus, sizeof(bus), "%u", redis_free_port());
  one.args[3] = bus;
  redis_server_run(&one);
  redis_say(&one, "CLUSTER ADDSLOTSRANGE 0 16383", "OK");
  redis_await(&one, "CLUSTER INFO", "cluster_state:ok");
  size_t calls = try_once("redis+cluster", one.port, 0);
  for (size_t i = 1; i <= calls; i += 2) /* it waits now and then */
    try_once("redis+cluster", one.port, i);
  redis_server_close(&one);
}

static int open_server(void **state) {
  (void)state;
  redis_server_open(&server);
  return 0;
}

static int close_server(void **state) {
  (void)state;
  redis_server_close(&server);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_allocation_may_fail_at_one_server),
      cmocka_unit_test(any_allocation_may_fail_in_a_cluster),
  };
  return cmocka_run_group_tests(tests, open_server, close_server);
}
