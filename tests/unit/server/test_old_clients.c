/* SPDX-License-Identifier: MIT */
/* Clients of Socket.IO 2: what handlers see of them, and their names. The bytes
 * on the wire are in tests/e2e/wire_eio3.js. */
#include "server_fixture.h"

static server_fixture make(void) {
  peal_server_opts opts = server_opts();
  opts.allow_eio3 = true;
  opts.workers = 1;
  return server_make(&opts);
}

static bool open_old(sio_client *client, unsigned port) {
  *client = (sio_client){.eio3 = true};
  return sio_client_open_with(client, port, SIO_WEBSOCKET);
}

static void on_event(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  assert_int_equal(peal_emit(socket, "echo", peal_event_args(event)), PEAL_OK);
}

/* -- names ---------------------------------------------------------------------- */

static void on_fetched(const peal_fetched *fetched, void *user) {
  (void)user;
  for (size_t i = 0; i < fetched->sockets.count; i++) {
    peal_val one = fetched->sockets.items[i];
    if (peal_val_is(one, PEAL_OBJECT)) {
      trace_add(
          "fetched %.*s, room %.*s",
          PEAL_SFMT(peal_val_str(peal_val_get(one, "id"))),
          PEAL_SFMT(peal_val_str(peal_val_at(peal_val_get(one, "rooms"), 0))));
    } else {
      trace_add("id %.*s", PEAL_SFMT(peal_val_str(one)));
    }
  }
}

static void on_names(peal_socket *socket, const peal_event *event, void *user) {
  peal_nsp *nsp = peal_socket_nsp(socket);
  const char *id = peal_socket_id(socket), *sid = strchr(id, '#');
  (void)event;
  (void)user;
  sid = sid ? sid + 1 : id;
  trace_add("name %s, room %s of %zu", id, peal_socket_room(socket, 0),
            peal_socket_room_count(socket));
  assert_ptr_equal(peal_nsp_find(nsp, id), socket);
  assert_ptr_equal(peal_nsp_find(nsp, sid), socket);
  assert_null(peal_nsp_find(nsp, "/other#aaaaaaaaaaaaaaaaaaaa"));
  assert_true(peal_socket_in(socket, id));
  assert_int_equal(peal_join(socket, id), PEAL_OK); /* it is there */
  assert_int_equal(peal_socket_room_count(socket), 1);
  const peal_to by_name = {.rooms = PEAL_ROOMS(id)};
  const peal_to not_it = {.except = PEAL_ROOMS(id)};
  assert_int_equal(peal_nsp_emit(nsp, &by_name, "found", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_int_equal(peal_nsp_emit(nsp, &not_it, "others", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_int_equal(peal_nsp_fetch(nsp, &by_name, on_fetched, NULL), PEAL_OK);
  assert_int_equal(peal_nsp_fetch_ids(nsp, &by_name, on_fetched, NULL),
                   PEAL_OK);
}

static void ids_are_made_of_the_sessions(void **state) {
  server_fixture it = make();
  peal_nsp *room = peal_server_of(it.server, "/room");
  sio_client client;
  char expected[512];
  (void)state;
  assert_int_equal(peal_on(it.root, "names", on_names, NULL), PEAL_OK);
  assert_int_equal(peal_on(room, "names", on_names, NULL), PEAL_OK);
  server_run(&it);
  assert_true(open_old(&client, it.port));
  assert_true(sio_client_expect(&client, "40"));
  assert_true(sio_client_send(&client, "42[\"names\"]"));
  assert_true(sio_client_expect(&client, "42[\"found\"]"));
  const char *sid = client.sid;
  snprintf(expected, sizeof expected,
           "name %s, room %s of 1\nfetched %s, room %s\nid %s\n", sid, sid, sid,
           sid, sid);
  trace_expect(expected);
  trace_clear();
  assert_true(sio_client_send(&client, "40/room"));
  assert_true(sio_client_expect(&client, "40/room,"));
  assert_true(sio_client_send(&client, "42/room,[\"names\"]"));
  assert_true(sio_client_expect(&client, "42/room,[\"found\"]"));
  snprintf(expected, sizeof expected,
           "name /room#%s, room /room#%s of 1\n"
           "fetched /room#%s, room /room#%s\nid /room#%s\n",
           sid, sid, sid, sid, sid);
  trace_expect(expected);
  sio_client_close(&client);
  assert_true(server_has_sockets(&it, 0));
  server_stop(&it);
}

/* -- connecting ------------------------------------------------------------------ */

static peal_next *asked;

static void on_use(peal_socket *socket, peal_next *next, void *user) {
  char auth[128] = "none";
  peal_val value = peal_val_get(peal_socket_auth(socket), "x");
  (void)user;
  if (peal_val_is(value, PEAL_STRING))
    snprintf(auth, sizeof auth, "%.*s", PEAL_SFMT(peal_val_str(value)));
  trace_add("auth %s", auth);
  if (strcmp(auth, "no") == 0)
    peal_next_refuse(next, "not you", peal_undefined());
  else if (strcmp(auth, "data") == 0)
    peal_next_refuse(next, "not you", peal_int(7));
  else if (strcmp(auth, "later") == 0)
    asked = next;
  else
    peal_next_ok(next);
}

static void on_go_on(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)event;
  (void)user;
  assert_non_null(asked);
  peal_next_ok(asked);
}

static void a_query_is_auth_and_refusals_say_one_thing(void **state) {
  server_fixture it = make();
  peal_nsp *room = peal_server_of(it.server, "/room");
  sio_client client;
  (void)state;
  assert_int_equal(peal_use(room, on_use, NULL), PEAL_OK);
  assert_int_equal(peal_on(room, "a", on_event, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "go on", on_go_on, NULL), PEAL_OK);
  server_run(&it);
  assert_true(open_old(&client, it.port));
  assert_true(sio_client_expect(&client, "40"));
  assert_true(sio_client_send(&client, "40/room?x=no,"));
  assert_true(sio_client_expect(&client, "44/room,\"not you\""));
  assert_true(sio_client_send(&client, "40/room?x=data,"));
  assert_true(sio_client_expect(&client, "44/room,7"));
  assert_true(sio_client_send(&client, "40/room?x=later,"));
  assert_true(sio_client_send(&client, "42/room,[\"a\",1]")); /* is held */
  assert_true(sio_client_send(&client, "42[\"go on\"]"));
  assert_true(sio_client_expect(&client, "40/room,"));
  assert_true(sio_client_expect(&client, "42/room,[\"echo\",1]"));
  trace_expect("auth no\nauth data\nauth later\n");
  sio_client_close(&client);
  server_stop(&it);
}

/* -- the first moment --------------------------------------------------------------- */

static peal_err on_connect(peal_socket *socket, void *user) {
  switch (*(const char *)user) {
  case 'r':
    return peal_refuse(socket, "no", peal_undefined());
  case 'l':
    peal_disconnect(socket, false);
    break;
  case 'c':
    peal_disconnect(socket, true);
    break;
  default:
    assert_int_equal(peal_emit(socket, "hello", PEAL_NO_ARGS), PEAL_OK);
    break;
  }
  return PEAL_OK;
}

/* While the session is being made. */
static void connect_handlers_may_do_anything(void **state) {
  static char ways[][2] = {"h", "r", "l", "c"};
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    server_fixture it = make();
    sio_client client;
    assert_int_equal(peal_on_connect(it.root, on_connect, ways[i]), PEAL_OK);
    server_run(&it);
    assert_true(open_old(&client, it.port));
    if (i == 0) {
      assert_true(sio_client_expect(&client, "40"));
      assert_true(sio_client_expect(&client, "42[\"hello\"]"));
    } else if (i == 1) {
      assert_true(sio_client_expect(&client, "44\"no\""));
    } else {
      assert_true(sio_client_expect(&client, "40"));
      assert_true(sio_client_expect(&client, "41"));
    }
    if (i == 3)
      assert_true(sio_client_ends(&client, 5000));
    sio_client_close(&client);
    assert_true(server_has_clients(&it, 0));
    server_stop(&it);
  }
}

/* In the body that answers the handshake; the next one says the end. */
static void a_first_body_has_it_all(void **state) {
  static char ways[][2] = {"h", "r", "l", "c"};
  static const char *const ends[] = {"2:4011:42[\"hello\"]", "6:44\"no\"",
                                     "2:402:41", "2:402:41"};
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    server_fixture it = make();
    unsigned status;
    assert_int_equal(peal_on_connect(it.root, on_connect, ways[i]), PEAL_OK);
    server_run(&it);
    char *body =
        sio_client_http(it.port, "GET", "/socket.io/?EIO=3&transport=polling",
                        NULL, NULL, &status);
    assert_non_null(body);
    assert_int_equal(status, 200);
    size_t len = strlen(body), end = strlen(ends[i]);
    assert_true(len > end);
    assert_string_equal(body + len - end, ends[i]);
    if (i == 3) {
      char target[128];
      snprintf(target, sizeof target,
               "/socket.io/?EIO=3&transport=polling&sid=%.20s",
               strstr(body, "\"sid\":\"") + 7);
      char *last = sio_client_http(it.port, "GET", target, NULL, NULL, &status);
      assert_non_null(last);
      assert_string_equal(last, "1:61:1");
      free(last);
      assert_true(server_has_clients(&it, 0));
    }
    free(body);
    server_stop(&it);
  }
}

/* -- recovery --------------------------------------------------------------------- */

static peal_err greet_all(peal_socket *socket, void *user) {
  (void)user;
  return peal_nsp_emit(peal_socket_nsp(socket), NULL, "came", PEAL_NO_ARGS);
}

/* It has no part in it, whatever happens to its connection. */
static void recovery_passes_them_by(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.allow_eio3 = true;
  opts.recovery.window_ms = 60000;
  server_fixture it = server_make(&opts);
  sio_client young, old;
  assert_int_equal(peal_on_connect(it.root, greet_all, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "a", on_event, NULL), PEAL_OK);
  server_run(&it);
  assert_true(sio_client_start(&young, it.port, SIO_WEBSOCKET));
  for (int i = 0; i < 2; i++) {
    assert_true(open_old(&old, it.port));
    assert_true(sio_client_expect(&old, "40"));
    assert_true(sio_client_send(&old, "42[\"a\",1]"));
    assert_true(sio_client_expect(&old, "42[\"echo\",1]"));
    if (i)
      sio_client_close(&old);
    else
      sio_client_reset(&old);
    assert_true(server_has_sockets(&it, 1));
  }
  sio_client_close(&young);
  assert_true(server_has_clients(&it, 0));
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ids_are_made_of_the_sessions),
      cmocka_unit_test(a_query_is_auth_and_refusals_say_one_thing),
      cmocka_unit_test(connect_handlers_may_do_anything),
      cmocka_unit_test(a_first_body_has_it_all),
      cmocka_unit_test(recovery_passes_them_by),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
