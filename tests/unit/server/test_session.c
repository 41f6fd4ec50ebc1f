/* SPDX-License-Identifier: MIT */
/* Named values of a client in a namespace (<peal/session.h>). */
#include <peal/session.h>

#include "server_fixture.h"

static void trace_values(const peal_socket *socket, const char *where) {
  char text[200];
  size_t at = (size_t)snprintf(text, sizeof text, "%s:", where);
  peal_val value;
  size_t count = peal_session_count(socket);
  for (size_t i = 0; i < count; i++) {
    const char *name = peal_session_at(socket, i, &value);
    assert_non_null(name);
    assert_int_equal(peal_val_int(peal_session_get(socket, name), -1),
                     peal_val_int(value, -2));
    at += (size_t)snprintf(text + at, sizeof text - at, " %s=%lld", name,
                           (long long)peal_val_int(value, -1));
  }
  assert_null(peal_session_at(socket, count, &value));
  assert_true(peal_val_is(value, PEAL_UNDEFINED));
  trace_add("%s", text);
}

/* ["set", name, number or null] */
static void on_set(peal_socket *socket, const peal_event *event, void *user) {
  char name[32];
  (void)user;
  peal_slice text = peal_val_str(peal_event_arg(event, 0));
  snprintf(name, sizeof name, "%.*s", PEAL_SFMT(text));
  peal_val value = peal_event_arg(event, 1);
  assert_int_equal(peal_session_set(socket, name, value), PEAL_OK);
  peal_ack(event, PEAL_NO_ARGS);
}

static void on_clear(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_session_clear(socket);
  peal_ack(event, PEAL_NO_ARGS);
}

static void on_show(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  trace_values(socket, peal_nsp_name(peal_socket_nsp(socket)));
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  trace_values(socket, peal_socket_is_recovered(socket) ? "again" : "connect");
  return PEAL_OK;
}

static void on_disconnect(peal_socket *socket, peal_reason reason, peal_err err,
                          void *user) {
  (void)reason;
  (void)err;
  (void)user;
  trace_values(socket, "disconnect");
}

static void set_up(peal_nsp *nsp) {
  assert_int_equal(peal_on(nsp, "set", on_set, NULL), PEAL_OK);
  assert_int_equal(peal_on(nsp, "clear", on_clear, NULL), PEAL_OK);
  assert_int_equal(peal_on(nsp, "show", on_show, NULL), PEAL_OK);
  assert_int_equal(peal_on_connect(nsp, on_connect, NULL), PEAL_OK);
  assert_int_equal(peal_on_disconnect(nsp, on_disconnect, NULL), PEAL_OK);
}

static bool set(sio_client *client, const char *nsp, const char *args) {
  char text[128];
  snprintf(text, sizeof text, "42%s1[\"set\",%s]", nsp, args);
  if (!sio_client_send(client, text))
    return false;
  snprintf(text, sizeof text, "43%s1[]", nsp);
  return sio_client_expect(client, text);
}

static void values_outlive_their_socket_on_one_connection(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  set_up(it.root);
  set_up(peal_server_of(it.server, "/a"));
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/a", NULL));
  trace_expect("connect:\nconnect:\n");
  assert_true(set(&client, "", "\"x\",1"));
  assert_true(set(&client, "", "\"y\",2"));
  assert_true(set(&client, "/a,", "\"x\",3"));
  assert_true(sio_client_send(&client, "42[\"show\"]"));
  assert_true(sio_client_send(&client, "42/a,[\"show\"]"));
  trace_expect("/: x=1 y=2\n/a: x=3\n");
  assert_true(set(&client, "", "\"x\",4")); /* its place stays */
  assert_true(sio_client_send(&client, "41"));
  trace_expect("disconnect: x=4 y=2\n");
  assert_true(sio_client_join(&client, "/", NULL));
  trace_expect("connect: x=4 y=2\n");
  sio_client other; /* another connection has its own */
  assert_true(sio_client_start(&other, it.port, SIO_POLLING));
  trace_expect("connect:\n");
  sio_client_close(&client);
  trace_await("disconnect: x=4 y=2\n");
  trace_await("disconnect: x=3\n");
  trace_clear();
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  trace_expect("connect:\n");
  sio_client_close(&client);
  sio_client_close(&other);
  server_stop(&it);
}

static void on_remove(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)user;
  assert_int_equal(peal_session_set(socket, "x", peal_undefined()), PEAL_OK);
  assert_int_equal(peal_session_set(socket, "none", peal_undefined()), PEAL_OK);
  peal_ack(event, PEAL_NO_ARGS);
}

static void values_are_removed_one_by_one_and_all(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  set_up(it.root);
  assert_int_equal(peal_on(it.root, "remove", on_remove, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  trace_expect("connect:\n");
  assert_true(sio_client_send(&client, "421[\"clear\"]"));
  assert_true(sio_client_expect(&client, "431[]"));
  assert_true(set(&client, "", "\"x\",1"));
  assert_true(set(&client, "", "\"y\",2"));
  assert_true(sio_client_send(&client, "421[\"remove\"]"));
  assert_true(sio_client_expect(&client, "431[]"));
  assert_true(sio_client_send(&client, "42[\"show\"]"));
  trace_expect("/: y=2\n");
  assert_true(sio_client_send(&client, "421[\"clear\"]"));
  assert_true(sio_client_expect(&client, "431[]"));
  assert_true(set(&client, "", "\"x\",1"));
  assert_true(sio_client_send(&client, "421[\"remove\"]"));
  assert_true(sio_client_expect(&client, "431[]"));
  assert_true(sio_client_send(&client, "42[\"show\"]"));
  trace_expect("/:\n");
  sio_client_close(&client);
  server_stop(&it);
}

static void on_misuse(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)user;
  assert_int_equal(peal_session_set(NULL, "x", peal_int(1)), PEAL_ERR_USAGE);
  assert_int_equal(peal_session_set(socket, NULL, peal_int(1)), PEAL_ERR_USAGE);
  assert_true(peal_val_is(peal_session_get(socket, NULL), PEAL_UNDEFINED));
  assert_true(peal_val_is(peal_session_get(NULL, "x"), PEAL_UNDEFINED));
  assert_int_equal(peal_session_count(NULL), 0);
  assert_null(peal_session_at(NULL, 0, NULL));
  peal_session_clear(NULL);
  peal_ack(event, PEAL_NO_ARGS);
}

/* Until the client holds as much as it may; what is there stays. */
static void on_fill(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  static char text[65536];
  memset(text, 'a', sizeof text);
  peal_err err = PEAL_OK;
  int count = 0;
  for (; !err && count < 100000; count++) {
    char name[16];
    snprintf(name, sizeof name, "n%d", count);
    err = peal_session_set(socket, name,
                           peal_str_slice((peal_slice){text, sizeof text}));
  }
  assert_true(err == PEAL_ERR_LIMIT || err == PEAL_ERR_NOMEM);
  assert_int_equal(peal_session_count(socket), count - 1);
  peal_session_clear(socket);
  assert_int_equal(peal_session_set(socket, "x", peal_int(1)), PEAL_OK);
  peal_ack(event, PEAL_NO_ARGS);
}

static void values_are_charged_to_their_client(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.max_held_bytes = 32u << 20;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on(it.root, "fill", on_fill, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "misuse", on_misuse, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "421[\"misuse\"]"));
  assert_true(sio_client_expect(&client, "431[]"));
  assert_true(sio_client_send(&client, "422[\"fill\"]"));
  assert_true(sio_client_expect(&client, "432[]"));
  sio_client_close(&client);
  server_stop(&it);
}

/* -- recovery ------------------------------------------------------------------------ */

/* Of 40{"sid":"…","pid":"…"} */
static void pid_of(const sio_client *client, char pid[64]) {
  const char *at = strstr(client->current->data, "\"pid\":\"");
  assert_non_null(at);
  assert_int_equal(sscanf(at, "\"pid\":\"%63[^\"]", pid), 1);
}

static void values_come_back_with_who_comes_back(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.workers = 4;
  opts.recovery.window_ms = 60000;
  server_fixture it = server_make(&opts);
  set_up(it.root);
  server_run(&it);
  char pid[64], auth[160];
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/", NULL));
  pid_of(&client, pid);
  trace_expect("connect:\n");
  assert_true(set(&client, "", "\"x\",1"));
  assert_true(set(&client, "", "\"y\",2"));
  for (int i = 0; i < 4; i++) {
    sio_client_reset(&client);
    trace_expect("disconnect: x=1 y=2\n");
    assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
    snprintf(auth, sizeof auth, "{\"pid\":\"%s\"}", pid);
    assert_true(sio_client_join(&client, "/", auth));
    trace_expect("again: x=1 y=2\n");
  }
  sio_client_reset(&client);
  trace_expect("disconnect: x=1 y=2\n");
  server_stop(&it); /* with what is kept */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_outlive_their_socket_on_one_connection),
      cmocka_unit_test(values_are_removed_one_by_one_and_all),
      cmocka_unit_test(values_are_charged_to_their_client),
      cmocka_unit_test(values_come_back_with_who_comes_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
