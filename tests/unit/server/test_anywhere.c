/* SPDX-License-Identifier: MIT */
/* Everything may be called from every callback: each act is done inside each
 * kind of callback, and the server must live on and end clean. */
#include <peal/handle.h>

#include "server_fixture.h"

typedef enum place {
  IN_USE,
  IN_CONNECT,
  IN_ANY,
  IN_EVENT,
  IN_OUTGOING,
  IN_ACK,
  IN_ALL_ACKS,
  IN_COUNT,
  IN_EACH,
  IN_DRAIN,
  IN_TIMER,
  IN_OWN, /* a handler of the socket alone */
  IN_POST,
  IN_DISCONNECTING,
  IN_DISCONNECT,
  PLACES
} place;

typedef enum act {
  DISCONNECT,
  DISCONNECT_CLOSE,
  STOP,
  EMIT_SELF,
  EMIT_ALL,
  EMIT_BIG,
  JOIN_LEAVE,
  ASK,
  ALL_DISCONNECT,
  ALL_ASK,
  HANG,
  HANDLERS,
  EVERYTHING,
  ACTS
} act;

static const char *const place_names[PLACES] = {
    "use",   "connect", "any",   "event",         "outgoing",
    "ack",   "acks",    "count", "each",          "drain",
    "timer", "own",     "post",  "disconnecting", "disconnect"};
static const char *const act_names[ACTS] = {"disconnect",
                                            "disconnect and close",
                                            "stop",
                                            "emit to itself",
                                            "emit to all",
                                            "emit much",
                                            "join and leave",
                                            "ask",
                                            "disconnect all",
                                            "ask all",
                                            "hang things on it",
                                            "change handlers",
                                            "everything"};

typedef struct scene {
  server_fixture it;
  place place;
  act act;
  atomic_int done; /* how often the act was done */
  bool inside;     /* an act is on the stack: its callbacks do not act */
} scene;

/* -- acts ------------------------------------------------------------------------ */

static void on_no_ack(peal_socket *socket, peal_err err, peal_args args,
                      void *user) {
  (void)socket;
  (void)err;
  (void)args;
  (void)user;
}

static void on_no_acks(const peal_acks *acks, void *user) {
  (void)acks;
  (void)user;
}

static void on_no_event(peal_socket *socket, const peal_event *event,
                        void *user) {
  (void)socket;
  (void)event;
  (void)user;
}

static void on_no_time(peal_socket *socket, void *user) {
  (void)socket;
  (void)user;
}

static char big_text[1 << 20];

static void do_join_leave(peal_socket *socket) {
  static const peal_to everyone = {0};
  (void)peal_join(socket, "a");
  (void)peal_join(socket, "b");
  peal_leave(socket, "a");
  peal_leave(socket, "not in");
  (void)peal_socket_in(socket, "b");
  for (size_t i = 0; i < peal_socket_room_count(socket); i++)
    assert_non_null(peal_socket_room(socket, i));
  (void)peal_nsp_join(peal_socket_nsp(socket), &everyone, "c");
  (void)peal_nsp_leave(peal_socket_nsp(socket), &everyone, "b");
}

/* Everything that may hang on a socket, put there and taken off, twice. */
static void hang_on(peal_socket *socket) {
  static const peal_socket_key key = {.free_fn = free}, other = {0};
  peal_socket_ref ref = peal_ref_of(socket);
  for (int twice = 0; twice < 2; twice++) {
    char *value = strdup("value");
    if (peal_socket_key_set(socket, &key, value))
      free(value);
    (void)peal_socket_key_set(socket, &other, big_text);
    (void)peal_socket_timer_start(socket, 0, 1, on_no_time, NULL);
    (void)peal_socket_timer_start(socket, 0, 0, on_no_time, big_text);
    peal_socket_timer_stop(socket, on_no_time, twice ? NULL : big_text);
    (void)peal_socket_on(socket, "go", on_no_event, NULL);
    (void)peal_socket_once(socket, "go", on_no_event, NULL);
    if (!twice)
      peal_socket_off(socket, "go", on_no_event, NULL);
    (void)peal_ref_emit(ref, "ref", PEAL_NO_ARGS);
    (void)peal_ref_post(ref, on_no_time, NULL);
    assert_true(!ref.nsp || peal_ref_socket(ref) == socket);
  }
  (void)peal_socket_key_set(socket, &other, NULL);
}

static void change_handlers(scene *s);

static void do_act(scene *s, peal_socket *socket, act what) {
  peal_nsp *nsp = peal_socket_nsp(socket);
  switch (what) {
  case DISCONNECT:
  case DISCONNECT_CLOSE:
    peal_disconnect(socket, what == DISCONNECT_CLOSE);
    break;
  case STOP:
    peal_server_stop(s->it.server);
    break;
  case EMIT_SELF:
    (void)peal_emit(socket, "self", PEAL_ARGS(peal_binary(PEAL_S("bytes"))));
    (void)peal_emit_with(socket, &(peal_to){.is_volatile = true}, "self",
                         PEAL_NO_ARGS);
    break;
  case EMIT_ALL:
    (void)peal_nsp_emit(nsp, NULL, "all", PEAL_NO_ARGS);
    (void)peal_emit_to(socket, &(peal_to){.rooms = PEAL_ROOMS("a")}, "room",
                       PEAL_NO_ARGS);
    break;
  case EMIT_BIG: /* over the ceiling: it is closed for it */
    for (int i = 0; i < 3; i++)
      (void)peal_nsp_emit(
          nsp, NULL, "big",
          PEAL_ARGS(peal_str_slice((peal_slice){big_text, sizeof big_text})));
    break;
  case JOIN_LEAVE:
    do_join_leave(socket);
    break;
  case ASK:
    (void)peal_emit_ack(socket, "q", PEAL_NO_ARGS, 20, on_no_ack, NULL);
    (void)peal_emit_ack(socket, "q", PEAL_NO_ARGS, 0, on_no_ack, NULL);
    break;
  case ALL_DISCONNECT:
    (void)peal_nsp_disconnect(nsp, NULL, true);
    break;
  case ALL_ASK:
    (void)peal_nsp_emit_ack(nsp, NULL, "q", PEAL_NO_ARGS, 20, on_no_acks, NULL);
    break;
  case HANG:
    hang_on(socket);
    break;
  case HANDLERS:
    change_handlers(s);
    break;
  case EVERYTHING:
    for (act each = ACTS; each-- > DISCONNECT;)
      if (each != EVERYTHING && each != STOP)
        do_act(s, socket, each);
    break;
  case ACTS:
    break;
  }
}

/* Callbacks that an act causes at once do not act again. */
static void act_in(scene *s, place where, peal_socket *socket) {
  if (s->place != where || s->inside || !socket)
    return;
  s->inside = true;
  do_act(s, socket, s->act);
  s->inside = false;
  atomic_fetch_add(&s->done, 1);
}

/* -- callbacks ---------------------------------------------------------------------- */

static void in_use(peal_socket *socket, peal_next *next, void *user) {
  act_in(user, IN_USE, socket);
  peal_next_ok(next);
}

static void in_timer(peal_socket *socket, void *user) {
  act_in(user, IN_TIMER, socket);
}

static void in_own(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  act_in(user, IN_OWN, socket);
}

static void in_post(peal_socket *socket, void *user) {
  act_in(user, IN_POST, socket);
}

static peal_err in_connect(peal_socket *socket, void *user) {
  (void)peal_join(socket, "a");
  (void)peal_socket_on(socket, "go", in_own, user);
  act_in(user, IN_CONNECT, socket);
  return PEAL_OK;
}

static void in_any(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  act_in(user, IN_ANY, socket);
}

static void in_outgoing(peal_socket *socket, peal_slice event, peal_args args,
                        void *user) {
  (void)event;
  (void)args;
  act_in(user, IN_OUTGOING, socket);
}

static void in_ack(peal_socket *socket, peal_err err, peal_args args,
                   void *user) {
  (void)err;
  (void)args;
  act_in(user, IN_ACK, socket);
}

/* The namespace's callbacks have no socket: they take the first one. */
static peal_socket *found;

static void find(peal_socket *socket, void *user) {
  (void)user;
  found = socket;
}

static peal_socket *any_socket(scene *s) {
  found = NULL;
  peal_nsp_each(s->it.root, NULL, find, NULL);
  return found;
}

static void in_acks(const peal_acks *acks, void *user) {
  scene *s = user;
  (void)acks;
  act_in(s, IN_ALL_ACKS, any_socket(s));
}

static void in_count(peal_err err, size_t count, peal_args ids, void *user) {
  scene *s = user;
  (void)err;
  (void)count;
  (void)ids;
  act_in(s, IN_COUNT, any_socket(s));
}

static void in_each(peal_socket *socket, void *user) {
  act_in(user, IN_EACH, socket);
}

static void in_drain(peal_socket *socket, void *user) {
  act_in(user, IN_DRAIN, socket);
}

static void in_disconnecting(peal_socket *socket, peal_reason reason,
                             peal_err err, void *user) {
  (void)reason;
  (void)err;
  act_in(user, IN_DISCONNECTING, socket);
}

static void in_disconnect(peal_socket *socket, peal_reason reason, peal_err err,
                          void *user) {
  (void)reason;
  (void)err;
  act_in(user, IN_DISCONNECT, socket);
}

/* The event that sets everything off. */
static void in_event(peal_socket *socket, const peal_event *event, void *user) {
  scene *s = user;
  peal_nsp *nsp = peal_socket_nsp(socket);
  (void)peal_emit_ack(socket, "q", PEAL_NO_ARGS, 10, in_ack, s);
  (void)peal_nsp_emit_ack(nsp, NULL, "q", PEAL_NO_ARGS, 10, in_acks, s);
  (void)peal_nsp_count(nsp, NULL, in_count, s);
  (void)peal_nsp_members(nsp, NULL, in_count, s);
  peal_nsp_each(nsp, NULL, in_each, s);
  (void)peal_socket_timer_start(socket, 0, 1, in_timer, s);
  (void)peal_ref_post(peal_ref_of(socket), in_post, s);
  act_in(s, IN_EVENT, socket);
  (void)peal_ack(event, PEAL_NO_ARGS);
  if (s->place == IN_DRAIN)
    (void)peal_emit(socket, "soft",
                    PEAL_ARGS(peal_str_slice((peal_slice){big_text, 200000})));
}

/* Taken off, put back, and something else put there and taken off: also the one
 * that is being called. */
static void change_handlers(scene *s) {
  peal_nsp *nsp = s->it.root;
  (void)peal_off_connect(nsp, in_connect, s);
  (void)peal_on_connect(nsp, in_connect, s);
  (void)peal_off_any(nsp, in_any, s);
  (void)peal_on_any(nsp, in_any, s);
  (void)peal_on(nsp, "go", on_no_event, NULL);
  (void)peal_once(nsp, "go", on_no_event, s);
  (void)peal_off(nsp, "go", in_event, s);
  (void)peal_on(nsp, "go", in_event, s);
  (void)peal_off(nsp, "go", on_no_event, NULL);
  (void)peal_off_any_outgoing(nsp, in_outgoing, s);
  (void)peal_on_any_outgoing(nsp, in_outgoing, s);
  (void)peal_off_drain(nsp, in_drain, s);
  (void)peal_on_drain(nsp, in_drain, s);
  (void)peal_off_disconnecting(nsp, in_disconnecting, s);
  (void)peal_on_disconnecting(nsp, in_disconnecting, s);
  (void)peal_off_disconnect(nsp, in_disconnect, s);
  (void)peal_on_disconnect(nsp, in_disconnect, s);
}

/* -- scenes ----------------------------------------------------------------------------- */

static void set_up(scene *s) {
  peal_server_opts opts = server_opts();
  opts.max_queue_bytes = 2u << 20;
  opts.max_queue_soft_bytes = 100000;
  s->it = server_make(&opts);
  peal_nsp *nsp = s->it.root;
  assert_int_equal(peal_use(nsp, in_use, s), PEAL_OK);
  assert_int_equal(peal_on_connect(nsp, in_connect, s), PEAL_OK);
  assert_int_equal(peal_on_any(nsp, in_any, s), PEAL_OK);
  assert_int_equal(peal_on(nsp, "go", in_event, s), PEAL_OK);
  assert_int_equal(peal_on_any_outgoing(nsp, in_outgoing, s), PEAL_OK);
  assert_int_equal(peal_on_drain(nsp, in_drain, s), PEAL_OK);
  assert_int_equal(peal_on_disconnecting(nsp, in_disconnecting, s), PEAL_OK);
  assert_int_equal(peal_on_disconnect(nsp, in_disconnect, s), PEAL_OK);
  server_run(&s->it);
}

/* Two clients, one act; then they go. Every step may fail. */
static void play(scene *s, sio_via via) {
  sio_client a, b;
  (void)sio_client_start(&b, s->it.port, SIO_WEBSOCKET);
  if (sio_client_open(&a, s->it.port, via) && sio_client_send(&a, "40") &&
      sio_client_send(&a, "421[\"go\"]"))
    while (s->done < 1 &&
           sio_client_next(&a, s->place >= IN_DISCONNECTING ? 1 : 20))
      continue;
  bool at_end = s->place >= IN_DISCONNECTING;
  for (int i = 0; !at_end && i < 30 && s->done < 1 && !sio_client_is_closed(&a);
       i++)
    (void)sio_client_next(&a, 5);
  sio_client_close(&a);
  sio_client_close(&b);
  for (int i = 0; i < 2000 && s->done < 1; i++)
    usleep(1000);
}

static bool perform(place where, act what, sio_via via) {
  scene s = {.place = where, .act = what};
  set_up(&s);
  play(&s, via);
  server_stop(&s.it);
  if (s.done > 0)
    return true;
  print_error("%s in %s did not happen\n", act_names[what], place_names[where]);
  return false;
}

static void every_act_in_every_callback(sio_via via) {
  memset(big_text, 'x', sizeof big_text);
  bool all = true;
  for (place where = IN_USE; where < PLACES; where++)
    for (act what = DISCONNECT; what < ACTS; what++)
      all = perform(where, what, via) && all;
  assert_true(all);
}

static void over_websocket(void **state) {
  (void)state;
  every_act_in_every_callback(SIO_WEBSOCKET);
}

static void over_polling(void **state) {
  (void)state;
  every_act_in_every_callback(SIO_POLLING);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(over_websocket),
      cmocka_unit_test(over_polling),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
