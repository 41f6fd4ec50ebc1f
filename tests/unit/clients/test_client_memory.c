/* SPDX-License-Identifier: MIT */
/* Memory of clients: what one costs on a shared worker, that hundreds of
 * reconnections leave nothing, and that each allocation may fail. */
#include "client_fixture.h"
#include "shared_torture.h"

#define CLIENTS 200u
#define CYCLES 500u
/* The goal of a connected client. */
#define CLIENT_BYTES 5120u

static size_t connects;

static void count_connect(peal_client_nsp *nsp, void *user) {
  (void)nsp;
  (void)user;
  connects++;
}

/* -- what one costs ---------------------------------------------------------- */

static void steps_until(peal_workers *workers, const size_t *count,
                        size_t want) {
  for (int i = 0; i < 20000 && *count < want; i++)
    assert_int_equal(peal_workers_step(workers, 10), PEAL_OK);
  assert_true(*count >= want);
}

static void cost_by(peal_client_transports way) {
  server_fixture server = fixture_serve();
  shared_torture memory;
  shared_init(&memory);
  peal_workers *workers = peal_workers_new(
      &(peal_workers_opts){.mem = &memory.mem, .log = {.fn = server_quiet}});
  peal_client_opts opts = fixture_opts(&server);
  opts.worker = peal_workers_get(workers, 0);
  opts.mem = &memory.mem;
  opts.transports = way;
  peal_client *clients[CLIENTS + 1];
  assert_int_equal(peal_workers_begin(workers), PEAL_OK);
  connects = 0;
  size_t before = 0;
  for (size_t i = 0; i <= CLIENTS; i++) {
    /* One after the other: what the way there takes is used again. The first
     * one pays for what all share. */
    steps_until(workers, &connects, i);
    if (i == 1)
      before = memory.torture.bytes;
    assert_int_equal(peal_client_new(&clients[i], &opts, NULL), PEAL_OK);
    assert_int_equal(peal_client_on_connect(peal_client_of(clients[i], NULL),
                                            count_connect, NULL),
                     PEAL_OK);
  }
  steps_until(workers, &connects, CLIENTS + 1);
  for (int i = 0; i < 20; i++)
    assert_int_equal(peal_workers_step(workers, 5), PEAL_OK);
  size_t each = (memory.torture.bytes - before) / CLIENTS;
  print_message("a connected client takes %zu bytes\n", each);
  assert_true(each < CLIENT_BYTES);
  assert_int_equal(peal_workers_end(workers), 0);
  for (size_t i = 0; i <= CLIENTS; i++)
    peal_client_free(clients[i]);
  peal_workers_free(workers);
  assert_int_equal(memory.torture.live, 0);
  fixture_end(&server);
}

static void a_connected_client_costs_less_than_5_kib(void **state) {
  (void)state;
  cost_by(PEAL_CLIENT_WEBSOCKET_ONLY);
}

/* -- reconnections ------------------------------------------------------------ */

static void on_connect_again(peal_client_nsp *nsp, void *user) {
  (void)user;
  if (++connects >= CYCLES)
    return;
  peal_client_close(peal_client_nsp_client(nsp));
  assert_int_equal(peal_client_open(peal_client_nsp_client(nsp)), PEAL_OK);
}

static void reconnect_by(peal_client_transports way) {
  server_fixture server = fixture_serve();
  shared_torture memory;
  shared_init(&memory);
  peal_client_opts opts = fixture_opts(&server);
  opts.transports = way;
  opts.mem = &memory.mem;
  peal_client *client;
  assert_int_equal(peal_client_new(&client, &opts, NULL), PEAL_OK);
  peal_workers *workers = peal_client_workers(client);
  assert_int_equal(peal_client_on_connect(peal_client_of(client, NULL),
                                          on_connect_again, NULL),
                   PEAL_OK);
  assert_int_equal(peal_workers_begin(workers), PEAL_OK);
  connects = 0;
  steps_until(workers, &connects, CYCLES / 2);
  size_t middle = memory.torture.bytes;
  steps_until(workers, &connects, CYCLES);
  size_t grown =
      memory.torture.bytes > middle ? memory.torture.bytes - middle : 0;
  print_message("%u reconnections: %zu bytes grown\n", CYCLES / 2, grown);
  assert_true(grown < 65536);
  peal_client_free(client);
  assert_int_equal(memory.torture.live, 0);
  fixture_end(&server);
}

static void hundreds_of_reconnections_leave_nothing(void **state) {
  (void)state;
  reconnect_by(PEAL_CLIENT_WEBSOCKET_ONLY);
  reconnect_by(PEAL_CLIENT_POLLING_FIRST);
}

/* -- every allocation fails --------------------------------------------------- */

static size_t asked, told;

static void on_told(peal_client_nsp *nsp, peal_err err, peal_args args,
                    void *user) {
  (void)nsp;
  (void)err;
  (void)args;
  (void)user;
  told++;
}

static void ask_more(peal_client_nsp *nsp, void *user) {
  (void)user;
  connects++;
  asked += !peal_client_emit_ack(nsp, NULL, "echo", PEAL_ARGS(peal_int(1)),
                                 on_told, NULL);
}

static void give(peal_client_nsp *nsp, peal_client_auth *ask, void *user) {
  (void)nsp;
  (void)user;
  (void)peal_client_auth_give(ask, PEAL_OBJECT({"name", peal_str("x")}));
}

static void set_up(peal_client *client) {
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  peal_client_nsp *other = peal_client_of(client, "/other");
  if (!nsp || !other)
    return;
  (void)peal_client_on_connect(nsp, ask_more, NULL);
  (void)peal_client_on(nsp, "echo", fixture_on_any, NULL);
  (void)peal_client_once(other, "echo", fixture_on_any, NULL);
  (void)peal_client_on_auth(other, give, NULL);
  (void)peal_client_set_auth(nsp, PEAL_OBJECT({"name", peal_str("x")}));
  asked +=
      !peal_client_emit_ack(other, NULL, "echo", PEAL_NO_ARGS, on_told, NULL);
  (void)peal_client_emit(nsp, "echo", PEAL_ARGS(peal_binary(PEAL_S("bytes"))));
}

/* False: nothing failed any more. */
static bool life_with(const server_fixture *server, size_t fail_at,
                      peal_client_transports way) {
  shared_torture memory;
  shared_init(&memory);
  peal_client_opts opts = fixture_opts(server);
  opts.transports = way;
  opts.reconnection_delay_ms = 1;
  opts.reconnection_delay_max_ms = 2;
  opts.mem = &memory.mem;
  peal_client *client;
  asked = told = 0;
  arm(&memory, fail_at);
  peal_err err = peal_client_new(&client, &opts, NULL);
  assert_true(!err || err == PEAL_ERR_NOMEM);
  if (!err) {
    peal_workers *workers = peal_client_workers(client);
    set_up(client);
    err = peal_workers_begin(workers);
    for (int i = 0; i < 25 && !err; i++)
      err = peal_workers_step(workers, 1);
    peal_client_free(client);
  }
  bool failed = disarm(&memory);
  assert_int_equal(told, asked);
  if (memory.torture.live)
    fprintf(stderr, "allocation %zu\n", fail_at);
  assert_int_equal(memory.torture.live, 0);
  return failed;
}

static void each_allocation_may_fail(void **state) {
  static const peal_client_transports ways[] = {PEAL_CLIENT_POLLING_FIRST,
                                                PEAL_CLIENT_WEBSOCKET_ONLY};
  (void)state;
  server_fixture server = fixture_serve();
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    size_t at = 1;
    while (life_with(&server, at, ways[i]) && at < 2000)
      at++;
    assert_true(at > 30);
  }
  fixture_end(&server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_connected_client_costs_less_than_5_kib),
      cmocka_unit_test(hundreds_of_reconnections_leave_nothing),
      cmocka_unit_test(each_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
