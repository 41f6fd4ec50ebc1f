/* SPDX-License-Identifier: MIT */
/* Memory runs out at every single allocation of a connection's life: it ends in
 * order, says why, and gives everything back. And what an idle one takes. */
#include "engine_fixture.h"
#include "torture.h"

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_emit(socket, "echo", peal_event_args(event));
}

static server_fixture serve(void) {
  server_fixture server = server_make(NULL);
  assert_int_equal(peal_on(server.root, "echo", on_echo, NULL), PEAL_OK);
  engine_serve(&server);
  return server;
}

static void unserve(server_fixture *server) {
  peal_server_stop(server->server);
  server_join(server);
  server_free(server);
}

/* A message as the layer above would make it; without memory it gives up. */
static bool say(engine_fixture *it, const char *text, const peal_mem *mem) {
  const peal_slice attached = PEAL_S("attached");
  peal_message *message =
      peal_message_new(peal_slice_of(text), &attached, text[0] == '5', mem);
  peal_err err = PEAL_ERR_NOMEM;
  if (message)
    err = peal_client_engine_send(it->engine,
                                  &(peal_eio_item){.message = message});
  peal_message_unref(message);
  return err == PEAL_OK;
}

static bool wait_for(engine_fixture *it, const unsigned *count, unsigned most) {
  for (int left = WAIT_MS; *count < most && !it->closes; left -= 10) {
    assert_true(left > 0);
    engine_turn(it, 10);
  }
  return !it->closes;
}

static void talk(engine_fixture *it, const peal_mem *mem) {
  bool upgrades = it->opts.transports == PEAL_CLIENT_POLLING_FIRST;
  if (!wait_for(it, &it->opens, 1) || !say(it, "0", mem) ||
      !say(it, "51-[\"echo\",{\"_placeholder\":true,\"num\":0}]", mem) ||
      !wait_for(it, &it->binaries, 1))
    return;
  /* A probe without memory leaves polling as it is. */
  for (int i = 0; upgrades && i < 10 && !it->upgrades && !it->closes; i++)
    engine_turn(it, 10);
  if (say(it, "2[\"echo\",1]", mem))
    (void)wait_for(it, &it->messages, 4);
  peal_client_engine_close(it->engine);
  (void)wait_for(it, &it->closes, 1);
}

/* Returns whether the n-th allocation has failed. */
static bool a_life(const server_fixture *server, int way, size_t n) {
  torture memory;
  engine_fixture it;
  torture_init(&memory, n);
  engine_begin(&it, server->port);
  it.opts.transports = (peal_client_transports)way;
  it.opts.close_timeout_ms = 300; /* a close frame may be what is missing */
  const peal_mem *own = it.worker->mem; /* which hides some failures */
  it.worker->mem = &memory.mem;
  it.engine =
      peal_client_engine_open(it.worker, &it.opts, &engine_callbacks, &it);
  if (it.engine)
    talk(&it, &memory.mem);
  if (it.closes && it.reason != PEAL_CLIENT_LEFT)
    assert_true(it.err && it.text[0]);
  peal_client_engine_free(it.engine);
  it.engine = NULL;
  ENGINE_AWAIT(&it, memory.live == 0); /* a FIN is waited for */
  it.worker->mem = own;
  engine_end(&it);
  return memory.failed;
}

static void it_ends_in_order_when_memory_is_out(void **state) {
  (void)state;
  server_fixture server = serve();
  for (int way = PEAL_CLIENT_POLLING_FIRST; way <= PEAL_CLIENT_WEBSOCKET_ONLY;
       way++) {
    size_t n = 1;
    while (a_life(&server, way, n))
      n++;
    assert_true(n > 10);
  }
  unserve(&server);
}

/* -- what an idle one takes ------------------------------------------------- */

#define MANY 200u

static void an_idle_connection_takes_little(void **state) {
  (void)state;
  server_fixture server = serve();
  torture memory;
  engine_fixture it;
  static engine_fixture each[MANY];
  torture_init(&memory, 0);
  engine_begin(&it, server.port);
  it.opts.transports = PEAL_CLIENT_WEBSOCKET_ONLY;
  const peal_mem *own = it.worker->mem;
  it.worker->mem = &memory.mem;
  for (unsigned i = 0; i < MANY; i++) {
    each[i] = (engine_fixture){0};
    each[i].engine = peal_client_engine_open(it.worker, &it.opts,
                                             &engine_callbacks, &each[i]);
    assert_non_null(each[i].engine);
    ENGINE_AWAIT(&it, each[i].opens);
  }
  engine_turn(&it, 10);
  size_t bytes = memory.bytes / MANY;
  print_message("an idle engine with its WebSocket: %zu bytes in %zu blocks\n",
                bytes, memory.live / MANY);
  assert_true(bytes < 2048);
  /* No timer of theirs is near. */
  unsigned turns = 0;
  uint64_t until_ms = it.worker->now_ms + 200;
  for (; it.worker->now_ms < until_ms; turns++)
    engine_turn(&it, 100);
  assert_true(turns < 50);
  for (unsigned i = 0; i < MANY; i++)
    peal_client_engine_free(each[i].engine);
  for (int i = 0; i < 3; i++)
    engine_turn(&it, 0);
  assert_int_equal(memory.live, 0);
  it.worker->mem = own;
  engine_end(&it);
  unserve(&server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_ends_in_order_when_memory_is_out),
      cmocka_unit_test(an_idle_connection_takes_little),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
