/* SPDX-License-Identifier: MIT */
/* names: events and rooms as slices, with any byte in them. */
#include "base/reserved.h"
#include "proto/names.h"
#include "server_fixture.h"

#define ROOM PEAL_S("a\0b")
#define OTHER PEAL_S("a\0c")

/* -- both spellings of a list ------------------------------------------------------ */

static void lists_of_both_spellings_are_one(void **state) {
  (void)state;
  const peal_to to = {.rooms = PEAL_ROOMS("x", "y"),
                      .room_names = PEAL_NAMES(PEAL_S("z"), ROOM),
                      .conflate = "key"};
  peal_names_walk walk = peal_names_rooms(&to);
  peal_slice name;
  assert_int_equal(peal_names_count(walk), 4);
  assert_true(peal_names_next(&walk, &name) && peal_slice_is(name, "x"));
  assert_true(peal_names_next(&walk, &name) && peal_slice_is(name, "y"));
  assert_true(peal_names_next(&walk, &name) && peal_slice_is(name, "z"));
  assert_true(peal_names_next(&walk, &name) && peal_slice_eq(name, ROOM));
  assert_false(peal_names_next(&walk, &name));
  walk = peal_names_except(&to);
  assert_false(peal_names_are_given(&walk));
  assert_true(peal_slice_is(peal_names_key(&to), "key"));
}

static void an_empty_list_is_nobody(void **state) {
  (void)state;
  static const peal_slice none[] = {{"", 0}};
  const peal_to empty = {.room_names = {none, 0}}, all = {0};
  peal_names_walk walk = peal_names_rooms(&empty);
  assert_true(peal_names_are_given(&walk));
  assert_int_equal(peal_names_count(walk), 0);
  walk = peal_names_rooms(&all);
  assert_false(peal_names_are_given(&walk));
}

/* -- on the wire ------------------------------------------------------------------ */

/* Whatever comes is passed on to who shares the room of the sender. */
static void pass_on(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_slice room = peal_socket_room_n(socket, 1);
  const peal_to to = {.room_names = PEAL_NAMES(room)};
  assert_true(peal_slice_eq(room, ROOM));
  assert_int_equal(peal_emit_to_n(socket, &to, peal_event_name(event),
                                  peal_event_args(event)),
                   PEAL_OK);
  assert_int_equal(
      peal_ack(event, PEAL_ARGS(peal_str_slice(peal_event_name(event)))),
      PEAL_OK);
}

static peal_err enter(peal_socket *socket, void *user) {
  (void)user;
  assert_int_equal(peal_join_n(socket, ROOM), PEAL_OK);
  assert_true(peal_socket_in_n(socket, ROOM));
  assert_false(peal_socket_in_n(socket, OTHER));
  assert_false(peal_socket_in(socket, "a"));
  assert_int_equal(peal_join_n(socket, (peal_slice){NULL, 0}), PEAL_ERR_USAGE);
  assert_int_equal(peal_join_n(socket, OTHER), PEAL_OK);
  assert_int_equal(peal_socket_room_count(socket), 3);
  peal_leave_n(socket, OTHER);
  assert_int_equal(peal_socket_room_count(socket), 2);
  assert_null(peal_socket_room_n(socket, 2).ptr);
  assert_true(
      peal_slice_is(peal_socket_room_n(socket, 0), peal_socket_id(socket)));
  return PEAL_OK;
}

static server_fixture relay_server(unsigned workers) {
  peal_server_opts opts = server_opts();
  opts.workers = workers;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on_connect(it.root, enter, NULL), PEAL_OK);
  assert_int_equal(peal_on_any(it.root, pass_on, NULL), PEAL_OK);
  server_run(&it);
  return it;
}

static void relay_with(unsigned workers) {
  enum { CLIENTS = 4 };

  server_fixture it = relay_server(workers);
  sio_client c[CLIENTS];
  for (size_t i = 0; i < CLIENTS; i++)
    assert_true(sio_client_start(&c[i], it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&c[0], "421[\"x\\u0000y\",{\"k\\u0000\":1}]"));
  assert_true(sio_client_expect(&c[0], "431[\"x\\u0000y\"]"));
  for (size_t i = 1; i < CLIENTS; i++)
    assert_true(sio_client_expect(&c[i], "42[\"x\\u0000y\",{\"k\\u0000\":1}]"));
  for (size_t i = 0; i < CLIENTS; i++)
    sio_client_close(&c[i]);
  server_stop(&it);
}

static void a_catch_all_relays_without_a_copy(void **state) {
  (void)state;
  relay_with(1);
  relay_with(3);
}

/* From no worker: everything travels as an operation. */
static void every_worker_gets_names_with_nul(void **state) {
  (void)state;
  server_fixture it = relay_server(2);
  sio_client a, b;
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_start(&b, it.port, SIO_WEBSOCKET));
  peal_slice ids[] = {peal_slice_of(a.socket_id)};
  const peal_to room = {.room_names = PEAL_NAMES(ROOM)};
  const peal_to only_b = {.room_names = PEAL_NAMES(ROOM),
                          .except_names = {ids, 1},
                          .conflate_name = PEAL_S("k\0")};
  const peal_to only_a = {.room_names = {ids, 1}};
  const peal_to other = {.room_names = PEAL_NAMES(OTHER)};
  assert_int_equal(peal_nsp_join_n(it.root, &only_a, OTHER), PEAL_OK);
  assert_int_equal(peal_nsp_emit_n(it.root, &room, PEAL_S("r\0"), PEAL_ARGS()),
                   PEAL_OK);
  assert_int_equal(peal_nsp_emit_n(it.root, &only_b, PEAL_S("b"), PEAL_ARGS()),
                   PEAL_OK);
  assert_int_equal(peal_nsp_emit_n(it.root, &other, PEAL_S("a"), PEAL_ARGS()),
                   PEAL_OK);
  assert_true(sio_client_expect(&a, "42[\"r\\u0000\"]"));
  assert_true(sio_client_expect(&a, "42[\"a\"]"));
  assert_true(sio_client_expect(&b, "42[\"r\\u0000\"]"));
  assert_true(sio_client_expect(&b, "42[\"b\"]"));
  assert_int_equal(peal_nsp_leave_n(it.root, &only_a, OTHER), PEAL_OK);
  assert_int_equal(
      peal_nsp_emit_n(it.root, &other, PEAL_S("gone"), PEAL_ARGS()), PEAL_OK);
  assert_int_equal(peal_nsp_emit(it.root, NULL, "end", PEAL_ARGS()), PEAL_OK);
  assert_true(sio_client_expect(&a, "42[\"end\"]"));
  assert_true(sio_client_expect(&b, "42[\"end\"]"));
  sio_client_close(&a);
  sio_client_close(&b);
  server_stop(&it);
}

/* -- values that are built in the turn ---------------------------------------------- */

/* ["rooms"]: the answer has as many rows as there are rooms. */
static void list_rooms(peal_socket *socket, const peal_event *event,
                       void *user) {
  peal_build *build = peal_socket_build(socket);
  peal_items *rows = peal_items_new(build);
  for (size_t i = 1; i < peal_socket_room_count(socket); i++) {
    peal_slice name = peal_socket_room_n(socket, i);
    peal_items_add(
        rows,
        peal_build_keep(build, PEAL_OBJECT({"i", peal_int((int64_t)i)},
                                           {"name", peal_str_slice(name)})));
  }
  assert_int_equal(peal_build_err(build), PEAL_OK);
  assert_int_equal(peal_ack(event, PEAL_ARGS(peal_items_val(rows))), PEAL_OK);
  *(peal_worker **)user = peal_socket_worker(socket);
}

/* What a builder without memory gives is refused by all that take values. */
static void spend_lost(peal_socket *socket, const peal_event *event,
                       void *user) {
  (void)user;
  peal_args lost = peal_items_args(NULL);
  peal_nsp *nsp = peal_socket_nsp(socket);
  const peal_to nobody = {.rooms = PEAL_ROOMS()};
  assert_int_equal(peal_emit(socket, "x", lost), PEAL_ERR_NOMEM);
  assert_int_equal(peal_emit_to(socket, NULL, "x", lost), PEAL_ERR_NOMEM);
  assert_int_equal(peal_nsp_emit(nsp, NULL, "x", lost), PEAL_ERR_NOMEM);
  assert_int_equal(peal_nsp_emit(nsp, &nobody, "x", lost), PEAL_ERR_NOMEM);
  assert_int_equal(peal_ack(event, lost), PEAL_ERR_NOMEM);
  trace_add("lost");
}

static void rows_are_built_in_the_turn(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_worker *worker = NULL;
  sio_client a;
  assert_int_equal(peal_on_connect(it.root, enter, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "rooms", list_rooms, &worker), PEAL_OK);
  assert_int_equal(peal_on(it.root, "lost", spend_lost, NULL), PEAL_OK);
  server_run(&it);
  trace_clear();
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "421[\"rooms\"]"));
  assert_true(sio_client_expect(&a, "431[[{\"i\":1,\"name\":\"a\\u0000b\"}]]"));
  assert_true(sio_client_send(&a, "422[\"lost\"]"));
  trace_await("lost");
  /* Not from here: the turn is another thread's. */
  assert_int_equal(peal_build_err(peal_worker_build(worker)), PEAL_ERR_USAGE);
  sio_client_close(&a);
  server_stop(&it);
}

/* -- what is refused --------------------------------------------------------------- */

static peal_err refuse_all(peal_socket *socket, void *user) {
  (void)user;
  const peal_to unknown = {.reserved = {1}};
  const peal_to room = {.room_names = PEAL_NAMES(ROOM)};
  peal_slice none = {NULL, 0}, x = PEAL_S("x");
  peal_nsp *nsp = peal_socket_nsp(socket);
  assert_int_equal(peal_emit_n(socket, none, PEAL_ARGS()), PEAL_ERR_RESERVED);
  assert_int_equal(peal_emit_n(socket, PEAL_S("connect"), PEAL_ARGS()),
                   PEAL_ERR_RESERVED);
  assert_int_equal(peal_emit_with_n(socket, &room, x, PEAL_ARGS()),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_emit_with_n(socket, &unknown, x, PEAL_ARGS()),
                   PEAL_ERR_OPTION);
  assert_int_equal(peal_emit_to_n(socket, &unknown, x, PEAL_ARGS()),
                   PEAL_ERR_OPTION);
  assert_int_equal(peal_nsp_emit_n(nsp, &unknown, x, PEAL_ARGS()),
                   PEAL_ERR_OPTION);
  assert_int_equal(peal_nsp_join_n(nsp, &unknown, x), PEAL_ERR_OPTION);
  assert_int_equal(peal_nsp_join_n(nsp, NULL, none), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_leave_n(nsp, NULL, none), PEAL_ERR_USAGE);
  trace_add("refused");
  return PEAL_OK;
}

static void what_is_no_name_is_refused(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  sio_client a;
  assert_int_equal(peal_on_connect(it.root, refuse_all, NULL), PEAL_OK);
  server_run(&it);
  trace_clear();
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(trace_is("refused\n"));
  sio_client_close(&a);
  server_stop(&it);
  assert_int_equal(peal_emit_n(NULL, PEAL_S("x"), PEAL_ARGS()), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_emit_n(NULL, NULL, PEAL_S("x"), PEAL_ARGS()),
                   PEAL_ERR_USAGE);
  assert_false(peal_socket_in_n(NULL, ROOM));
  peal_leave_n(NULL, ROOM);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lists_of_both_spellings_are_one),
      cmocka_unit_test(an_empty_list_is_nobody),
      cmocka_unit_test(a_catch_all_relays_without_a_copy),
      cmocka_unit_test(every_worker_gets_names_with_nul),
      cmocka_unit_test(rows_are_built_in_the_turn),
      cmocka_unit_test(what_is_no_name_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
