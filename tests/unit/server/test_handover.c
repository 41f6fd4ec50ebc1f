/* SPDX-License-Identifier: MIT */
/* handover: one server goes, another comes, and clients notice nothing. Both are
 * in this process: they know each other by nothing but a path. */
#include <peal/handover.h>

#include "server_fixture.h"

static char place[64];

static peal_server_opts opts_of(unsigned workers) {
  peal_server_opts opts = server_opts();
  opts.workers = workers;
  opts.handover = place;
  opts.allow_eio3 = true;
  return opts;
}

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  assert_int_equal(
      peal_emit(socket, "back", PEAL_ARGS(peal_event_arg(event, 0))), PEAL_OK);
}

static void on_room(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)event;
  assert_int_equal(peal_nsp_emit(peal_socket_nsp(socket), PEAL_TO("room"),
                                 "all", PEAL_ARGS(peal_int(1))),
                   PEAL_OK);
}

static void on_adopted(peal_socket *socket, void *user) {
  (void)user;
  trace_add(
      "adopted %s, %d rooms, in %d, data %d, token %.*s, agent %.*s",
      peal_socket_transport(socket), (int)peal_socket_room_count(socket),
      peal_socket_in(socket, "room"),
      (int)peal_val_int(peal_val_get(peal_socket_data(socket), "n"), -1),
      PEAL_SFMT(peal_val_str(peal_val_get(peal_socket_auth(socket), "token"))),
      PEAL_SFMT(peal_socket_header(socket, "x-agent")));
}

static void on_handover(peal_socket *socket, void *user) {
  (void)user;
  assert_int_equal(
      peal_socket_set_data(socket, PEAL_OBJECT({"n", peal_int(7)})), PEAL_OK);
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  return peal_join(socket, "room");
}

static void on_name(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)event;
  assert_int_equal(
      peal_emit(socket, "name",
                PEAL_ARGS(peal_str(peal_socket_id(socket)),
                          peal_val_get(peal_socket_auth(socket), "x"))),
      PEAL_OK);
}

static server_fixture start(const peal_server_opts *opts) {
  server_fixture it = server_make(opts);
  peal_nsp *other = peal_server_of(it.server, "/other");
  assert_int_equal(peal_on(other, "name", on_name, NULL), PEAL_OK);
  server_trace_ends(it.root);
  assert_int_equal(peal_on(it.root, "echo", on_echo, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "room", on_room, NULL), PEAL_OK);
  assert_int_equal(peal_on_connect(it.root, on_connect, NULL), PEAL_OK);
  assert_int_equal(peal_on_handover(it.root, on_handover, NULL), PEAL_OK);
  assert_int_equal(peal_on_adopted(it.root, on_adopted, NULL), PEAL_OK);
  server_run(&it);
  return it;
}

static void echoes(sio_client *client) {
  assert_true(sio_client_send(client, "42[\"echo\",1]"));
  assert_true(sio_client_expect(client, "42[\"back\",1]"));
}

/* The file is there: the server would give way. */
static void await_place(void) {
  for (int i = 0; i < 10000 && access(place, F_OK) != 0; i++)
    usleep(1000);
}

/* `from` gives way and ends. */
static server_fixture replace(server_fixture *from,
                              const peal_server_opts *opts) {
  await_place();
  server_fixture it = start(opts);
  assert_int_equal(it.port, from->port);
  server_join(from);
  server_free(from);
  return it;
}

static int set_place(void **state) {
  (void)state;
  snprintf(place, sizeof place, "/tmp/peal-handover-%d", (int)getpid());
  return 0;
}

static void open_with(sio_client *client, unsigned port, sio_via via) {
  *client = (sio_client){.fields = "X-Agent: me\r\n"};
  assert_true(sio_client_open_with(client, port, via));
  assert_true(sio_client_join(client, "/", "{\"token\":\"t\"}"));
}

static void a_client_goes_on(void **state) {
  (void)state;
  static const unsigned workers[][2] = {{1, 1}, {1, 2}, {2, 1}, {3, 2}};
  for (size_t w = 0; w < sizeof workers / sizeof *workers; w++) {
    for (sio_via via = SIO_WEBSOCKET; via <= SIO_POLLING; via++) {
      peal_server_opts opts = opts_of(workers[w][0]);
      server_fixture it = start(&opts);
      sio_client client;
      open_with(&client, it.port, via);
      echoes(&client);
      for (int i = 0; i < 3; i++) {
        opts = opts_of(workers[w][!(i & 1)]);
        it = replace(&it, &opts);
        echoes(&client);
        echoes(&client);
        char told[200];
        snprintf(told, sizeof told,
                 "adopted %s, 2 rooms, in 1, data 7, token t, agent me\n",
                 via == SIO_WEBSOCKET ? "websocket" : "polling");
        trace_expect(told);
        assert_true(sio_client_send(&client, "42[\"room\"]"));
        assert_true(sio_client_expect(&client, "42[\"all\",1]"));
      }
      sio_client_close(&client);
      server_stop(&it);
    }
  }
}

/* It has left "/", which is not joined for it again. */
static void a_client_of_socket_io_2_goes_on(void **state) {
  (void)state;
  peal_server_opts opts = opts_of(1);
  server_fixture it = start(&opts);
  sio_client client = {.eio3 = true};
  char name[128];
  assert_true(sio_client_open_with(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_expect(&client, "40"));
  assert_true(sio_client_send(&client, "40/other?x=y,"));
  assert_true(sio_client_expect(&client, "40/other,"));
  assert_true(sio_client_send(&client, "41"));
  snprintf(name, sizeof name, "42/other,[\"name\",\"/other#%s\",\"y\"]",
           client.sid);
  for (unsigned i = 0; i < 3; i++) {
    assert_true(sio_client_send(&client, "42/other,[\"name\"]"));
    assert_true(sio_client_expect(&client, name));
    assert_true(sio_client_send(&client, "2"));
    assert_true(sio_client_expect(&client, "3"));
    assert_true(server_has_sockets(&it, 1));
    opts = opts_of(1 + (i & 1));
    it = replace(&it, &opts);
  }
  assert_true(sio_client_send(&client, "40"));
  assert_true(sio_client_expect(&client, "40"));
  echoes(&client);
  sio_client_close(&client);
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_client_goes_on),
      cmocka_unit_test(a_client_of_socket_io_2_goes_on),
  };
  return cmocka_run_group_tests(tests, set_place, NULL);
}
