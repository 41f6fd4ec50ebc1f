/* SPDX-License-Identifier: MIT */
#include "redis_fixture.h"
#include "wire/redis_slot.h"

#define MASTERS 3

/* A Redis Cluster: three masters with a third of the slots each, and a replica
 * of the first. */
typedef struct scattered {
  redis_server servers[MASTERS + 1];
  char ids[MASTERS + 1][48];
  char bus[MASTERS + 1][16];
  unsigned bus_ports[MASTERS + 1];
} scattered;

static unsigned owner_of(unsigned slot) {
  return slot * MASTERS / PEAL_REDIS_SLOTS;
}

static void run_server(scattered *it, unsigned at) {
  redis_server *server = &it->servers[at];
  redis_server_set(server);
  it->bus_ports[at] = redis_free_port();
  snprintf(it->bus[at], sizeof(it->bus[at]), "%u", it->bus_ports[at]);
  const char *args[] = {"--cluster-enabled",
                        "yes",
                        "--cluster-node-timeout",
                        "500",
                        "--cluster-port",
                        it->bus[at],
                        "--cluster-replica-validity-factor",
                        "0",
                        "--repl-diskless-sync-delay",
                        "0",
                        NULL};
  memcpy(server->args, args, sizeof(args));
  redis_server_run(server);
}

/* "$40\r\nID\r\n" */
static void note_id(scattered *it, unsigned at) {
  char said[128];
  assert_true(
      redis_ask_port(it->servers[at].port, "CLUSTER MYID", said, sizeof(said)));
  snprintf(it->ids[at], sizeof(it->ids[at]), "%.40s", strstr(said, "\r\n") + 2);
}

static void give_slots(scattered *it, unsigned at) {
  char command[128];
  unsigned from = PEAL_REDIS_SLOTS, to = 0;
  for (unsigned slot = 0; slot < PEAL_REDIS_SLOTS; slot++)
    if (owner_of(slot) == at) {
      from = slot < from ? slot : from;
      to = slot;
    }
  snprintf(command, sizeof(command), "CLUSTER ADDSLOTSRANGE %u %u", from, to);
  redis_say(&it->servers[at], command, "OK");
  snprintf(command, sizeof(command), "CLUSTER SET-CONFIG-EPOCH %u", at + 1);
  redis_say(&it->servers[at], command, "OK");
}

static void meet(scattered *it, unsigned at) {
  char command[128];
  snprintf(command, sizeof(command), "CLUSTER MEET 127.0.0.1 %u %u",
           it->servers[at].port, it->bus_ports[at]);
  redis_say(&it->servers[0], command, "OK");
}

static void open_scattered(scattered *it, bool with_replica) {
  char command[128];
  unsigned count = MASTERS + with_replica;
  memset(it, 0, sizeof(*it));
  for (unsigned i = 0; i < count; i++) {
    run_server(it, i);
    note_id(it, i);
    if (i < MASTERS)
      give_slots(it, i);
    if (i)
      meet(it, i);
  }
  for (unsigned i = 0; i < count; i++)
    redis_await(&it->servers[i], "CLUSTER INFO", "cluster_state:ok");
  if (!with_replica)
    return;
  snprintf(command, sizeof(command), "CLUSTER REPLICATE %s", it->ids[0]);
  redis_await(&it->servers[MASTERS], command, "OK");
  redis_await(&it->servers[0], "INFO replication", "state=online");
  snprintf(command, sizeof(command), "CLUSTER REPLICAS %s", it->ids[0]);
  redis_await(&it->servers[1], command, it->ids[MASTERS]);
  redis_await(&it->servers[2], command, it->ids[MASTERS]);
}

static void close_scattered(scattered *it) {
  for (unsigned i = 0; i <= MASTERS; i++)
    if (it->servers[i].port)
      redis_server_close(&it->servers[i]);
}

static void connect_to(redis_scene *it, const scattered *to) {
  redis_scene_set(it);
  snprintf(it->url, sizeof(it->url),
           "redis+cluster://127.0.0.1:%u,localhost:%u", redis_free_port(),
           to->servers[1].port);
  it->opts.sharded = true;
  redis_scene_connect(it);
  redis_scene_await_up(it, 1);
}

/* A channel of each master's: "n0", "n1", ... */
static void name_at(unsigned master, char out[16]) {
  for (unsigned i = 0;; i++) {
    snprintf(out, 16, "n%u", i);
    if (owner_of(peal_redis_slot_of(peal_slice_of(out))) == master)
      return;
  }
}

static void await_numsub(redis_scene *it, peal_redis_way way,
                         const char *channel, int64_t count) {
  int64_t is = -2;
  for (int i = 0; i < 5000 && is != count; i++) {
    is = redis_count(it, way, channel);
    uv_sleep(is == count ? 0 : 2);
  }
  assert_int_equal(is, count);
}

static void say_at(const redis_server *server, const char *format,
                   unsigned slot, const char *id) {
  char command[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(command, sizeof(command), format, slot, id);
#pragma GCC diagnostic pop
  redis_say(server, command, "OK");
}

static void each_slot_is_asked_at_its_master(redis_scene *it, scattered *s) {
  char names[MASTERS][16], command[64];
  for (unsigned i = 0; i < MASTERS; i++) {
    name_at(i, names[i]);
    snprintf(command, sizeof(command), "SET %s %u", names[i], i);
    assert_int_equal(redis_command(it, names[i], command), PEAL_OK);
    snprintf(command, sizeof(command), "GET %s", names[i]);
    redis_say(&s->servers[i], command, "$1");
    redis_subscribe(it, PEAL_REDIS_SHARD, names[i]);
    await_numsub(it, PEAL_REDIS_SHARD, names[i], 1);
    snprintf(command, sizeof(command), "PUBSUB SHARDNUMSUB %s", names[i]);
    redis_say(&s->servers[i], command, ":1");
    assert_int_equal(redis_publish(it, PEAL_REDIS_SHARD, names[i], "x"),
                     PEAL_OK);
  }
  assert_true(net_wait(&it->messages, MASTERS));
}

static void classic_channels_are_heard_once(redis_scene *it, scattered *s) {
  int before = atomic_load(&it->messages);
  redis_subscribe(it, PEAL_REDIS_CHANNEL, "all");
  await_numsub(it, PEAL_REDIS_CHANNEL, "all", 1);
  for (unsigned i = 0; i < MASTERS; i++)
    redis_say(&s->servers[i], "PUBLISH all x", ":");
  assert_int_equal(redis_publish(it, PEAL_REDIS_CHANNEL, "all", "y"), PEAL_OK);
  assert_true(net_wait(&it->messages, before + MASTERS + 1));
}

/* A slot goes from one master to the next, step by step. */
static void a_slot_that_moves_is_followed(redis_scene *it, scattered *s) {
  char name[16], key[24], command[64];
  name_at(0, name);
  unsigned slot = peal_redis_slot_of(peal_slice_of(name));
  int before = atomic_load(&it->messages);
  snprintf(key, sizeof(key), "{%s}k", name);
  say_at(&s->servers[1], "CLUSTER SETSLOT %u IMPORTING %s", slot, s->ids[0]);
  say_at(&s->servers[0], "CLUSTER SETSLOT %u MIGRATING %s", slot, s->ids[1]);
  /* What is not there any more is there already: ASK. */
  snprintf(command, sizeof(command), "SET %s v", key);
  assert_int_equal(redis_command(it, key, command), PEAL_OK);
  redis_say(&s->servers[0], "CLUSTER INFO", "cluster_state:ok");
  snprintf(command, sizeof(command), "DEL %s", name);
  assert_int_equal(redis_command(it, name, command), PEAL_OK);
  say_at(&s->servers[1], "CLUSTER SETSLOT %u NODE %s", slot, s->ids[1]);
  say_at(&s->servers[0], "CLUSTER SETSLOT %u NODE %s", slot, s->ids[1]);
  /* MOVED, at once; and the subscription, when it has been asked who has it. */
  snprintf(command, sizeof(command), "GET %s", key);
  assert_int_equal(redis_command(it, key, command), PEAL_OK);
  assert_string_equal(it->answer, "v");
  snprintf(command, sizeof(command), "PUBSUB SHARDNUMSUB %s", name);
  redis_await(&s->servers[1], command, ":1");
  assert_int_equal(redis_publish(it, PEAL_REDIS_SHARD, name, "moved"), PEAL_OK);
  assert_true(net_wait(&it->messages, before + 1));
  say_at(&s->servers[2], "CLUSTER SETSLOT %u NODE %s", slot, s->ids[1]);
}

/* Channels of others' slots cannot be had there. */
static void a_cluster_by_the_url_of_one_server_is_said(redis_scene *it,
                                                       scattered *s) {
  char name[16];
  name_at(2, name);
  redis_scene_set(it);
  snprintf(it->url, sizeof(it->url), "redis://127.0.0.1:%u",
           s->servers[0].port);
  redis_scene_connect(it);
  redis_scene_await_up(it, 1);
  redis_subscribe(it, PEAL_REDIS_SHARD, name);
  assert_true(net_wait(&it->downs, 1));
  net_sync(it->worker);
  assert_non_null(strstr(it->words, "redis+cluster://"));
  redis_scene_close(it);
}

static void slots_have_their_masters(void **state) {
  scattered s;
  redis_scene it;
  (void)state;
  open_scattered(&s, false);
  connect_to(&it, &s);
  each_slot_is_asked_at_its_master(&it, &s);
  classic_channels_are_heard_once(&it, &s);
  a_slot_that_moves_is_followed(&it, &s);
  net_sync(it.worker);
  assert_int_equal(atomic_load(&it.downs), 0);
  assert_true(redis_look(&it).version >= 70000);
  redis_scene_close(&it);
  a_cluster_by_the_url_of_one_server_is_said(&it, &s);
  close_scattered(&s);
}

/* All of the others goes on meanwhile. */
static void a_master_that_dies_is_replaced_by_its_replica(void **state) {
  scattered s;
  redis_scene it;
  char names[MASTERS][16], command[64];
  (void)state;
  open_scattered(&s, true);
  connect_to(&it, &s);
  for (unsigned i = 0; i < MASTERS; i++) {
    name_at(i, names[i]);
    redis_subscribe(&it, PEAL_REDIS_SHARD, names[i]);
    await_numsub(&it, PEAL_REDIS_SHARD, names[i], 1);
  }
  redis_subscribe(&it, PEAL_REDIS_CHANNEL, "all");
  await_numsub(&it, PEAL_REDIS_CHANNEL, "all", 1);
  redis_server_kill(&s.servers[0]);
  assert_true(net_wait(&it.downs, 1));
  assert_int_equal(redis_publish(&it, PEAL_REDIS_SHARD, names[1], "x"),
                   PEAL_OK);
  assert_true(net_wait(&it.messages, 1));
  redis_scene_await_up(&it, 2);
  snprintf(command, sizeof(command), "PUBSUB SHARDNUMSUB %s", names[0]);
  redis_say(&s.servers[MASTERS], command, ":1");
  for (unsigned i = 0; i < MASTERS; i++)
    assert_int_equal(redis_publish(&it, PEAL_REDIS_SHARD, names[i], "x"),
                     PEAL_OK);
  assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "all", "x"), PEAL_OK);
  assert_true(net_wait(&it.messages, 2 + MASTERS));
  net_sync(it.worker);
  assert_int_equal(atomic_load(&it.messages), 2 + MASTERS);
  redis_scene_close(&it);
  close_scattered(&s);
}

static void a_server_alone_is_no_cluster(void **state) {
  redis_server server;
  redis_scene it;
  (void)state;
  redis_server_open(&server);
  redis_scene_set(&it);
  snprintf(it.url, sizeof(it.url), "redis+cluster://127.0.0.1:%u", server.port);
  redis_scene_connect(&it);
  assert_true(net_wait(&it.lines, 1));
  assert_true(redis_log_has(&it, "it is no Redis Cluster"));
  net_sync(it.worker);
  assert_int_equal(atomic_load(&it.ups), 0);
  assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "a", "x"),
                   PEAL_ERR_CLOSED);
  redis_scene_close(&it);
  redis_server_close(&server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(slots_have_their_masters),
      cmocka_unit_test(a_master_that_dies_is_replaced_by_its_replica),
      cmocka_unit_test(a_server_alone_is_no_cluster),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
