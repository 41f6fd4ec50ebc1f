/* SPDX-License-Identifier: MIT */
/* Memory runs out at every single allocation of a session's life: the client
 * concerned may be refused, closed or left without an answer, but the server
 * lives on, serves the next client and gives everything back. */
#include <peal/engine_use.h>
#include <peal/handle.h>
#include <peal/namespaces.h>
#include <peal/rooms.h>
#include <peal/session.h>

#include "server_fixture.h"
#include "shared_torture.h"

/* -- the server under test --------------------------------------------------------- */

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_emit(socket, "echo", peal_event_args(event));
  (void)peal_ack(event, peal_event_args(event));
}

static void on_ack(peal_socket *socket, peal_err err, peal_args args,
                   void *user) {
  atomic_int *told = user;
  (void)socket;
  (void)err;
  (void)args;
  atomic_fetch_add(told, 1);
}

static void on_all(const peal_acks *acks, void *user) {
  atomic_int *told = user;
  (void)acks;
  atomic_fetch_add(told, 1);
}

static atomic_int expected, told;

static void on_posted(peal_socket *socket, void *user) {
  (void)socket;
  atomic_fetch_add((atomic_int *)user, 1);
}

static void on_time(peal_socket *socket, void *user) {
  (void)user;
  (void)peal_socket_timer_start(socket, 5, 0, on_time, NULL);
}

/* What hangs on a socket, and handlers that come and go. */
static void hang_on(peal_socket *socket) {
  static const peal_socket_key key = {.free_fn = free},
                               other = {.free_fn = free};
  char *values[] = {strdup("1"), strdup("2")};
  if (peal_socket_key_set(socket, &key, values[0]))
    free(values[0]);
  if (peal_socket_key_set(socket, &other, values[1]))
    free(values[1]);
  (void)peal_socket_timer_start(socket, 1, 0, on_time, NULL);
  (void)peal_socket_on(socket, "echo", on_echo, NULL);
  (void)peal_socket_once(socket, "other", on_echo, NULL);
  if (!peal_ref_post(peal_ref_of(socket), on_posted, &told))
    atomic_fetch_add(&expected, 1);
  (void)peal_once(peal_socket_nsp(socket), "new", on_echo, &told);
  (void)peal_on_any(peal_socket_nsp(socket), on_echo, &told);
  (void)peal_off_any(peal_socket_nsp(socket), on_echo, &told);
}

static void on_all_kinds(peal_socket *socket, const peal_event *event,
                         void *user) {
  (void)user;
  peal_nsp *nsp = peal_socket_nsp(socket);
  const char *room = peal_event_str(event, 0);
  (void)peal_join(socket, room ? room : "x");
  (void)peal_nsp_emit(
      nsp, &(peal_to){.rooms = PEAL_ROOMS("room"), .conflate = "key"}, "cast",
      PEAL_ARGS(peal_binary(PEAL_S("bytes"))));
  if (!peal_emit_ack(socket, "q", PEAL_NO_ARGS, 20, on_ack, &told))
    atomic_fetch_add(&expected, 1);
  if (!peal_nsp_emit_ack(nsp, NULL, "q", PEAL_NO_ARGS, 20, on_all, &told))
    atomic_fetch_add(&expected, 1);
  peal_reply *reply = peal_ack_later(event);
  (void)peal_reply_send(reply, PEAL_ARGS(peal_int(1)));
  (void)peal_nsp_leave(nsp, NULL, "room");
  hang_on(socket);
}

static void on_bye(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  peal_disconnect(socket, true);
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  char room[8] = "room 0";
  (void)peal_join(socket, "room");
  for (; room[5] <= '9'; room[5]++) /* more than fit in line */
    (void)peal_join(socket, room);
  if (!peal_socket_set_user_free(socket, free))
    peal_socket_set_user(socket, strdup("mine"));
  (void)peal_emit(socket, "hello", PEAL_NO_ARGS);
  (void)peal_emit_to(socket, &(peal_to){.with_self = true}, "hello",
                     PEAL_NO_ARGS);
  return PEAL_OK;
}

/* -- a parser of the application's own, with the bytes of the default one ------------- */

static peal_err own_encode(const peal_parser_packet *packet,
                           peal_parser_out *out, void *user) {
  (void)user;
  return peal_parser_json()->encode(packet, out, NULL);
}

static peal_err own_decode(const peal_parser_in *in, peal_build *build,
                           peal_parser_packet *out, void *user) {
  (void)user;
  return peal_parser_json()->decode(in, build, out, NULL);
}

static const peal_parser own = {.encode = own_encode, .decode = own_decode};
static const peal_parser *parser; /* of the servers */

/* -- namespaces that clients make -------------------------------------------------- */

static void on_room(peal_nsp *nsp, peal_room_change change, peal_slice room,
                    peal_socket *socket, void *user) {
  (void)nsp;
  (void)change;
  (void)room;
  (void)socket;
  (void)user;
}

static void on_fetched(const peal_fetched *fetched, void *user) {
  atomic_int *count = user;
  (void)fetched;
  atomic_fetch_add(count, 1);
}

static void on_fill(peal_socket *socket, const peal_event *event, void *user) {
  peal_nsp *nsp = peal_socket_nsp(socket);
  (void)user;
  (void)peal_join(socket, "r1");
  (void)peal_join(socket, "r2");
  (void)peal_session_set(socket, "a", peal_event_arg(event, 0));
  (void)peal_session_set(socket, "b", peal_str("text"));
  (void)peal_session_set(socket, "a", peal_undefined());
  if (!peal_nsp_rooms(nsp, NULL, on_fetched, &told))
    atomic_fetch_add(&expected, 1);
  if (!peal_nsp_rooms_of(nsp, peal_socket_id(socket), on_fetched, &told))
    atomic_fetch_add(&expected, 1);
  (void)peal_nsp_close_room(nsp, "r1");
}

static void may_be(const char *name, peal_val auth, peal_next *next,
                   void *user) {
  (void)name;
  (void)auth;
  (void)user;
  peal_next_ok(next);
}

static void let_in(peal_http_req *req, peal_engine_next *next, void *user) {
  (void)user;
  (void)peal_http_answer_header(req, "X-Seen", PEAL_S("yes"));
  peal_engine_next_ok(next);
}

static void on_nsp(peal_nsp *nsp, void *user) {
  (void)user;
  (void)peal_on(nsp, "echo", on_echo, NULL);
}

static void set_up_parent(peal_nsp *parent) {
  if (!parent)
    return;
  (void)peal_on(parent, "fill", on_fill, NULL);
  (void)peal_on(parent, "x", on_echo, NULL);
  (void)peal_off(parent, "x", on_echo, NULL);
  (void)peal_on_room(parent, on_room, NULL);
}

static void set_up_parents(peal_server *server) {
  set_up_parent(peal_server_of_pattern(server, "^/d"));
  set_up_parent(peal_server_of_fn(server, may_be, NULL));
  (void)peal_on_namespace(server, on_nsp, NULL, NULL);
  (void)peal_server_use(server, let_in, NULL);
}

/* -- scenarios; each step may fail, none may take long ------------------------------- */

static const int quick = 150;

static bool drain(sio_client *client) {
  for (int i = 0; i < 8; i++)
    if (!sio_client_next(client, i ? 2 : quick))
      break;
  return !sio_client_is_closed(client);
}

static bool connect_to(sio_client *client, unsigned port, sio_via via) {
  return sio_client_open(client, port, via) &&
         sio_client_send(client, "40{\"a\":[1,2]}") && drain(client);
}

static void echo(sio_client *client) {
  if (sio_client_send(client, "421[\"echo\",{\"a\":[1,2,\"x\"]}]"))
    (void)drain(client);
  if (sio_client_send(client,
                      "452-[\"echo\",{\"_placeholder\":true,\"num\":0},{\"_"
                      "placeholder\":true,\"num\":1}]") &&
      sio_client_send_binary(client, "abc", 3) &&
      sio_client_send_binary(client, "defg", 4))
    (void)drain(client);
}

static void websocket_scene(unsigned port) {
  sio_client client;
  if (connect_to(&client, port, SIO_WEBSOCKET))
    echo(&client);
  sio_client_close(&client);
}

static void polling_scene(unsigned port) {
  sio_client client;
  if (connect_to(&client, port, SIO_POLLING))
    echo(&client);
  sio_client_close(&client);
}

static void upgrade_scene(unsigned port) {
  sio_client client;
  if (connect_to(&client, port, SIO_POLLING) && sio_client_upgrade(&client))
    echo(&client);
  sio_client_close(&client);
}

static void all_kinds_scene(unsigned port) {
  sio_client client;
  if (connect_to(&client, port, SIO_WEBSOCKET) &&
      sio_client_send(&client, "427[\"all\",\"room 2\"]") && drain(&client) &&
      sio_client_send(&client, "42[\"bye\"]"))
    (void)sio_client_ends(&client, quick);
  sio_client_close(&client);
}

static void namespaces_scene(unsigned port) {
  sio_client client;
  if (connect_to(&client, port, SIO_WEBSOCKET) &&
      sio_client_send(&client, "40/d1,") && drain(&client) &&
      sio_client_send(&client, "40/f1,{\"a\":1}") && drain(&client) &&
      sio_client_send(&client, "42/d1,[\"fill\",1]") &&
      sio_client_send(&client, "42/f1,[\"fill\",1]") && drain(&client) &&
      sio_client_send(&client, "41/d1,"))
    (void)drain(&client);
  sio_client_close(&client);
}

static void eio3_scene(unsigned port) {
  sio_client client = {.eio3 = true};
  if (sio_client_open_with(&client, port, SIO_WEBSOCKET) && drain(&client) &&
      sio_client_send(&client, "40/n?x=1&y=%20,") && drain(&client) &&
      sio_client_send(&client, "2"))
    echo(&client);
  sio_client_close(&client);
}

static bool is_served(unsigned port) {
  sio_client client;
  bool ok = sio_client_start(&client, port, SIO_WEBSOCKET) &&
            sio_client_await(&client, "42[\"hello\"]") &&
            sio_client_send(&client, "429[\"echo\",1]") &&
            sio_client_await(&client, "439[1]");
  sio_client_close(&client);
  return ok;
}

/* -- every allocation --------------------------------------------------------------------- */

/* One server for each N: nothing is warm, and a leak has its number. Returns
 * false when no allocation was left to fail. */
static bool run_one(void (*scene)(unsigned port), size_t n) {
  shared_torture s;
  shared_init(&s);
  peal_server_opts opts = server_opts();
  opts.mem = &s.mem;
  opts.parser = parser;
  opts.log.level = PEAL_LOG_ERROR;
  opts.allow_eio3 = !parser;
  opts.cleanup_empty_namespaces = true;
  server_fixture it = server_make(&opts);
  assert_non_null(peal_server_of(it.server, "/n"));
  assert_int_equal(peal_on(it.root, "echo", on_echo, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "all", on_all_kinds, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "bye", on_bye, NULL), PEAL_OK);
  assert_int_equal(peal_on_connect(it.root, on_connect, NULL), PEAL_OK);
  set_up_parents(it.server);
  server_run(&it);
  atomic_store(&expected, 0);
  atomic_store(&told, 0);
  arm(&s, n);
  scene(it.port);
  bool failed = disarm(&s);
  if (!is_served(it.port))
    fail_msg("after allocation %zu failed nobody is served", n);
  server_stop(&it);
  if (s.torture.live)
    fail_msg("allocation %zu failing leaks %zu blocks", n, s.torture.live);
  if (expected != told)
    fail_msg("allocation %zu failing: %d of %d answers told", n, told,
             expected);
  pthread_mutex_destroy(&s.lock);
  return failed;
}

static void run_all(void (*scene)(unsigned port)) {
  size_t n = 1;
  while (n < 400 && run_one(scene, n))
    n++;
  print_message("%zu allocations\n", n - 1);
  assert_in_range(n, 2, 399);
}

static void a_websocket_session(void **state) {
  (void)state;
  run_all(websocket_scene);
}

static void a_polling_session(void **state) {
  (void)state;
  run_all(polling_scene);
}

static void an_upgrade(void **state) {
  (void)state;
  run_all(upgrade_scene);
}

static void broadcasts_and_acknowledgements(void **state) {
  (void)state;
  run_all(all_kinds_scene);
}

static void all_of_it_with_a_parser_of_ones_own(void **state) {
  (void)state;
  parser = &own;
  run_all(websocket_scene);
  run_all(all_kinds_scene);
  parser = NULL;
}

static void namespaces_that_come_and_go(void **state) {
  (void)state;
  run_all(namespaces_scene);
}

static void a_session_of_version_3(void **state) {
  (void)state;
  run_all(eio3_scene);
}

/* The server itself. */
static void setting_up(void **state) {
  (void)state;
  for (size_t n = 1; n < 400; n++) {
    shared_torture s;
    shared_init(&s);
    arm(&s, n);
    peal_server_opts opts = server_opts();
    opts.mem = &s.mem;
    opts.workers = 2;
    opts.path = "/x";
    opts.log.level = PEAL_LOG_OFF;
    opts.cookie.name = "io";
    opts.cors.origins = "http://a http://b";
    peal_server *server = peal_server_new(&opts);
    if (server) {
      set_up_parents(server);
      (void)peal_server_of(server, "/d");
      peal_nsp *nsp = peal_server_of(server, "/n");
      if (nsp) {
        (void)peal_on(nsp, "x", on_echo, NULL);
        (void)peal_on_connect(nsp, on_connect, NULL);
      }
    }
    peal_server_free(server);
    if (s.torture.live)
      fail_msg("allocation %zu failing leaks %zu blocks", n, s.torture.live);
    bool failed = disarm(&s);
    pthread_mutex_destroy(&s.lock);
    if (!failed)
      return;
  }
  fail_msg("too many allocations");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(setting_up),
      cmocka_unit_test(a_websocket_session),
      cmocka_unit_test(a_polling_session),
      cmocka_unit_test(an_upgrade),
      cmocka_unit_test(broadcasts_and_acknowledgements),
      cmocka_unit_test(all_of_it_with_a_parser_of_ones_own),
      cmocka_unit_test(namespaces_that_come_and_go),
      cmocka_unit_test(a_session_of_version_3),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
