/* SPDX-License-Identifier: MIT */
/* Rooms of a socket: each step constant, whatever it is in. */
#include <time.h>

#include "server_fixture.h"

#define MANY 20000

static uint64_t cpu_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const char *name_of(int i, char text[32]) {
  snprintf(text, 32, "room %d", i);
  return text;
}

static void join_many(peal_socket *socket) {
  char text[32];
  for (int i = 0; i < MANY; i++)
    assert_int_equal(peal_join(socket, name_of(i, text)), PEAL_OK);
  assert_int_equal(peal_socket_room_count(socket), MANY + 1);
}

/* Every room is listed once: its own first. */
static void list_many(const peal_socket *socket) {
  static bool seen[MANY];
  memset(seen, 0, sizeof seen);
  assert_string_equal(peal_socket_room(socket, 0), peal_socket_id(socket));
  for (size_t i = 1; i <= MANY; i++) {
    int n = atoi(peal_socket_room(socket, i) + 5);
    assert_false(seen[n]);
    seen[n] = true;
  }
  assert_null(peal_socket_room(socket, MANY + 1));
}

static void ask_many(const peal_socket *socket) {
  char text[32];
  for (int i = 0; i < MANY; i++)
    assert_true(peal_socket_in(socket, name_of(i, text)));
  assert_false(peal_socket_in(socket, "room -1"));
}

static void leave_half(peal_socket *socket) {
  char text[32];
  for (int i = 0; i < MANY; i += 2)
    peal_leave(socket, name_of(i, text));
  for (int i = 0; i < MANY; i++)
    assert_int_equal(peal_socket_in(socket, name_of(i, text)), i % 2);
  assert_int_equal(peal_socket_room_count(socket), MANY / 2 + 1);
}

static uint64_t spent_ms;

static void on_many(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  uint64_t before = cpu_ms();
  join_many(socket);
  list_many(socket);
  ask_many(socket);
  leave_half(socket);
  spent_ms += cpu_ms() - before;
  (void)peal_ack(event, PEAL_NO_ARGS);
}

static void on_gone(peal_socket *socket, peal_reason reason, peal_err err,
                    void *user) {
  (void)socket;
  (void)reason;
  (void)err;
  uint64_t *started = user;
  if (*started == 0) {
    *started = cpu_ms();
    return;
  }
  spent_ms += cpu_ms() - *started;
  trace_add("left");
}

/* One step that is not constant makes seconds of it. */
static void twenty_thousand_rooms_take_no_time(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  uint64_t started = 0;
  opts.max_rooms = MANY;
  server_fixture it = server_make(&opts);
  spent_ms = 0;
  assert_int_equal(peal_on(it.root, "many", on_many, NULL), PEAL_OK);
  assert_int_equal(peal_on_disconnecting(it.root, on_gone, &started), PEAL_OK);
  assert_int_equal(peal_on_disconnect(it.root, on_gone, &started), PEAL_OK);
  server_run(&it);
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "421[\"many\"]"));
  assert_true(sio_client_await(&a, "431[]"));
  sio_client_close(&a);
  trace_expect("left\n");
  print_message("%d rooms: %llu ms of CPU\n", MANY,
                (unsigned long long)spent_ms);
  assert_true(spent_ms < 400);
  server_stop(&it);
}

static void on_sizes(peal_socket *socket, const peal_event *event, void *user) {
  char name[2000];
  (void)user;
  memset(name, 'x', sizeof name);
  name[1024] = 0;
  assert_int_equal(peal_join(socket, name), PEAL_OK);
  assert_true(peal_socket_in(socket, name));
  name[1024] = 'x';
  name[1025] = 0;
  assert_int_equal(peal_join(socket, name), PEAL_ERR_LIMIT);
  assert_false(peal_socket_in(socket, name));
  assert_int_equal(peal_join(socket, peal_socket_id(socket)), PEAL_OK);
  assert_int_equal(peal_socket_room_count(socket), 2);
  peal_leave(socket, peal_socket_id(socket)); /* its own stays */
  assert_int_equal(peal_socket_room_count(socket), 2);
  (void)peal_ack(event, PEAL_NO_ARGS);
}

static void names_have_a_ceiling(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on(it.root, "sizes", on_sizes, NULL), PEAL_OK);
  server_run(&it);
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&a, "421[\"sizes\"]"));
  assert_true(sio_client_await(&a, "431[]"));
  sio_client_close(&a);
  server_stop(&it);
}

/* -- membership begins with acceptance -------------------------------------------- */

static void on_count(peal_err err, size_t count, peal_args ids, void *user) {
  trace_add("%s: %s %zu %zu", (const char *)user, peal_err_name(err), count,
            ids.count);
}

static void on_each(peal_socket *socket, void *user) {
  (void)socket;
  trace_add("%s", (const char *)user);
}

static void look(peal_nsp *nsp, char *when) {
  const peal_to room = {.rooms = PEAL_ROOMS("r")};
  assert_int_equal(peal_nsp_count(nsp, NULL, on_count, when), PEAL_OK);
  assert_int_equal(peal_nsp_members(nsp, &room, on_count, when), PEAL_OK);
  peal_nsp_each(nsp, NULL, on_each, when);
}

static peal_err look_and_emit(peal_socket *socket, void *user) {
  static char in_handler[] = "in the handler";
  peal_nsp *nsp = peal_socket_nsp(socket);
  const peal_to room = {.rooms = PEAL_ROOMS("r"), .with_self = true};
  const peal_to own = {.rooms = PEAL_ROOMS(peal_socket_id(socket))};
  assert_int_equal(peal_join(socket, "r"), PEAL_OK);
  assert_true(peal_socket_in(socket, "r"));
  assert_true(peal_socket_in(socket, peal_socket_id(socket)));
  look(nsp, in_handler);
  assert_int_equal(peal_nsp_emit(nsp, NULL, "all", PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(peal_nsp_emit(nsp, &room, "room", PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(peal_nsp_emit(nsp, &own, "own", PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(peal_nsp_join(nsp, &room, "s"), PEAL_OK);
  assert_int_equal(peal_nsp_disconnect(nsp, &own, false), PEAL_OK);
  assert_false(peal_socket_in(socket, "s"));
  assert_int_equal(peal_emit(socket, "self", PEAL_NO_ARGS), PEAL_OK);
  /* Only what is meant for itself, too, comes back. */
  assert_int_equal(peal_emit_to(socket, &room, "mine", PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(
      peal_emit_to(socket,
                   &(peal_to){.rooms = PEAL_ROOMS("s"), .with_self = true},
                   "not mine", PEAL_NO_ARGS),
      PEAL_OK);
  assert_int_equal(peal_emit_to(socket, NULL, "others", PEAL_NO_ARGS), PEAL_OK);
  return *(peal_err *)user;
}

static void on_look(peal_socket *socket, const peal_event *event, void *user) {
  static char after[] = "after";
  (void)user;
  look(peal_socket_nsp(socket), after);
  assert_int_equal(peal_nsp_emit(peal_socket_nsp(socket),
                                 &(peal_to){.rooms = PEAL_ROOMS("r")}, "room",
                                 PEAL_NO_ARGS),
                   PEAL_OK);
  (void)peal_ack(event, PEAL_NO_ARGS);
}

static void a_socket_is_a_member_once_it_is_accepted(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_err answer = PEAL_OK;
  assert_int_equal(peal_on_connect(it.root, look_and_emit, &answer), PEAL_OK);
  assert_int_equal(peal_on(it.root, "look", on_look, NULL), PEAL_OK);
  server_run(&it);
  sio_client a;
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  trace_expect("in the handler: PEAL_OK 0 0\nin the handler: PEAL_OK 0 0\n");
  assert_true(sio_client_expect(&a, "42[\"self\"]"));
  assert_true(sio_client_expect(&a, "42[\"mine\"]"));
  assert_true(sio_client_send(&a, "421[\"look\"]"));
  assert_true(sio_client_expect(&a, "42[\"room\"]"));
  assert_true(sio_client_expect(&a, "431[]"));
  trace_expect("after: PEAL_OK 1 0\nafter: PEAL_OK 1 1\nafter\n");
  sio_client_close(&a);
  server_stop(&it);
}

/* Its rooms are gone with it: a later socket of the room is alone. */
static void a_refused_socket_leaves_no_trace(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_err answer = PEAL_ERR_LIMIT;
  assert_int_equal(peal_on_connect(it.root, look_and_emit, &answer), PEAL_OK);
  assert_int_equal(peal_on(it.root, "look", on_look, NULL), PEAL_OK);
  server_run(&it);
  sio_client a;
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  for (int i = 0; i < 3; i++) {
    assert_true(sio_client_send(&a, "40"));
    assert_true(
        sio_client_expect(&a, "44{\"message\":\"a limit was reached\"}"));
    trace_expect("in the handler: PEAL_OK 0 0\nin the handler: PEAL_OK 0 0\n");
  }
  sio_client_close(&a);
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(twenty_thousand_rooms_take_no_time),
      cmocka_unit_test(names_have_a_ceiling),
      cmocka_unit_test(a_socket_is_a_member_once_it_is_accepted),
      cmocka_unit_test(a_refused_socket_leaves_no_trace),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
