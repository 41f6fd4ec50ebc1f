/* SPDX-License-Identifier: MIT */
/* What becomes of an event on its way: wildcards, catch-all handlers in front,
 * errors, acknowledgements of themselves, middleware at once and later. */
#include <peal/events.h>
#include <peal/namespaces.h>

#include "server_fixture.h"

static char own[] = "own", other[] = "other", every[] = "every",
            every_other[] = "every other", first[] = "first",
            second[] = "second";

static void on_note(peal_socket *socket, const peal_event *event, void *user) {
  trace_add("%s %s %.*s", (const char *)user,
            peal_nsp_name(peal_socket_nsp(socket)),
            PEAL_SFMT(peal_event_name(event)));
  assert_int_equal(peal_ack(event, PEAL_ARGS(peal_str(user))), PEAL_OK);
}

static void start(server_fixture *it, sio_client *client) {
  server_run(it);
  assert_true(sio_client_start(client, it->port, SIO_WEBSOCKET));
}

static void stop(server_fixture *it, sio_client *client) {
  sio_client_close(client);
  server_stop(it);
}

static void ask(sio_client *client, const char *packet, const char *answer,
                const char *log) {
  assert_true(sio_client_send(client, packet));
  assert_true(sio_client_expect(client, answer));
  trace_expect(log);
}

/* -- wildcards ------------------------------------------------------------------------- */

/* python-socketio's order: this event here, any event here, this event
 * everywhere, any event everywhere. */
static void an_event_without_handlers_goes_to_wildcards_in_order(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *all = peal_server_wildcard(it.server);
  peal_nsp *room = peal_server_of(it.server, "/room");
  assert_non_null(all);
  assert_ptr_equal(peal_server_wildcard(it.server), all);
  assert_int_equal(peal_on(it.root, "a", on_note, own), PEAL_OK);
  assert_int_equal(peal_on_wildcard(it.root, on_note, other), PEAL_OK);
  assert_int_equal(peal_on(all, "b", on_note, every), PEAL_OK);
  assert_int_equal(peal_on_wildcard(all, on_note, every_other), PEAL_OK);
  assert_non_null(room);
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_join(&client, "/room", NULL));
  ask(&client, "421[\"a\"]", "431[\"own\"]", "own / a\n");
  ask(&client, "422[\"b\"]", "432[\"other\"]", "other / b\n");
  ask(&client, "42/room,3[\"b\"]", "43/room,3[\"every\"]", "every /room b\n");
  ask(&client, "42/room,4[\"c\"]", "43/room,4[\"every other\"]",
      "every other /room c\n");
  assert_false(sio_client_join(&client, "/elsewhere", NULL));
  assert_false(sio_client_join(&client, "/*", NULL));
  stop(&it, &client);
}

static void on_claim(peal_socket *socket, const peal_event *event, void *user) {
  on_note(socket, event, user);
  assert_int_equal(peal_off_wildcard(peal_socket_nsp(socket), on_claim, user),
                   PEAL_OK);
  assert_int_equal(peal_socket_on(socket, "x", on_note, second), PEAL_OK);
}

static void one_that_is_handled_by_its_socket_is_none_for_a_wildcard(
    void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on_wildcard(it.root, on_claim, first), PEAL_OK);
  assert_int_equal(peal_on_wildcard(it.root, on_claim, NULL), PEAL_OK);
  assert_int_equal(peal_off_wildcard(it.root, on_claim, NULL), PEAL_OK);
  sio_client client;
  start(&it, &client);
  ask(&client, "421[\"x\"]", "431[\"first\"]", "first / x\n");
  ask(&client, "422[\"x\"]", "432[\"second\"]", "second / x\n");
  stop(&it, &client);
}

static peal_err on_connect(peal_socket *socket, void *user) {
  trace_add("%s connect %s", (const char *)user,
            peal_nsp_name(peal_socket_nsp(socket)));
  return PEAL_OK;
}

static void on_disconnect(peal_socket *socket, peal_reason reason, peal_err err,
                          void *user) {
  (void)reason;
  (void)err;
  trace_add("%s disconnect %s", (const char *)user,
            peal_nsp_name(peal_socket_nsp(socket)));
}

static void connecting_is_no_event_but_has_handlers_for_all(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *all = peal_server_wildcard(it.server);
  assert_non_null(peal_server_of(it.server, "/room"));
  assert_int_equal(peal_on_wildcard(all, on_note, every_other), PEAL_OK);
  assert_int_equal(peal_on_connect(all, on_connect, every), PEAL_OK);
  assert_int_equal(peal_on_disconnect(all, on_disconnect, every), PEAL_OK);
  assert_int_equal(peal_on_connect(it.root, on_connect, own), PEAL_OK);
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_join(&client, "/room", NULL));
  trace_expect("own connect /\nevery connect /room\n");
  assert_true(sio_client_send(&client, "41/room,"));
  trace_expect("every disconnect /room\n");
  sio_client_close(&client);
  assert_true(server_has_clients(&it, 0));
  trace_expect("every disconnect /\n");
  server_stop(&it);
}

static void the_wildcard_namespace_is_made_before_the_run(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  sio_client client;
  start(&it, &client);
  assert_null(peal_server_wildcard(it.server));
  assert_null(peal_server_wildcard(NULL));
  stop(&it, &client);
}

static void on_error(peal_socket *socket, const peal_event *event, peal_err err,
                     const char *message, void *user);
static void on_pass(peal_socket *socket, const peal_event *event,
                    peal_event_next *next, void *user);

/* What a parent has its children have, also what comes later. */
static void a_parents_rules_are_its_childrens(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.cleanup_empty_namespaces = true;
  server_fixture it = server_make(&opts);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/room-[0-9]$");
  assert_non_null(parent);
  assert_int_equal(peal_use_event(parent, on_pass, first), PEAL_OK);
  assert_int_equal(peal_on_wildcard(parent, on_note, other), PEAL_OK);
  assert_int_equal(
      peal_on(peal_server_wildcard(it.server), "y", on_note, every), PEAL_OK);
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_join(&client, "/room-1", NULL));
  ask(&client, "42/room-1,1[\"x\"]", "43/room-1,1[\"other\"]",
      "pass first\nother /room-1 x\n");
  assert_int_equal(peal_on_error(parent, on_error, own), PEAL_OK);
  assert_int_equal(peal_off_wildcard(parent, on_note, other), PEAL_OK);
  while (!trace_has("own event")) { /* from this thread: in a later turn */
    trace_clear();
    assert_true(sio_client_send(&client, "42/room-1,[\"no\"]"));
    usleep(2000);
  }
  assert_true(sio_client_send(&client, "42/room-1,3[\"y\"]"));
  assert_true(sio_client_await(&client, "43/room-1,3[\"every\"]"));
  trace_await("every /room-1 y\n");
  trace_clear();
  stop(&it, &client);
}

/* -- catch-all --------------------------------------------------------------------------- */

static void on_any(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)event;
  trace_add("any %s", (const char *)user);
}

static void on_outgoing(peal_socket *socket, peal_slice event, peal_args args,
                        void *user) {
  (void)socket;
  (void)event;
  (void)args;
  trace_add("out %s", (const char *)user);
}

static void on_prepend(peal_socket *socket, const peal_event *event,
                       void *user) {
  peal_nsp *nsp = peal_socket_nsp(socket);
  trace_add("prepends");
  assert_int_equal(peal_off_any(nsp, on_prepend, user), PEAL_OK);
  assert_int_equal(peal_prepend_any(nsp, on_any, second), PEAL_OK);
  assert_int_equal(peal_prepend_any_outgoing(nsp, on_outgoing, second),
                   PEAL_OK);
  assert_int_equal(peal_any_count(nsp), 2);
  assert_int_equal(peal_any_outgoing_count(nsp), 2);
  void *of = NULL;
  assert_true(peal_any_at(nsp, 0, &of) == on_any);
  assert_ptr_equal(of, second);
  assert_true(peal_any_outgoing_at(nsp, 0, &of) == on_outgoing);
  assert_ptr_equal(of, second);
  assert_true(peal_any_at(nsp, 1, NULL) == on_any);
  assert_null(peal_any_at(nsp, 2, &of));
  assert_null(of);
  assert_null(peal_any_outgoing_at(nsp, 2, NULL));
  assert_int_equal(peal_emit(socket, "seen", PEAL_NO_ARGS), PEAL_OK);
  (void)event;
}

static void catch_all_handlers_are_put_in_front_and_listed(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on_any(it.root, on_prepend, NULL), PEAL_OK);
  assert_int_equal(peal_on_any(it.root, on_any, first), PEAL_OK);
  assert_int_equal(peal_on_any_outgoing(it.root, on_outgoing, first), PEAL_OK);
  assert_int_equal(peal_any_count(it.root), 2);
  assert_int_equal(peal_any_count(NULL), 0);
  assert_int_equal(peal_on(it.root, "x", on_note, own), PEAL_OK);
  sio_client client;
  start(&it, &client);
  assert_int_equal(peal_any_count(it.root), 0); /* of no worker */
  /* What is put in front hears of the next event, not of this one. */
  assert_true(sio_client_send(&client, "42[\"x\"]"));
  assert_true(sio_client_expect(&client, "42[\"seen\"]"));
  trace_expect("prepends\nout second\nout first\nany first\nown / x\n");
  ask(&client, "421[\"x\"]", "431[\"own\"]",
      "any second\nany first\nown / x\n");
  stop(&it, &client);
}

/* -- errors ------------------------------------------------------------------------------- */

static void on_error(peal_socket *socket, const peal_event *event, peal_err err,
                     const char *message, void *user) {
  (void)socket;
  trace_add("%s %s %s: %s", (const char *)user,
            event ? peal_event_name(event).ptr ? "event" : "" : "none",
            peal_err_name(err), message);
  if (!event)
    return;
  /* Who hears of a failure cannot fail. */
  assert_int_equal(peal_event_fail(event, PEAL_ERR_IO, NULL), PEAL_OK);
  assert_int_equal(peal_ack(event, PEAL_ARGS(peal_str(message))), PEAL_OK);
}

static void on_fail(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  assert_int_equal(peal_event_fail(event, PEAL_OK, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_event_fail(event, PEAL_ERR_IO, user), PEAL_OK);
  assert_int_equal(peal_event_fail(event, PEAL_ERR_IO, "again"), PEAL_OK);
}

static void a_failure_goes_to_the_error_handlers_and_ends_the_event(
    void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *room = peal_server_of(it.server, "/room");
  peal_nsp *all = peal_server_wildcard(it.server);
  assert_int_equal(peal_event_fail(NULL, PEAL_ERR_IO, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_on(all, "x", on_fail, "broken"), PEAL_OK);
  assert_int_equal(peal_on(it.root, "x", on_fail, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "x", on_note, own), PEAL_OK);
  assert_int_equal(peal_on_error(it.root, on_error, own), PEAL_OK);
  assert_int_equal(peal_on_error(all, on_error, every), PEAL_OK);
  assert_non_null(room);
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_join(&client, "/room", NULL));
  ask(&client, "421[\"x\"]", "431[\"input or output failed\"]",
      "own event PEAL_ERR_IO: input or output failed\n");
  ask(&client, "42/room,2[\"x\"]", "43/room,2[\"broken\"]",
      "every event PEAL_ERR_IO: broken\n");
  stop(&it, &client);
}

static void on_log(const peal_log_record *record, void *user) {
  (void)user;
  if (record->level == PEAL_LOG_WARN)
    trace_add("%.*s", PEAL_SFMT(record->text));
}

static void a_failure_that_nobody_hears_of_is_a_line_of_the_log(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.log = (peal_log_opts){.fn = on_log};
  opts.auto_ack = true;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on(it.root, "x", on_fail, "broken"), PEAL_OK);
  assert_int_equal(peal_on(it.root, "y", on_note, own), PEAL_OK);
  assert_int_equal(peal_on_error(it.root, on_error, own), PEAL_OK);
  assert_int_equal(peal_off_error(it.root, on_error, own), PEAL_OK);
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_send(&client, "421[\"x\"]")); /* is not answered */
  trace_expect("an event was not handled in /: broken\n");
  ask(&client, "422[\"y\"]", "432[\"own\"]", "own / y\n");
  stop(&it, &client);
}

static void what_is_no_packet_is_told_with_no_event(void **state) {
  static const char *const bad[] = {"4x", "42[1", "42[]", "42[\"connect\"]"};
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    server_fixture it = server_make(NULL);
    assert_int_equal(peal_on_error(it.root, on_error, own), PEAL_OK);
    server_trace_ends(it.root);
    sio_client client;
    start(&it, &client);
    assert_true(sio_client_send(&client, bad[i]));
    assert_true(sio_client_ends(&client, 5000));
    trace_await("own none PEAL_ERR_");
    trace_await("disconnect ");
    trace_clear();
    stop(&it, &client);
  }
}

/* -- acknowledgements of themselves ---------------------------------------------------------- */

static void on_nothing(peal_socket *socket, const peal_event *event,
                       void *user) {
  (void)socket;
  (void)event;
  (void)user;
}

static peal_reply *kept;

static void on_later(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  kept = peal_ack_later(event);
  assert_non_null(kept);
}

static void on_answer(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)socket;
  (void)event;
  (void)user;
  assert_int_equal(peal_reply_send(kept, PEAL_ARGS(peal_str("late"))), PEAL_OK);
}

static void with_auto_ack_a_handled_event_is_answered_once(void **state) {
  (void)state;
  server_fixture it;
  sio_client client;
  it.server = peal_server_new_json(
      PEAL_S("{\"host\":\"127.0.0.1\",\"port\":-1,\"no_client\":true,"
             "\"auto_ack\":true,\"log\":{\"level\":\"error\"}}"));
  assert_non_null(it.server);
  it.root = peal_server_of(it.server, "/");
  it.port = peal_http_server_port(peal_server_http(it.server));
  trace_clear();
  assert_int_equal(peal_on_any(it.root, on_any, first), PEAL_OK);
  assert_int_equal(peal_on(it.root, "nothing", on_nothing, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "own", on_note, own), PEAL_OK);
  assert_int_equal(peal_on(it.root, "later", on_later, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "answer", on_answer, NULL), PEAL_OK);
  start(&it, &client);
  ask(&client, "421[\"nothing\"]", "431[]", "any first\n");
  ask(&client, "422[\"own\"]", "432[\"own\"]", "any first\nown / own\n");
  assert_true(sio_client_send(&client, "423[\"later\"]"));
  assert_true(sio_client_send(&client, "424[\"unknown\"]")); /* nobody's */
  assert_true(sio_client_send(&client, "42[\"answer\"]"));
  assert_true(sio_client_expect(&client, "433[\"late\"]"));
  assert_true(sio_client_send(&client, "42[\"nothing\"]")); /* asks for none */
  assert_true(sio_client_send(&client, "425[\"nothing\"]"));
  assert_true(sio_client_expect(&client, "435[]"));
  stop(&it, &client);
}

static void without_it_nobody_is_answered_by_itself(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on(it.root, "nothing", on_nothing, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "own", on_note, own), PEAL_OK);
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_send(&client, "421[\"nothing\"]"));
  ask(&client, "422[\"own\"]", "432[\"own\"]", "own / own\n");
  stop(&it, &client);
}

/* -- middleware at once ---------------------------------------------------------------------- */

static void on_pass(peal_socket *socket, const peal_event *event,
                    peal_event_next *next, void *user) {
  (void)socket;
  trace_add("pass %s", (const char *)user);
  if (peal_slice_is(peal_event_name(event), "no"))
    peal_event_next_refuse(next, "not this one");
  else if (peal_slice_is(peal_event_name(event), "fail"))
    (void)peal_event_fail(event, PEAL_ERR_STORE, NULL);
  else
    peal_event_next_ok(next);
  peal_event_next_ok(next); /* the first answer counts */
  peal_event_next_refuse(next, NULL);
}

static void on_adds(peal_socket *socket, const peal_event *event, void *user) {
  on_note(socket, event, user);
  assert_int_equal(peal_socket_use(socket, on_pass, second), PEAL_OK);
}

static void middleware_stands_between_catch_all_and_handlers(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_use_event(it.root, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_use_event(NULL, on_pass, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_socket_use(NULL, on_pass, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_use_event(it.root, on_pass, first), PEAL_OK);
  assert_int_equal(peal_on_any(it.root, on_any, first), PEAL_OK);
  assert_int_equal(peal_on(it.root, "x", on_adds, own), PEAL_OK);
  assert_int_equal(peal_on_wildcard(it.root, on_note, other), PEAL_OK);
  assert_int_equal(peal_on_error(it.root, on_error, own), PEAL_OK);
  peal_event_next_ok(NULL);
  peal_event_next_refuse(NULL, NULL);
  sio_client client;
  start(&it, &client);
  ask(&client, "421[\"x\"]", "431[\"own\"]",
      "any first\npass first\nown / x\n");
  ask(&client, "422[\"y\"]", "432[\"other\"]",
      "any first\npass first\npass second\nother / y\n");
  ask(&client, "423[\"no\"]", "433[\"not this one\"]",
      "any first\npass first\nown event PEAL_ERR_REFUSED: not this one\n");
  ask(&client, "424[\"fail\"]", "434[\"the store failed\"]",
      "any first\npass first\nown event PEAL_ERR_STORE: the store failed\n");
  stop(&it, &client);
}

/* -- middleware that answers later -------------------------------------------------------------- */

static peal_event_next *waiting[8];
static size_t waiting_count;

static void on_wait(peal_socket *socket, const peal_event *event,
                    peal_event_next *next, void *user) {
  (void)socket;
  (void)user;
  if (peal_slice_is(peal_event_name(event), "now")) {
    peal_event_next_ok(next);
    return;
  }
  trace_add("wait %.*s", PEAL_SFMT(peal_event_name(event)));
  waiting[waiting_count++ % 8] = next;
}

static void on_show(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  bool is_bytes = peal_val_is(peal_event_arg(event, 0), PEAL_BINARY);
  trace_add("%.*s %zu %s", PEAL_SFMT(peal_event_name(event)),
            peal_event_args(event).count,
            is_bytes ? "bytes" : peal_event_str(event, 0));
  assert_int_equal(peal_ack(event, peal_event_args(event)), PEAL_OK);
}

/* From the namespace that has no middleware. */
static void on_release(peal_socket *socket, const peal_event *event,
                       void *user) {
  (void)socket;
  (void)user;
  int64_t at = peal_val_int(peal_event_arg(event, 0), 0);
  if (peal_slice_is(peal_event_name(event), "refuse"))
    peal_event_next_refuse(waiting[at], "no");
  else
    peal_event_next_ok(waiting[at]);
}

static server_fixture make_waiting(void) {
  server_fixture it = server_make(NULL);
  peal_nsp *door = peal_server_of(it.server, "/door");
  waiting_count = 0;
  assert_int_equal(peal_use_event(it.root, on_wait, NULL), PEAL_OK);
  assert_int_equal(peal_on_wildcard(it.root, on_show, NULL), PEAL_OK);
  assert_int_equal(peal_on_error(it.root, on_error, own), PEAL_OK);
  assert_int_equal(peal_on_wildcard(door, on_release, NULL), PEAL_OK);
  return it;
}

static void while_an_event_waits_so_do_those_behind_it(void **state) {
  (void)state;
  server_fixture it = make_waiting();
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_join(&client, "/door", NULL));
  assert_true(sio_client_send(&client, "421[\"a\",\"1\"]"));
  assert_true(sio_client_send(&client, "452-2[\"b\",{\"_placeholder\":true,"
                                       "\"num\":0},{\"_placeholder\":true,"
                                       "\"num\":1}]"));
  assert_true(sio_client_send_binary(&client, "xyz", 3));
  assert_true(sio_client_send_binary(&client, "uvw", 3));
  assert_true(sio_client_send(&client, "423[\"now\",\"3\"]"));
  assert_true(sio_client_send(&client, "424[\"c\",\"4\"]"));
  trace_expect("wait a\n");
  assert_true(sio_client_send(&client, "42/door,[\"ok\",0]"));
  assert_true(sio_client_expect(&client, "431[\"1\"]"));
  trace_expect("a 1 1\nwait b\n");
  assert_true(sio_client_send(&client, "42/door,[\"ok\",1]"));
  assert_true(sio_client_expect(&client, "462-2[{\"_placeholder\":true,"
                                         "\"num\":0},{\"_placeholder\":true,"
                                         "\"num\":1}]"));
  const sio_packet *got = sio_client_next(&client, 5000);
  assert_true(got && got->binary && !memcmp(got->data, "xyz", 3));
  got = sio_client_next(&client, 5000);
  assert_true(got && got->binary && !memcmp(got->data, "uvw", 3));
  assert_true(sio_client_expect(&client, "433[\"3\"]"));
  trace_expect("b 2 bytes\nnow 1 3\nwait c\n");
  assert_true(sio_client_send(&client, "42/door,[\"refuse\",2]"));
  assert_true(sio_client_expect(&client, "434[\"no\"]"));
  trace_expect("own event PEAL_ERR_REFUSED: no\n");
  /* All of them again: they were answered. */
  for (int i = 0; i < 3; i++)
    assert_true(sio_client_send(&client, "42/door,[\"ok\",0]"));
  ask(&client, "425[\"now\",\"5\"]", "435[\"5\"]", "now 1 5\n");
  stop(&it, &client);
}

static void on_answered(peal_socket *socket, peal_err err, peal_args args,
                        void *user) {
  (void)socket;
  (void)args;
  (void)user;
  trace_add("answer %s", peal_err_name(err));
  peal_event_next_ok(waiting[0]);
}

static void on_asks(peal_socket *socket, const peal_event *event,
                    peal_event_next *next, void *user) {
  (void)event;
  (void)user;
  waiting[0] = next;
  assert_int_equal(
      peal_emit_ack(socket, "sure", PEAL_NO_ARGS, 5000, on_answered, NULL),
      PEAL_OK);
}

static void an_acknowledgement_does_not_wait(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_use_event(it.root, on_asks, NULL), PEAL_OK);
  assert_int_equal(peal_on_wildcard(it.root, on_show, NULL), PEAL_OK);
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_send(&client, "421[\"a\",\"1\"]"));
  assert_true(sio_client_send(&client, "422[\"b\",\"2\"]"));
  assert_true(sio_client_expect(&client, "420[\"sure\"]"));
  assert_true(sio_client_send(&client, "430[true]"));
  assert_true(sio_client_expect(&client, "431[\"1\"]"));
  assert_true(sio_client_expect(&client, "421[\"sure\"]"));
  assert_true(sio_client_send(&client, "461-1[{\"_placeholder\":true,"
                                       "\"num\":0}]"));
  assert_true(sio_client_send_binary(&client, "xyz", 3));
  assert_true(sio_client_expect(&client, "432[\"2\"]"));
  trace_expect("answer PEAL_OK\na 1 1\nanswer PEAL_OK\nb 1 2\n");
  stop(&it, &client);
}

/* The answer comes when the socket has gone, or never. */
static void a_socket_that_goes_takes_its_waiting_event_with_it(void **state) {
  (void)state;
  server_fixture it = make_waiting();
  sio_client client, second_client;
  start(&it, &client);
  assert_true(sio_client_join(&client, "/door", NULL));
  assert_true(sio_client_send(&client, "42[\"a\",\"1\"]"));
  assert_true(sio_client_send(&client, "42[\"b\",\"2\"]"));
  trace_expect("wait a\n");
  assert_true(sio_client_send(&client, "41"));
  assert_true(server_has_sockets(&it, 1));
  assert_true(sio_client_send(&client, "42/door,[\"ok\",0]"));
  assert_true(sio_client_join(&client, "/", NULL));
  ask(&client, "421[\"now\",\"3\"]", "431[\"3\"]", "now 1 3\n");
  assert_true(sio_client_send(&client, "42[\"c\",\"4\"]"));
  trace_expect("wait c\n");
  /* The connection breaks, and the server is freed before an answer. */
  assert_true(sio_client_start(&second_client, it.port, SIO_POLLING));
  assert_true(sio_client_send(&second_client, "42[\"d\",\"5\"]"));
  trace_expect("wait d\n");
  sio_client_reset(&client);
  stop(&it, &second_client);
}

static void on_leave(peal_socket *socket, const peal_event *event,
                     peal_event_next *next, void *user) {
  (void)event;
  trace_add("leave");
  peal_disconnect(socket, false);
  if (user)
    peal_event_next_ok(next);
}

static void middleware_may_disconnect_its_socket(void **state) {
  (void)state;
  for (int answers = 0; answers < 2; answers++) {
    server_fixture it = server_make(NULL);
    assert_int_equal(peal_use_event(it.root, on_leave, answers ? first : NULL),
                     PEAL_OK);
    assert_int_equal(peal_on_wildcard(it.root, on_note, own), PEAL_OK);
    sio_client client;
    start(&it, &client);
    assert_true(sio_client_send(&client, "421[\"a\"]"));
    assert_true(sio_client_expect(&client, "41"));
    trace_expect("leave\n");
    stop(&it, &client);
  }
}

/* What waits is bounded, as all that a client makes us hold. */
static void a_client_that_sends_too_much_meanwhile_is_closed(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.max_payload_bytes = 20000;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_use_event(it.root, on_wait, NULL), PEAL_OK);
  server_trace_ends(it.root);
  sio_client client;
  start(&it, &client);
  char big[10000];
  snprintf(big, sizeof big, "42[\"a\",\"%09000d\"]", 1);
  for (int i = 0; i < 1000 && sio_client_send(&client, big); i++)
    ;
  assert_true(sio_client_ends(&client, 5000));
  trace_await("disconnect ");
  trace_clear();
  stop(&it, &client);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_event_without_handlers_goes_to_wildcards_in_order),
      cmocka_unit_test(
          one_that_is_handled_by_its_socket_is_none_for_a_wildcard),
      cmocka_unit_test(connecting_is_no_event_but_has_handlers_for_all),
      cmocka_unit_test(the_wildcard_namespace_is_made_before_the_run),
      cmocka_unit_test(a_parents_rules_are_its_childrens),
      cmocka_unit_test(catch_all_handlers_are_put_in_front_and_listed),
      cmocka_unit_test(a_failure_goes_to_the_error_handlers_and_ends_the_event),
      cmocka_unit_test(a_failure_that_nobody_hears_of_is_a_line_of_the_log),
      cmocka_unit_test(what_is_no_packet_is_told_with_no_event),
      cmocka_unit_test(with_auto_ack_a_handled_event_is_answered_once),
      cmocka_unit_test(without_it_nobody_is_answered_by_itself),
      cmocka_unit_test(middleware_stands_between_catch_all_and_handlers),
      cmocka_unit_test(while_an_event_waits_so_do_those_behind_it),
      cmocka_unit_test(an_acknowledgement_does_not_wait),
      cmocka_unit_test(a_socket_that_goes_takes_its_waiting_event_with_it),
      cmocka_unit_test(middleware_may_disconnect_its_socket),
      cmocka_unit_test(a_client_that_sends_too_much_meanwhile_is_closed),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
