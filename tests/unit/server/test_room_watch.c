/* SPDX-License-Identifier: MIT */
/* What becomes of rooms, and which there are (<peal/rooms.h>). */
#include <peal/namespaces.h>
#include <peal/rooms.h>

#include "server_fixture.h"

static const char *const changes[] = {"created", "joined", "left", "deleted"};

/* Rooms of ids are told as "own". */
static void on_room(peal_nsp *nsp, peal_room_change change, peal_slice room,
                    peal_socket *socket, void *user) {
  bool is_own = room.len == 20;
  assert_true(!socket ==
              (change == PEAL_ROOM_CREATED || change == PEAL_ROOM_DELETED));
  if (socket) {
    assert_ptr_equal(peal_socket_nsp(socket), nsp);
    if (change == PEAL_ROOM_JOINED)
      assert_true(peal_socket_in_n(socket, room));
    else
      assert_false(peal_socket_in_n(socket, room));
  }
  if (user || !is_own)
    trace_add("%s %.*s", changes[change], is_own ? 3 : (int)room.len,
              is_own ? "own" : room.ptr);
}

static char with_own[] = "own";

static void on_join(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  assert_int_equal(peal_join_n(socket, peal_val_str(peal_event_arg(event, 0))),
                   PEAL_OK);
  trace_add("has joined");
}

static void on_leave(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)event;
  peal_leave_n(socket, peal_socket_room_n(socket, 1));
  trace_add("has left");
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  trace_add("connect");
  return peal_join(socket, "lobby");
}

static void on_disconnecting(peal_socket *socket, peal_reason reason,
                             peal_err err, void *user) {
  (void)reason;
  (void)err;
  (void)user;
  trace_add("disconnecting in %zu", peal_socket_room_count(socket));
}

static void on_disconnect(peal_socket *socket, peal_reason reason, peal_err err,
                          void *user) {
  (void)reason;
  (void)err;
  (void)user;
  trace_add("disconnect in %zu", peal_socket_room_count(socket));
}

static server_fixture make(unsigned workers) {
  peal_server_opts opts = server_opts();
  opts.workers = workers;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on(it.root, "join", on_join, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "leave", on_leave, NULL), PEAL_OK);
  return it;
}

/* -- changes ------------------------------------------------------------------------ */

static void changes_are_told_inside_the_call_that_makes_them(void **state) {
  (void)state;
  server_fixture it = make(1);
  assert_int_equal(peal_on_room(it.root, on_room, with_own), PEAL_OK);
  assert_int_equal(peal_on_connect(it.root, on_connect, NULL), PEAL_OK);
  assert_int_equal(peal_on_disconnecting(it.root, on_disconnecting, NULL),
                   PEAL_OK);
  assert_int_equal(peal_on_disconnect(it.root, on_disconnect, NULL), PEAL_OK);
  server_run(&it);
  sio_client a, b;
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  trace_expect(
      "created own\njoined own\nconnect\ncreated lobby\njoined lobby\n");
  assert_true(sio_client_start(&b, it.port, SIO_WEBSOCKET));
  trace_expect("created own\njoined own\nconnect\njoined lobby\n");
  assert_true(sio_client_send(&a, "42[\"join\",\"lobby\"]")); /* again */
  assert_true(sio_client_send(&a, "42[\"join\",\"x\"]"));
  trace_expect("has joined\ncreated x\njoined x\nhas joined\n");
  assert_true(sio_client_send(&b, "42[\"leave\"]"));
  trace_expect("left lobby\nhas left\n");
  sio_client_close(&a);
  trace_expect("disconnecting in 3\nleft x\ndeleted x\nleft lobby\n"
               "deleted lobby\nleft own\ndeleted own\ndisconnect in 0\n");
  sio_client_close(&b);
  trace_expect("disconnecting in 1\nleft own\ndeleted own\ndisconnect in 0\n");
  server_stop(&it);
}

static void of_many_workers_one_tells_the_first_and_the_last(void **state) {
  (void)state;
  server_fixture it = make(4);
  assert_int_equal(peal_on_room(it.root, on_room, NULL), PEAL_OK);
  server_run(&it);
  sio_client all[8];
  for (int i = 0; i < 8; i++) {
    assert_true(sio_client_start(&all[i], it.port, SIO_WEBSOCKET));
    assert_true(sio_client_send(&all[i], "42[\"join\",\"r\"]"));
    trace_expect(i ? "joined r\nhas joined\n"
                   : "created r\njoined r\nhas joined\n");
  }
  for (int i = 0; i < 8; i++) {
    sio_client_close(&all[i]);
    trace_expect(i < 7 ? "left r\n" : "left r\ndeleted r\n");
  }
  server_stop(&it);
}

/* Who listens late knows what there is. */
static void who_comes_late_hears_of_the_last_who_leaves(void **state) {
  (void)state;
  server_fixture it = make(4);
  server_run(&it);
  sio_client all[8];
  for (int i = 0; i < 8; i++) {
    assert_true(sio_client_start(&all[i], it.port, SIO_WEBSOCKET));
    assert_true(sio_client_send(&all[i], "42[\"join\",\"r\"]"));
    trace_expect("has joined\n");
  }
  assert_int_equal(peal_on_room(it.root, on_room, NULL), PEAL_OK);
  /* Every worker has heard it when each has done something since. */
  for (int i = 0; i < 8; i++) {
    assert_true(sio_client_send(&all[i], "42[\"join\",\"r\"]"));
    trace_expect("has joined\n");
  }
  for (int i = 0; i < 8; i++) {
    sio_client_close(&all[i]);
    trace_expect(i < 7 ? "left r\n" : "left r\ndeleted r\n");
  }
  assert_int_equal(peal_off_room(it.root, on_room, NULL), PEAL_OK);
  assert_true(sio_client_start(&all[0], it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&all[0], "42[\"join\",\"r\"]"));
  trace_expect("has joined\n");
  sio_client_close(&all[0]);
  server_stop(&it);
}

static void leave_all_others(peal_nsp *nsp, peal_room_change change,
                             peal_slice room, peal_socket *socket, void *user) {
  (void)nsp;
  (void)user;
  if (change != PEAL_ROOM_LEFT || room.len == 20)
    return;
  trace_add("left %.*s", PEAL_SFMT(room));
  peal_leave(socket, "a");
  peal_leave(socket, "b");
  assert_int_equal(peal_join(socket, "c"), PEAL_ERR_CLOSED);
}

static void who_hears_of_it_may_leave_others(void **state) {
  (void)state;
  server_fixture it = make(1);
  assert_int_equal(peal_on_room(it.root, leave_all_others, NULL), PEAL_OK);
  server_run(&it);
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "42[\"join\",\"a\"]"));
  assert_true(sio_client_send(&a, "42[\"join\",\"b\"]"));
  assert_true(sio_client_send(&a, "42[\"join\",\"c\"]"));
  trace_expect("has joined\nhas joined\nhas joined\n");
  sio_client_close(&a);
  trace_expect("left c\nleft a\nleft b\n");
  server_stop(&it);
}

static void children_tell_what_their_parent_is_asked_for(void **state) {
  (void)state;
  server_fixture it = make(2);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  assert_int_equal(peal_on_room(parent, on_room, NULL), PEAL_OK);
  assert_int_equal(peal_on(parent, "join", on_join, NULL), PEAL_OK);
  server_run(&it);
  sio_client a;
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&a, "/d1", NULL));
  assert_true(sio_client_send(&a, "42/d1,[\"join\",\"r\"]"));
  trace_expect("created r\njoined r\nhas joined\n");
  sio_client_close(&a);
  trace_expect("left r\ndeleted r\n");
  server_stop(&it);
}

/* -- which there are ------------------------------------------------------------------ */

static int by_text(const void *a, const void *b) {
  return strcmp(a, b);
}

static void on_rooms(const peal_fetched *fetched, void *user) {
  char lines[8][64];
  (void)user;
  assert_int_equal(fetched->err, PEAL_OK);
  assert_int_equal(fetched->count, fetched->sockets.count);
  for (size_t i = 0; i < fetched->count && i < 8; i++) {
    peal_val one = fetched->sockets.items[i];
    snprintf(lines[i], sizeof lines[i], "%.*s:%lld",
             PEAL_SFMT(peal_val_str(peal_val_get(one, "room"))),
             (long long)peal_val_int(peal_val_get(one, "count"), -1));
  }
  qsort(lines, fetched->count, sizeof *lines, by_text);
  for (size_t i = 0; i < fetched->count && i < 8; i++)
    trace_add("%s", lines[i]);
  trace_add("%zu rooms", fetched->count);
}

static void on_rooms_of(const peal_fetched *fetched, void *user) {
  (void)user;
  for (size_t i = 0; i < fetched->count; i++) {
    peal_slice name = peal_val_str(fetched->sockets.items[i]);
    trace_add("in %.*s", name.len == 20 ? 3 : (int)name.len,
              name.len == 20 ? "own" : name.ptr);
  }
  trace_add("in %zu", fetched->count);
}

static void on_rooms_of_which(const peal_fetched *fetched, void *user) {
  (void)user;
  trace_add("first %.*s", PEAL_SFMT(peal_val_str(fetched->sockets.items[0])));
}

static void rooms_are_counted_over_all_workers(void **state) {
  (void)state;
  server_fixture it = make(4);
  assert_int_equal(peal_on_connect(it.root, on_connect, NULL), PEAL_OK);
  server_run(&it);
  assert_int_equal(peal_nsp_rooms(it.root, NULL, on_rooms, NULL), PEAL_OK);
  trace_expect("0 rooms\n");
  sio_client all[6];
  for (int i = 0; i < 6; i++) {
    assert_true(sio_client_start(&all[i], it.port, SIO_WEBSOCKET));
    if (i % 2)
      assert_true(sio_client_send(&all[i], "42[\"join\",\"odd\"]"));
    trace_expect(i % 2 ? "connect\nhas joined\n" : "connect\n");
  }
  assert_int_equal(peal_nsp_rooms(it.root, NULL, on_rooms, NULL), PEAL_OK);
  trace_expect("lobby:6\nodd:3\n2 rooms\n");
  assert_int_equal(
      peal_nsp_rooms_of(it.root, all[1].socket_id, on_rooms_of, NULL), PEAL_OK);
  trace_expect("in own\nin lobby\nin odd\nin 3\n");
  assert_int_equal(peal_nsp_rooms_of(it.root, "nobody", on_rooms_of, NULL),
                   PEAL_OK);
  trace_expect("in 0\n");
  assert_int_equal(peal_nsp_close_room(it.root, "lobby"), PEAL_OK);
  assert_int_equal(
      peal_nsp_rooms(it.root, &(peal_to){.is_local = true}, on_rooms, NULL),
      PEAL_OK);
  trace_expect("odd:3\n1 rooms\n");
  char join[64]; /* one is in a room of the other's name */
  for (int i = 0; i < 2; i++) {
    snprintf(join, sizeof join, "42[\"join\",\"%s\"]", all[!i * 2].socket_id);
    assert_true(sio_client_send(&all[i * 2], join));
    trace_expect("has joined\n");
  }
  for (int i = 0; i < 2; i++) {
    assert_int_equal(peal_nsp_rooms_of(it.root, all[i * 2].socket_id,
                                       on_rooms_of_which, NULL),
                     PEAL_OK);
    snprintf(join, sizeof join, "first %s\n", all[i * 2].socket_id);
    trace_expect(join);
  }
  for (int i = 0; i < 6; i++)
    sio_client_close(&all[i]);
  assert_true(server_has_clients(&it, 0));
  server_stop(&it);
}

static void wrong_use_is_said(void **state) {
  (void)state;
  server_fixture it = make(1);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  assert_int_equal(peal_on_room(NULL, on_room, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on_room(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_off_room(NULL, on_room, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_rooms(NULL, NULL, on_rooms, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_rooms(parent, NULL, on_rooms, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_rooms(it.root, NULL, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_rooms(it.root, &(peal_to){.rooms = PEAL_ROOMS("x")},
                                  on_rooms, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_rooms_of(it.root, NULL, on_rooms, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_rooms_of(it.root, "x", NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_close_room(it.root, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_close_room(NULL, "x"), PEAL_ERR_USAGE);
  peal_server_free(it.server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(changes_are_told_inside_the_call_that_makes_them),
      cmocka_unit_test(of_many_workers_one_tells_the_first_and_the_last),
      cmocka_unit_test(who_comes_late_hears_of_the_last_who_leaves),
      cmocka_unit_test(who_hears_of_it_may_leave_others),
      cmocka_unit_test(children_tell_what_their_parent_is_asked_for),
      cmocka_unit_test(rooms_are_counted_over_all_workers),
      cmocka_unit_test(wrong_use_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
