/* SPDX-License-Identifier: MIT */
/* The admin namespace on the wire: who is let in, what he is told, what he may
 * have done (reference 5). */
#include <sys/socket.h>

#include <peal/namespaces.h>

#include "admin_fixture.h"
#include "net/worker_impl.h"

/* -- options ----------------------------------------------------------------- */

static peal_admin *try_opts(const peal_admin_opts *opts) {
  server_fixture it = server_make(NULL);
  peal_admin *admin = peal_admin_new(it.server, opts);
  bool made = admin != NULL;
  peal_admin_free(admin);
  server_free(&it);
  return made ? admin : NULL;
}

static void somebody_has_to_be_named(void **state) {
  (void)state;
  assert_null(try_opts(NULL));
  assert_null(try_opts(&(peal_admin_opts){0}));
  assert_null(try_opts(&(peal_admin_opts){.username = "a"}));
  assert_null(try_opts(&(peal_admin_opts){.password = "a"}));
  assert_null(try_opts(&(peal_admin_opts){.username = "", .password = "b"}));
  assert_null(try_opts(&(peal_admin_opts){.username = "a", .no_auth = true}));
  assert_null(try_opts(
      &(peal_admin_opts){.username = "a", .password = "$2b$10$short"}));
  assert_null(try_opts(&(peal_admin_opts){.no_auth = true, .page = "x"}));
  assert_null(try_opts(&(peal_admin_opts){.no_auth = true, .page = "/"}));
  assert_null(try_opts(&(peal_admin_opts){.no_auth = true, .reserved = {1}}));
  assert_non_null(try_opts(&(peal_admin_opts){.no_auth = true, .page = "/x/"}));
  assert_non_null(
      try_opts(&(peal_admin_opts){.username = "a", .password = "b"}));
  assert_null(peal_admin_new(NULL, &(peal_admin_opts){.no_auth = true}));
}

static void a_server_has_one(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_admin *admin =
      peal_admin_new(it.server, &(peal_admin_opts){.no_auth = true});
  assert_non_null(admin);
  assert_null(peal_admin_new(it.server, &(peal_admin_opts){.no_auth = true}));
  peal_admin_free(admin);
  admin = peal_admin_new(it.server, &(peal_admin_opts){.no_auth = true});
  assert_non_null(admin);
  peal_admin_free(admin);
  server_free(&it);
}

/* -- who is let in ----------------------------------------------------------- */

static void refused_with(const admin_fixture *all, const char *auth,
                         const char *why) {
  sio_client client;
  assert_true(sio_client_open(&client, all->it.port, SIO_WEBSOCKET));
  assert_false(sio_client_join(&client, "/admin", auth));
  assert_non_null(strstr(client.current->data, why));
  sio_client_close(&client);
}

static void a_session_lets_in_again(void **state) {
  (void)state;
  admin_fixture all = admin_make(NULL, NULL);
  server_run(&all.it);
  sio_client first, again;
  admin_look(&first, &all, ADMIN_LOGIN);
  const char *heard = admin_hear(&first, "session");
  char auth[64];
  assert_int_equal(
      snprintf(auth, sizeof auth, "{\"sessionId\":\"%.16s\"}", heard + 12), 32);
  admin_look(&again, &all, auth);
  assert_non_null(admin_hear(&again, "config"));
  refused_with(&all, "{\"sessionId\":\"0123456789abcdef\"}",
               "invalid credentials");
  sio_client_close(&first);
  sio_client_close(&again);
  admin_stop(&all);
}

static void who_is_wrong_stays_outside(void **state) {
  (void)state;
  admin_fixture all = admin_make(NULL, NULL);
  server_run(&all.it);
  refused_with(&all, NULL, "{\"message\":\"invalid credentials\"}");
  refused_with(&all, "{\"username\":\"admin\",\"password\":\"x\"}",
               "invalid credentials");
  refused_with(&all, "{\"username\":\"x\",\"password\":\"secret\"}",
               "invalid credentials");
  refused_with(&all, "{\"username\":\"admin\",\"password\":7}",
               "invalid credentials");
  admin_stop(&all);
}

static void a_hash_is_checked(void **state) {
  (void)state;
  /* "secret", four rounds' worth, as bcryptjs writes it. */
  admin_fixture all = admin_make(
      NULL, &(peal_admin_opts){.username = "admin",
                               .password = "$2b$04$abcdefghijklmnopqrstuu"
                                           "2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"});
  server_run(&all.it);
  refused_with(&all, "{\"username\":\"admin\",\"password\":\"x\"}",
               "invalid credentials");
  refused_with(&all, "{\"username\":\"x\",\"password\":\"secret\"}",
               "invalid credentials");
  sio_client client;
  admin_look(&client, &all, ADMIN_LOGIN);
  sio_client_close(&client);
  admin_stop(&all);
}

/* They leave while the hash is made, and the server ends meanwhile. */
static void who_leaves_during_the_hash_leaves_nothing(void **state) {
  (void)state;
  admin_fixture all = admin_make(
      NULL, &(peal_admin_opts){.username = "admin",
                               .password = "$2b$08$abcdefghijklmnopqrstuu"
                                           "KxCcvB7KZ7.BpDoK0bh6qM7Dl1/xiJa"});
  server_run(&all.it);
  for (int i = 0; i < 30; i++) {
    sio_client client;
    assert_true(sio_client_open(&client, all.it.port, SIO_WEBSOCKET));
    assert_true(sio_client_send(&client, "40/admin," ADMIN_LOGIN));
    if (i % 2)
      sio_client_close(&client);
    else
      sio_client_reset(&client);
  }
  admin_stop(&all);
}

/* -- what he is told ---------------------------------------------------------- */

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  return peal_join(socket, "hall");
}

static void on_say(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_socket_set_data(socket,
                             PEAL_OBJECT({"name", peal_event_arg(event, 0)}));
  (void)peal_emit_n(socket, PEAL_S("said"), peal_event_args(event));
}

static void tells_all_in_the_order_of_the_reference(void **state) {
  (void)state;
  admin_fixture all = admin_make(NULL, NULL);
  assert_int_equal(peal_on_connect(all.it.root, on_connect, NULL), PEAL_OK);
  assert_int_equal(peal_on(all.it.root, "say", on_say, NULL), PEAL_OK);
  server_run(&all.it);
  sio_client looker, client;
  admin_look(&looker, &all, ADMIN_LOGIN);
  assert_non_null(admin_hear(&looker, "session"));
  assert_string_equal(
      admin_hear(&looker, "config"),
      "[\"config\",{\"supportedFeatures\":[\"EMIT\",\"JOIN\",\"LEAVE\","
      "\"DISCONNECT\",\"MJOIN\",\"MLEAVE\",\"MDISCONNECT\","
      "\"AGGREGATED_EVENTS\",\"ALL_EVENTS\"]}]");
  const char *heard = admin_hear(&looker, "all_sockets");
  assert_non_null(strstr(heard, "\"nsp\":\"/admin\""));
  assert_null(strstr(heard, "secret")); /* no auth */
  assert_non_null(admin_hear(&looker, "server_stats"));

  assert_true(sio_client_start(&client, all.it.port, SIO_WEBSOCKET));
  char part[200];
  snprintf(part, sizeof part, "[\"room_joined\",\"/\",\"%s\",\"%s\",\"20",
           client.socket_id, client.socket_id);
  assert_non_null(admin_hear_with(&looker, "room_joined", part));
  heard = admin_hear(&looker, "socket_connected");
  snprintf(part, sizeof part, "\"rooms\":[\"%s\"]}", client.socket_id);
  assert_non_null(strstr(heard, part));
  assert_non_null(strstr(heard, "\"transport\":\"websocket\",\"nsp\":\"/\","
                                "\"data\":{},\"handshake\":{\"headers\":{"));
  assert_null(strstr(heard, "\"auth\""));
  assert_null(strstr(heard, "_admin"));
  heard = admin_hear(&looker, "room_joined");
  assert_non_null(strstr(heard, "\"/\",\"hall\",\""));

  assert_true(sio_client_send(&client, "42[\"say\",\"Ann\",{\"a\":[1]}]"));
  snprintf(part, sizeof part,
           "[\"event_received\",\"/\",\"%s\",[\"say\",\"Ann\",{\"a\":[1]}],\"",
           client.socket_id);
  assert_non_null(strstr(admin_hear(&looker, "event_received"), part));
  heard = admin_hear(&looker, "socket_updated");
  assert_non_null(strstr(heard, "\"data\":{\"name\":\"Ann\"}}]"));
  snprintf(part, sizeof part,
           "[\"event_sent\",\"/\",\"%s\",[\"said\",\"Ann\",{\"a\":[1]}],\"",
           client.socket_id);
  assert_non_null(strstr(admin_hear(&looker, "event_sent"), part));

  sio_client_close(&client);
  assert_non_null(strstr(admin_hear(&looker, "room_left"), "\"hall\""));
  assert_non_null(admin_hear(&looker, "room_left"));
  assert_non_null(strstr(admin_hear(&looker, "socket_disconnected"),
                         "\"transport close\",\"20"));
  sio_client_close(&looker);
  admin_stop(&all);
}

static void an_upgrade_is_told(void **state) {
  (void)state;
  admin_fixture all = admin_make(NULL, NULL);
  server_run(&all.it);
  sio_client looker, client;
  admin_look(&looker, &all, ADMIN_LOGIN);
  assert_true(sio_client_start(&client, all.it.port, SIO_POLLING));
  assert_non_null(admin_hear_with(&looker, "socket_connected",
                                  "\"transport\":\"polling\""));
  assert_true(sio_client_upgrade(&client));
  assert_non_null(admin_hear_with(&looker, "socket_updated",
                                  "\"transport\":\"websocket\""));
  sio_client_close(&client);
  sio_client_close(&looker);
  admin_stop(&all);
}

static void a_client_of_socket_io_2_is_seen(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.allow_eio3 = true;
  admin_fixture all = admin_make(&opts, NULL);
  server_run(&all.it);
  sio_client looker;
  admin_look(&looker, &all, ADMIN_LOGIN);
  unsigned status = 0;
  free(sio_client_http(all.it.port, "GET",
                       "/socket.io/?EIO=3&transport=polling", NULL, NULL,
                       &status));
  assert_int_equal(status, 200);
  assert_non_null(
      admin_hear_with(&looker, "socket_connected", "\"query\":{\"EIO\":\"3\""));
  assert_true(
      sio_client_send(&looker, "42/admin,[\"_disconnect\",\"/\",true]"));
  assert_non_null(admin_hear_with(&looker, "socket_disconnected",
                                  "\"server namespace disconnect\""));
  sio_client_close(&looker);
  admin_stop(&all);
}

/* Also those that clients make while somebody looks. */
static void namespaces_that_clients_make_are_seen(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.cleanup_empty_namespaces = true;
  admin_fixture all = admin_make(&opts, NULL);
  peal_nsp *parent = peal_server_of_pattern(all.it.server, "^/room-[0-9]+$");
  assert_non_null(parent);
  assert_int_equal(peal_on(parent, "say", on_say, NULL), PEAL_OK);
  server_run(&all.it);
  sio_client looker, client;
  admin_look(&looker, &all, ADMIN_LOGIN);
  assert_non_null(admin_hear(&looker, "server_stats"));
  assert_true(sio_client_open(&client, all.it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/room-7", NULL));
  assert_non_null(
      admin_hear_with(&looker, "socket_connected", "\"nsp\":\"/room-7\""));
  assert_non_null(admin_hear_with(&looker, "server_stats",
                                  "{\"name\":\"/room-7\",\"socketsCount\":1}"));
  /* By the next tick its events are. */
  const char *heard = NULL;
  for (int i = 0; !heard && i < 20; i++) {
    assert_true(sio_client_send(&client, "42/room-7,[\"say\",1]"));
    assert_non_null(admin_hear(&looker, "server_stats"));
    assert_true(sio_client_send(&client, "42/room-7,[\"say\",2]"));
    heard = admin_hear_with(&looker, "event_received", "/room-7");
  }
  assert_non_null(heard);
  assert_true(
      sio_client_send(&looker, "42/admin,[\"emit\",\"/room-7\",null,\"hi\"]"));
  assert_true(sio_client_await(&client, "42/room-7,[\"hi\"]"));
  sio_client_close(&client);
  assert_non_null(admin_hear_with(&looker, "socket_disconnected", "/room-7"));
  assert_true(
      sio_client_send(&looker, "42/admin,[\"emit\",\"/room-7\",null,\"hi\"]"));
  assert_non_null(admin_hear(&looker, "server_stats"));
  sio_client_close(&looker);
  admin_stop(&all);
}

static void counts_what_was_done_each_second(void **state) {
  (void)state;
  admin_fixture all = admin_make(NULL, NULL);
  server_run(&all.it);
  sio_client looker, client;
  admin_look(&looker, &all, ADMIN_LOGIN);
  assert_non_null(admin_hear(&looker, "server_stats"));
  assert_true(sio_client_start(&client, all.it.port, SIO_WEBSOCKET));
  const char *heard = admin_hear_with(&looker, "server_stats",
                                      "\"type\":\"rawConnection\",\"count\":1");
  assert_non_null(heard);
  assert_non_null(strstr(heard, "\"serverId\":\""));
  assert_non_null(strstr(heard, ",\"hostname\":\""));
  assert_non_null(
      strstr(heard, ",\"clientsCount\":2,\"pollingClientsCount\":0"));
  assert_non_null(
      admin_hear_with(&looker, "server_stats",
                      "\"namespaces\":[{\"name\":\"/\",\"socketsCount\":1},"
                      "{\"name\":\"/admin\",\"socketsCount\":1}]"));
  sio_client_close(&client);
  assert_non_null(admin_hear_with(
      &looker, "server_stats",
      "\"type\":\"rawDisconnection\",\"subType\":\"transport close\","
      "\"count\":1"));
  sio_client_close(&looker);
  admin_stop(&all);
}

static void production_tells_figures_alone(void **state) {
  (void)state;
  admin_fixture all =
      admin_make(NULL, &(peal_admin_opts){.mode = PEAL_ADMIN_PRODUCTION});
  server_run(&all.it);
  sio_client looker, client;
  admin_look(&looker, &all, ADMIN_LOGIN);
  assert_non_null(strstr(admin_hear(&looker, "config"),
                         "\"MDISCONNECT\",\"AGGREGATED_EVENTS\"]}]"));
  assert_true(sio_client_start(&client, all.it.port, SIO_WEBSOCKET));
  for (int i = 0; i < 5; i++) {
    const sio_packet *packet = sio_client_next(&looker, 5000);
    assert_non_null(packet);
    assert_non_null(strstr(packet->data, "[\"server_stats\""));
  }
  sio_client_close(&client);
  sio_client_close(&looker);
  admin_stop(&all);
}

/* -- what he may have done ----------------------------------------------------- */

static void does_what_is_ordered(void **state) {
  (void)state;
  admin_fixture all = admin_make(NULL, NULL);
  server_run(&all.it);
  sio_client looker, a, b;
  char order[200];
  admin_look(&looker, &all, ADMIN_LOGIN);
  assert_true(sio_client_start(&a, all.it.port, SIO_WEBSOCKET));
  assert_true(sio_client_start(&b, all.it.port, SIO_WEBSOCKET));

  assert_true(sio_client_send(&looker,
                              "42/admin,[\"emit\",\"/\",null,\"hi\",1,\"x\"]"));
  assert_true(sio_client_expect(&a, "42[\"hi\",1,\"x\"]"));
  assert_true(sio_client_expect(&b, "42[\"hi\",1,\"x\"]"));

  snprintf(order, sizeof order, "42/admin,[\"join\",\"/\",\"r\",\"%s\"]",
           a.socket_id);
  assert_true(sio_client_send(&looker, order));
  assert_true(
      sio_client_send(&looker, "42/admin,[\"emit\",\"/\",\"r\",\"to r\"]"));
  assert_true(sio_client_expect(&a, "42[\"to r\"]"));

  assert_true(sio_client_send(&looker, "42/admin,[\"leave\",\"/\",\"r\"]"));
  assert_true(sio_client_send(&looker, "42/admin,[\"join\",\"/\",\"r\"]"));
  assert_true(
      sio_client_send(&looker, "42/admin,[\"emit\",\"/\",\"r\",\"again\"]"));
  assert_true(sio_client_expect(&a, "42[\"again\"]"));
  assert_true(sio_client_expect(&b, "42[\"again\"]"));

  /* Nobody is meant by what is no name, and nothing breaks. */
  static const char *const wrong[] = {
      "42/admin,[\"emit\"]",
      "42/admin,[\"emit\",\"/\",7,\"no\"]",
      "42/admin,[\"emit\",\"/\",{},\"no\"]",
      "42/admin,[\"emit\",\"/none\",null,\"no\"]",
      "42/admin,[\"emit\",\"/\",null,\"connect\"]",
      "42/admin,[\"emit\",\"/\",null,5]",
      "42/admin,[\"join\",\"/\"]",
      "42/admin,[\"leave\",7,8,9]",
      "42/admin,[\"_disconnect\"]",
      "42/admin,[\"_disconnect\",\"/\",true,[]]"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_true(sio_client_send(&looker, wrong[i]));

  snprintf(order, sizeof order, "42/admin,[\"_disconnect\",\"/\",false,\"%s\"]",
           a.socket_id);
  assert_true(sio_client_send(&looker, order));
  assert_true(sio_client_expect(&a, "41"));
  assert_true(
      sio_client_send(&looker, "42/admin,[\"_disconnect\",\"/\",true]"));
  assert_true(sio_client_ends(&b, 5000));
  sio_client_close(&a);
  sio_client_close(&b);
  sio_client_close(&looker);
  admin_stop(&all);
}

static void read_only_does_nothing(void **state) {
  (void)state;
  admin_fixture all = admin_make(NULL, &(peal_admin_opts){.read_only = true});
  server_run(&all.it);
  sio_client looker, client;
  admin_look(&looker, &all, ADMIN_LOGIN);
  assert_string_equal(admin_hear(&looker, "config"),
                      "[\"config\",{\"supportedFeatures\":["
                      "\"AGGREGATED_EVENTS\",\"ALL_EVENTS\"]}]");
  assert_true(sio_client_start(&client, all.it.port, SIO_WEBSOCKET));
  assert_true(
      sio_client_send(&looker, "42/admin,[\"emit\",\"/\",null,\"hi\"]"));
  assert_true(
      sio_client_send(&looker, "42/admin,[\"_disconnect\",\"/\",true]"));
  /* What was asked behind them has come back: they have been looked at. */
  assert_true(sio_client_join(&looker, "/", NULL));
  assert_true(sio_client_silent(&client, 50));
  sio_client_close(&client);
  sio_client_close(&looker);
  admin_stop(&all);
}

/* -- what it costs ------------------------------------------------------------- */

static uint64_t turns_of(const admin_fixture *all) {
  const peal_worker *worker =
      peal_workers_get(peal_server_workers(all->it.server), 0);
  return __atomic_load_n(&worker->stats.turns, __ATOMIC_RELAXED);
}

static void nobody_looks_and_nothing_happens(void **state) {
  (void)state;
  admin_fixture all = admin_make(NULL, NULL);
  server_run(&all.it);
  sio_client looker;
  admin_look(&looker, &all, ADMIN_LOGIN);
  assert_non_null(admin_hear(&looker, "server_stats"));
  sio_client_close(&looker);
  assert_true(server_has_clients(&all.it, 0));
  usleep(300000); /* the clock finds out, and its last words leave */
  uint64_t before = turns_of(&all);
  usleep(300000);
  assert_true(turns_of(&all) - before <= 2);
  admin_stop(&all);
}

/* More than may be told in a second: the rest is in the next picture. */
static void what_was_left_out_is_in_the_next_picture(void **state) {
  enum { CLIENTS = 40 };

  (void)state;
  admin_fixture all =
      admin_make(NULL, &(peal_admin_opts){.max_told_per_s = 10});
  server_run(&all.it);
  sio_client looker, clients[CLIENTS];
  admin_look(&looker, &all, ADMIN_LOGIN);
  assert_non_null(admin_hear(&looker, "all_sockets"));
  for (int i = 0; i < CLIENTS; i++)
    assert_true(sio_client_start(&clients[i], all.it.port, SIO_WEBSOCKET));
  assert_non_null(
      admin_hear_with(&looker, "all_sockets", clients[CLIENTS - 1].socket_id));
  for (int i = 0; i < CLIENTS; i++)
    sio_client_close(&clients[i]);
  sio_client_close(&looker);
  admin_stop(&all);
}

static void too_many_sockets_are_no_picture(void **state) {
  (void)state;
  admin_fixture all = admin_make(NULL, &(peal_admin_opts){.max_sockets = 2});
  server_run(&all.it);
  sio_client looker, clients[3];
  for (int i = 0; i < 3; i++)
    assert_true(sio_client_start(&clients[i], all.it.port, SIO_WEBSOCKET));
  admin_look(&looker, &all, ADMIN_LOGIN);
  const char *heard = admin_hear(&looker, "all_sockets");
  assert_non_null(strstr(heard, "\"nsp\":\"/admin\""));
  assert_null(strstr(heard, "\"nsp\":\"/\""));
  for (int i = 0; i < 3; i++)
    sio_client_close(&clients[i]);
  sio_client_close(&looker);
  admin_stop(&all);
}

static void works_on_several_workers(void **state) {
  enum { EACH = 8 };

  (void)state;
  peal_server_opts opts = server_opts();
  opts.workers = 3;
  admin_fixture all = admin_make(&opts, NULL);
  assert_int_equal(peal_on(all.it.root, "say", on_say, NULL), PEAL_OK);
  server_run(&all.it);
  sio_client looker, clients[EACH];
  admin_look(&looker, &all, ADMIN_LOGIN);
  assert_non_null(admin_hear(&looker, "server_stats"));
  for (int i = 0; i < EACH; i++) {
    assert_true(sio_client_start(&clients[i], all.it.port, SIO_WEBSOCKET));
    assert_non_null(
        admin_hear_with(&looker, "socket_connected", clients[i].socket_id));
    assert_true(sio_client_send(&clients[i], "42[\"say\",1]"));
    assert_true(sio_client_expect(&clients[i], "42[\"said\",1]"));
    assert_non_null(
        admin_hear_with(&looker, "event_sent", clients[i].socket_id));
  }
  assert_true(
      sio_client_send(&looker, "42/admin,[\"_disconnect\",\"/\",true]"));
  for (int i = 0; i < EACH; i++) {
    assert_true(sio_client_ends(&clients[i], 5000));
    sio_client_close(&clients[i]);
  }
  sio_client_close(&looker);
  admin_stop(&all);
}

/* One who reads nothing, while more happens than its queue may hold: the server
 * goes on, and when he reads again he is sent the picture of what is there
 * now. */
static void who_reads_nothing_harms_nobody(void **state) {
  enum { LARGE = 900000, COUNT = 16 };

  (void)state;
  admin_fixture all = admin_make(NULL, NULL);
  assert_int_equal(peal_on(all.it.root, "say", on_say, NULL), PEAL_OK);
  server_run(&all.it);
  sio_client looker, client, late;
  admin_look(&looker, &all, ADMIN_LOGIN);
  looker.mute = true;
  assert_non_null(admin_hear(&looker, "server_stats"));
  assert_true(sio_client_start(&client, all.it.port, SIO_WEBSOCKET));
  char *big = malloc(LARGE + 100);
  assert_non_null(big);
  size_t len = (size_t)sprintf(big, "42[\"say\",\"");
  memset(big + len, 'x', LARGE);
  strcpy(big + len + LARGE, "\"]");
  for (int i = 0; i < COUNT; i++) {
    assert_true(sio_client_send(&client, big));
    assert_non_null(sio_client_next(&client, 5000));
  }
  free(big);
  assert_true(sio_client_start(&late, all.it.port, SIO_WEBSOCKET));
  assert_non_null(admin_hear_with(&looker, "socket_connected", late.socket_id));
  sio_client_close(&client);
  sio_client_close(&late);
  sio_client_close(&looker);
  admin_stop(&all);
}

static void on_burst(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  for (int i = 0; i < 12000; i++) {
    char room[16];
    snprintf(room, sizeof room, "r%d", i / 2);
    if (i % 2)
      peal_leave(socket, room);
    else
      (void)peal_join(socket, room);
  }
  (void)peal_join(socket, "last");
}

static void make_small(peal_socket *socket, void *user) {
  (void)user;
  peal_socket_set_queue(socket, 6000, PEAL_QUEUE_DROP_NEWEST);
}

static void on_small(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)event;
  peal_nsp_each(user, NULL, make_small, NULL);
}

/* What did not fit into its queue is in the picture that follows when it has
 * been read. */
static void what_was_dropped_is_in_a_picture(void **state) {
  (void)state;
  int little = 4096;
  admin_fixture all =
      admin_make(NULL, &(peal_admin_opts){.max_told_per_s = 100000});
  assert_int_equal(peal_on(all.it.root, "burst", on_burst, NULL), PEAL_OK);
  assert_int_equal(peal_on(all.it.root, "small", on_small,
                           peal_server_of(all.it.server, "/admin")),
                   PEAL_OK);
  server_run(&all.it);
  sio_client looker, client;
  admin_look(&looker, &all, ADMIN_LOGIN);
  assert_non_null(admin_hear(&looker, "all_sockets"));
  assert_int_equal(
      setsockopt(looker.fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little), 0);
  assert_true(sio_client_start(&client, all.it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "42[\"small\"]"));
  /* He reads nothing, and it comes until something did not fit. */
  peal_server_stats stats = {0};
  for (int i = 0; !stats.queue_full && i < 1000; i++) {
    if (i % 50 == 0)
      assert_true(sio_client_send(&client, "42[\"burst\"]"));
    usleep(10000);
    peal_server_stats_get(all.it.server, &stats);
  }
  assert_true(stats.queue_full > 0);
  const char *heard = NULL;
  for (int i = 0; !heard && i < 200; i++)
    heard = admin_hear(&looker, "all_sockets");
  assert_non_null(heard);
  assert_non_null(strstr(heard, client.socket_id));
  assert_non_null(strstr(heard, "\"last\""));
  sio_client_close(&client);
  sio_client_close(&looker);
  admin_stop(&all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(somebody_has_to_be_named),
      cmocka_unit_test(a_server_has_one),
      cmocka_unit_test(a_session_lets_in_again),
      cmocka_unit_test(who_is_wrong_stays_outside),
      cmocka_unit_test(a_hash_is_checked),
      cmocka_unit_test(who_leaves_during_the_hash_leaves_nothing),
      cmocka_unit_test(tells_all_in_the_order_of_the_reference),
      cmocka_unit_test(an_upgrade_is_told),
      cmocka_unit_test(a_client_of_socket_io_2_is_seen),
      cmocka_unit_test(namespaces_that_clients_make_are_seen),
      cmocka_unit_test(counts_what_was_done_each_second),
      cmocka_unit_test(production_tells_figures_alone),
      cmocka_unit_test(does_what_is_ordered),
      cmocka_unit_test(read_only_does_nothing),
      cmocka_unit_test(nobody_looks_and_nothing_happens),
      cmocka_unit_test(what_was_left_out_is_in_the_next_picture),
      cmocka_unit_test(too_many_sockets_are_no_picture),
      cmocka_unit_test(works_on_several_workers),
      cmocka_unit_test(who_reads_nothing_harms_nobody),
      cmocka_unit_test(what_was_dropped_is_in_a_picture),
  };
  return cmocka_run_group_tests_name("admin", tests, NULL, NULL);
}
