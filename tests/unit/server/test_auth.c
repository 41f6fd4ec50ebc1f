/* SPDX-License-Identifier: MIT */
/* What a client sends as `auth` is kept as text: bounded, charged, and the same
 * each time it is asked for. */
#include "server/server_impl.h"
#include "server_fixture.h"

static char *big_array(const char *before, size_t bytes) {
  size_t len = strlen(before);
  char *text = malloc(len + bytes + 3);
  assert_non_null(text);
  memcpy(text, before, len);
  size_t at = len;
  text[at++] = '[';
  while (at < len + bytes) {
    text[at++] = '1';
    text[at++] = ',';
  }
  text[at - 1] = ']';
  text[at++] = '}';
  text[at] = 0;
  return text;
}

static atomic_size_t charged;

/* In the middleware, and later: from a handler. */
static void look(const peal_socket *socket) {
  peal_val auth = peal_socket_auth(socket);
  trace_add("%s %lld", peal_val_type_name(auth),
            (long long)peal_val_int(peal_val_get(auth, "n"), -1));
  atomic_store(&charged, peal_engine_conn_account(socket->client->conn)->used);
}

static void use_look(peal_socket *socket, peal_next *next, void *user) {
  (void)user;
  look(socket);
  look(socket);
  peal_next_ok(next);
}

static void on_look(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  look(socket);
  (void)peal_ack(event, PEAL_NO_ARGS);
}

static void auth_server(server_fixture *it, size_t max_auth_bytes) {
  peal_server_opts opts = server_opts();
  opts.max_auth_bytes = max_auth_bytes;
  *it = server_make(&opts);
  assert_int_equal(peal_use(it->root, use_look, NULL), PEAL_OK);
  assert_int_equal(peal_on(it->root, "look", on_look, NULL), PEAL_OK);
  server_run(it);
}

static void it_can_be_asked_for_at_any_time(void **state) {
  (void)state;
  server_fixture it;
  auth_server(&it, 0);

  static const struct {
    const char *auth, *seen;
  } cases[] = {{"{\"n\":12345678901}", "object 12345678901\n"},
               {"{}", "object -1\n"},
               {NULL, "undefined -1\n"}};

  for (int i = 0; i < 6; i++) {
    sio_client a;
    char expected[200];
    const char *seen = cases[i / 2].seen;
    assert_true(
        sio_client_open(&a, it.port, i & 1 ? SIO_POLLING : SIO_WEBSOCKET));
    assert_true(sio_client_join(&a, "/", cases[i / 2].auth));
    assert_true(sio_client_send(&a, "421[\"look\"]"));
    assert_true(sio_client_await(&a, "431[]"));
    snprintf(expected, sizeof expected, "%s%s%s", seen, seen, seen);
    trace_expect(expected);
    sio_client_close(&a);
  }
  server_stop(&it);
}

static void join_with(sio_client *client, const char *packet) {
  assert_true(sio_client_send(client, packet));
}

/* Nine times as much, when it was kept as values. */
static void it_costs_what_its_text_costs(void **state) {
  (void)state;
  server_fixture it;
  auth_server(&it, 900000);
  sio_client a;
  size_t before;
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  char *packet = big_array("40{\"a\":", 800000);
  join_with(&a, packet);
  const sio_packet *got = sio_client_next(&a, 10000);
  assert_non_null(got);
  assert_memory_equal(got->data, "40{\"sid\":", 9);
  trace_expect("object -1\nobject -1\n");
  /* Behind the handlers of its own message, which is held meanwhile. */
  assert_true(sio_client_send(&a, "421[\"look\"]"));
  assert_true(sio_client_await(&a, "431[]"));
  trace_expect("object -1\n");
  assert_true(atomic_load(&charged) >= 800000);
  assert_true(atomic_load(&charged) < 820000);
  before = atomic_load(&charged);
  /* It goes with the socket, and the client stays. */
  assert_true(sio_client_send(&a, "41"));
  assert_true(sio_client_join(&a, "/", "{\"n\":1}"));
  trace_expect("object 1\nobject 1\n");
  assert_true(atomic_load(&charged) < before - 700000);
  free(packet);
  sio_client_close(&a);
  server_stop(&it);
}

static void too_much_of_it_is_refused(void **state) {
  (void)state;
  server_fixture it;
  auth_server(&it, 0);
  sio_client a;
  char *too_much = big_array("40{\"a\":", 65536);
  char *much = big_array("40{\"a\":", 65000);
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  for (int i = 0; i < 3; i++) {
    join_with(&a, too_much);
    assert_true(sio_client_expect(&a, "44{\"message\":\"auth is too large\"}"));
  }
  trace_expect("");
  join_with(&a, much);
  const sio_packet *got = sio_client_next(&a, 10000);
  assert_non_null(got);
  assert_memory_equal(got->data, "40{\"sid\":", 9);
  trace_expect("object -1\nobject -1\n");
  free(much);
  free(too_much);
  sio_client_close(&a);
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_can_be_asked_for_at_any_time),
      cmocka_unit_test(it_costs_what_its_text_costs),
      cmocka_unit_test(too_much_of_it_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
