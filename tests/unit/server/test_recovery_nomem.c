/* SPDX-License-Identifier: MIT */
/* Memory runs out at every single allocation between a client's first CONNECT and
 * its last: it may be refused or be a new socket, but who is told that it has come
 * back has missed nothing, and nothing is left of anybody. */
#include "comer.h"
#include "shared_torture.h"

#define RETURNS 3

/* The fixture's client waits for long where nothing comes: here it is told. */
static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  (void)peal_socket_set_data(socket, PEAL_OBJECT({"a", peal_int(1)}));
  return peal_join(socket, "news"); /* who is not in it misses nothing */
}

static int seen;

static void count(const char *packet, void *user) {
  (void)user;
  const char *at = strstr(packet, "[\"say\",");
  if (at)
    seen = seen * 10 + atoi(at + 7);
}

static void come_and_go(server_fixture *it) {
  comer a = {0};
  for (int i = 0; i <= RETURNS; i++) {
    bool was_in = a.pid[0] != 0;
    seen = 0;
    bool open = sio_client_open(&a.io, it->port, SIO_WEBSOCKET) &&
                comer_join(&a, "", count, NULL);
    if (open && was_in && a.recovered)
      assert_int_equal(seen, 12);
    if (!open) /* refused: its word is worth nothing */
      memset(a.pid, 0, sizeof a.pid);
    if (!open || !a.recovered)
      memset(a.offset, 0, sizeof a.offset);
    sio_client_reset(&a.io);
    assert_true(server_has_clients(it, 0));
    peal_err one =
        peal_nsp_emit(it->root, PEAL_TO("news"), "say", PEAL_ARGS(peal_int(1)));
    peal_err two = peal_nsp_emit(it->root, NULL, "say", PEAL_ARGS(peal_int(2)));
    if (one || two) /* they were not emitted: nobody misses them */
      memset(a.pid, 0, sizeof a.pid);
  }
}

static bool run_one(size_t n) {
  shared_torture s;
  shared_init(&s);
  peal_server_opts opts = server_opts();
  opts.mem = &s.mem;
  opts.recovery.window_ms = 60000;
  opts.log.level = PEAL_LOG_ERROR;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on_connect(it.root, on_connect, NULL), PEAL_OK);
  server_run(&it);
  arm(&s, n);
  come_and_go(&it);
  bool failed = disarm(&s);
  comer b = {0};
  assert_true(comer_open(&b, it.port, SIO_WEBSOCKET, NULL, NULL));
  sio_client_close(&b.io);
  server_stop(&it);
  if (s.torture.live)
    fail_msg("allocation %zu failing leaks %zu blocks", n, s.torture.live);
  pthread_mutex_destroy(&s.lock);
  return failed;
}

static void whatever_fails_who_has_come_back_has_all(void **state) {
  (void)state;
  size_t n = 1;
  while (n < 400 && run_one(n))
    n++;
  print_message("%zu allocations\n", n - 1);
  assert_in_range(n, 20, 399);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whatever_fails_who_has_come_back_has_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
