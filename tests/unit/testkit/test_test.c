/* SPDX-License-Identifier: MIT */
/* A server under test and its clients, in memory and in a time that is set:
 * what a real client sees is seen, what is due by time comes by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <peal/handle.h>
#include <peal/test.h>

/* -- the server ------------------------------------------------------------ */

typedef struct app {
  peal_server *server;
  peal_test *test;
  peal_nsp *root;
  char log[4096];
} app;

static void quiet(const peal_log_record *record, void *user) {
  (void)user, (void)record;
}

static void note(app *it, const char *text) {
  size_t len = strlen(it->log);
  snprintf(it->log + len, sizeof it->log - len, "%s\n", text);
}

static void on_say(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_emit(socket, "said", peal_event_args(event));
  peal_ack(event, PEAL_ARGS(peal_int((int64_t)peal_event_args(event).count)));
}

static void on_all(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_nsp_emit(peal_socket_nsp(socket), NULL, "all", peal_event_args(event));
}

static void on_kick(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_disconnect(socket, peal_val_bool(peal_event_arg(event, 0), false));
}

static void on_asked(peal_socket *socket, peal_err err, peal_args args,
                     void *user) {
  char text[80];
  (void)socket;
  snprintf(text, sizeof text, "answer %s %lld", peal_err_name(err),
           (long long)(args.count ? peal_val_int(args.items[0], -1) : -1));
  note(user, text);
}

static void on_ask(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)peal_emit_ack(socket, "question", PEAL_NO_ARGS, 3000, on_asked, user);
}

static void on_gone(peal_socket *socket, peal_reason reason, peal_err err,
                    void *user) {
  (void)socket, (void)err;
  note(user, peal_reason_text(reason));
}

static void check_token(peal_socket *socket, peal_next *next, void *user) {
  (void)user;
  peal_val token = peal_val_get(peal_socket_auth(socket), "token");
  if (peal_slice_is(peal_val_str(token), "right"))
    peal_next_ok(next);
  else
    peal_next_refuse(next, "no token", PEAL_OBJECT({"code", peal_int(7)}));
}

static app begin_with(peal_server_opts *opts) {
  app it = {.log = ""};
  opts->no_listen = true;
  opts->log.fn = quiet;
  it.server = peal_server_new(opts);
  assert_non_null(it.server);
  it.root = peal_server_of(it.server, "/");
  assert_int_equal(peal_on(it.root, "say", on_say, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "all", on_all, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "kick", on_kick, NULL), PEAL_OK);
  peal_nsp *inner = peal_server_of(it.server, "/inner");
  assert_int_equal(peal_use(inner, check_token, NULL), PEAL_OK);
  assert_int_equal(peal_on(inner, "say", on_say, NULL), PEAL_OK);
  return it;
}

static void start(app *it) {
  assert_int_equal(peal_on(it->root, "ask", on_ask, it), PEAL_OK);
  assert_int_equal(peal_on_disconnect(it->root, on_gone, it), PEAL_OK);
  assert_int_equal(peal_test_new(&it->test, it->server), PEAL_OK);
}

static void end(app *it) {
  peal_test_free(it->test);
  peal_server_free(it->server);
}

static peal_args hello(void) {
  static peal_val value;
  value = peal_str("hello");
  return (peal_args){&value, 1};
}

static void expect(const peal_test_client *client, size_t index,
                   const char *name, const char *text) {
  peal_test_event event;
  assert_true(peal_test_received(client, index, &event));
  assert_string_equal(event.name, name);
  assert_true(event.args.count > 0);
  assert_true(peal_slice_is(peal_val_str(event.args.items[0]), text));
}

/* -- clients --------------------------------------------------------------- */

static void a_client_is_heard_and_hears_by_each_way(void **state) {
  static const char *const names[] = {"websocket", "websocket", "polling",
                                      "websocket"};
  (void)state;
  for (int way = 0; way < 4; way++) {
    app it = begin_with(&(peal_server_opts){.workers = 1});
    start(&it);
    peal_test_client *client = peal_test_connect(
        it.test, &(peal_test_opts){.transports = (peal_client_transports)way});
    assert_non_null(client);
    assert_true(peal_test_is_connected(client, NULL));
    assert_int_equal(strlen(peal_test_id(client, NULL)), 20);
    assert_string_equal(peal_test_transport(client), names[way]);
    assert_int_equal(peal_test_emit(client, NULL, "say", hello()), PEAL_OK);
    assert_int_equal(peal_test_count(client), 1);
    expect(client, 0, "said", "hello");
    end(&it);
  }
}

static void an_acknowledgement_has_its_values(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *client = peal_test_connect(it.test, NULL);
  peal_args answer;
  assert_int_equal(peal_test_emit_ack(client, NULL, "say", hello(), 0, &answer),
                   PEAL_OK);
  assert_int_equal(answer.count, 1);
  assert_int_equal(peal_val_int(answer.items[0], -1), 1);
  /* Nobody hears this one: it is answered by nobody, and in time by the
   * limit. */
  assert_int_equal(
      peal_test_emit_ack(client, NULL, "nothing", PEAL_NO_ARGS, 500, &answer),
      PEAL_ERR_AGAIN);
  assert_int_equal(peal_test_advance(it.test, 499), PEAL_OK);
  assert_int_equal(peal_test_answer(client, NULL), PEAL_ERR_AGAIN);
  assert_int_equal(peal_test_advance(it.test, 1), PEAL_OK);
  assert_int_equal(peal_test_answer(client, NULL), PEAL_ERR_TIMEOUT);
  end(&it);
}

static void the_server_asks_and_is_answered_or_not(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *client = peal_test_connect(it.test, NULL);
  peal_test_event event;
  peal_test_emit(client, NULL, "ask", PEAL_NO_ARGS);
  assert_true(peal_test_received(client, 0, &event));
  assert_true(event.wants_ack);
  assert_int_equal(peal_test_ack(client, 0, PEAL_ARGS(peal_int(5))), PEAL_OK);
  assert_string_equal(it.log, "answer PEAL_OK 5\n");
  assert_int_equal(peal_test_ack(client, 0, PEAL_NO_ARGS), PEAL_ERR_USAGE);
  it.log[0] = '\0';
  peal_test_emit(client, NULL, "ask", PEAL_NO_ARGS);
  peal_test_advance(it.test, 2999);
  assert_string_equal(it.log, "");
  peal_test_advance(it.test, 1);
  assert_string_equal(it.log, "answer PEAL_ERR_TIMEOUT -1\n");
  end(&it);
}

static void bytes_are_bytes(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *client = peal_test_connect(it.test, NULL);
  const peal_slice bytes = {"\0\1\xff", 3};
  peal_test_emit(client, NULL, "say",
                 PEAL_ARGS(peal_str("bytes"), peal_binary(bytes)));
  peal_test_event event;
  assert_true(peal_test_received(client, 0, &event));
  assert_true(event.is_binary);
  assert_int_equal(event.args.count, 2);
  assert_int_equal(event.args.items[1].len, 3);
  assert_memory_equal(event.args.items[1].as.bytes, bytes.ptr, 3);
  end(&it);
}

static void a_refusal_has_its_message_and_its_data(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *client =
      peal_test_connect(it.test, &(peal_test_opts){.nsp = "/inner"});
  assert_non_null(client);
  assert_false(peal_test_is_connected(client, NULL));
  peal_client_problem why;
  assert_true(peal_test_refused(client, NULL, &why));
  assert_int_equal(why.err, PEAL_ERR_REFUSED);
  assert_string_equal(why.text, "no token");
  assert_int_equal(peal_val_int(peal_val_get(why.data, "code"), 0), 7);
  /* Once more, with a token. */
  assert_int_equal(peal_test_join(client, "/inner",
                                  PEAL_OBJECT({"token", peal_str("right")})),
                   PEAL_OK);
  assert_false(peal_test_refused(client, NULL, NULL));
  assert_int_equal(peal_test_join(client, "/nowhere", peal_undefined()),
                   PEAL_ERR_REFUSED);
  end(&it);
}

static void one_connection_has_several_namespaces(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *client = peal_test_connect(it.test, NULL);
  assert_int_equal(peal_test_join(client, "inner",
                                  PEAL_OBJECT({"token", peal_str("right")})),
                   PEAL_OK);
  assert_string_not_equal(peal_test_id(client, NULL),
                          peal_test_id(client, "/inner"));
  peal_test_emit(client, "/inner", "say", hello());
  peal_test_event event;
  assert_true(peal_test_received(client, 0, &event));
  assert_string_equal(event.nsp, "/inner");
  peal_test_leave(client, "/inner");
  assert_false(peal_test_is_connected(client, "/inner"));
  assert_string_equal(peal_test_reason(client, "/inner"),
                      "io client disconnect");
  assert_true(peal_test_is_connected(client, "/"));
  end(&it);
}

static void all_are_told_and_each_has_its_own(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *a = peal_test_connect(it.test, NULL);
  peal_test_client *b = peal_test_connect(it.test, NULL);
  peal_test_emit(a, NULL, "all", hello());
  expect(a, 0, "all", "hello");
  expect(b, 0, "all", "hello");
  peal_test_emit(b, NULL, "say", hello());
  assert_int_equal(peal_test_count(a), 1);
  assert_int_equal(peal_test_count(b), 2);
  assert_int_equal(peal_test_find(b, 0, "said"), 1);
  assert_int_equal(peal_test_find(b, 2, "said"), SIZE_MAX);
  peal_test_clear(b);
  assert_int_equal(peal_test_count(b), 0);
  /* From the test itself, which is no worker. */
  assert_int_equal(peal_nsp_emit(it.root, NULL, "all", hello()), PEAL_OK);
  assert_int_equal(peal_test_settle(it.test), PEAL_OK);
  expect(b, 0, "all", "hello");
  end(&it);
}

static void both_sides_say_why_it_ended(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *client = peal_test_connect(it.test, NULL);
  peal_test_emit(client, NULL, "kick", PEAL_NO_ARGS);
  assert_string_equal(peal_test_reason(client, NULL), "io server disconnect");
  assert_string_equal(it.log, "server namespace disconnect\n");
  it.log[0] = '\0';
  assert_int_equal(peal_test_join(client, "/", peal_undefined()), PEAL_OK);
  peal_test_disconnect(client);
  assert_string_equal(peal_test_reason(client, NULL), "io client disconnect");
  assert_string_equal(it.log, "client namespace disconnect\n");
  it.log[0] = '\0';
  assert_int_equal(peal_test_reconnect(client), PEAL_OK);
  peal_test_cut(client);
  assert_string_equal(peal_test_reason(client, NULL), "transport close");
  assert_string_equal(it.log, "transport close\n");
  assert_false(peal_test_is_connected(client, NULL));
  end(&it);
}

/* -- time ------------------------------------------------------------------ */

static void a_client_that_answers_stays_for_a_day(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *client = peal_test_connect(it.test, NULL);
  assert_int_equal(peal_test_advance(it.test, 24 * 3600 * 1000), PEAL_OK);
  assert_int_equal(peal_test_now_ms(it.test), 24 * 3600 * 1000);
  assert_true(peal_test_is_connected(client, NULL));
  assert_string_equal(it.log, "");
  end(&it);
}

static void one_that_hangs_is_missed_at_its_millisecond(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *client = peal_test_connect(
      it.test, &(peal_test_opts){.transports = PEAL_CLIENT_WEBSOCKET_ONLY});
  peal_test_hold(client, true);
  assert_int_equal(peal_test_advance(it.test, 25000 + 20000 - 1), PEAL_OK);
  assert_string_equal(it.log, "");
  assert_int_equal(peal_test_advance(it.test, 1), PEAL_OK);
  assert_string_equal(it.log, "ping timeout\n");
  peal_test_hold(client, false);
  assert_int_equal(peal_test_settle(it.test), PEAL_OK);
  assert_false(peal_test_is_connected(client, NULL));
  end(&it);
}

static void who_comes_back_in_time_misses_nothing(void **state) {
  (void)state;
  for (int late = 0; late < 2; late++) {
    app it = begin_with(
        &(peal_server_opts){.workers = 1, .recovery.window_ms = 60000});
    start(&it);
    peal_test_client *client = peal_test_connect(it.test, NULL);
    peal_nsp_emit(it.root, NULL, "all", hello()); /* it knows an offset */
    peal_test_settle(it.test);
    char id[32];
    snprintf(id, sizeof id, "%s", peal_test_id(client, NULL));
    peal_test_cut(client);
    peal_test_advance(it.test, 1000);
    peal_nsp_emit(it.root, NULL, "all", PEAL_ARGS(peal_str("missed")));
    peal_test_advance(it.test, late ? 70000 : 30000);
    assert_int_equal(peal_test_reconnect(client), PEAL_OK);
    assert_int_equal(peal_test_is_recovered(client, NULL), !late);
    if (late) {
      assert_int_equal(peal_test_count(client), 1);
      assert_string_not_equal(peal_test_id(client, NULL), id);
    } else {
      expect(client, 1, "all", "missed");
      assert_string_equal(peal_test_id(client, NULL), id);
    }
    end(&it);
  }
}

static void a_rate_fills_again_with_time(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){
      .workers = 1, .event_rate = {.per_s = 2, .burst = 2}});
  start(&it);
  peal_test_client *client = peal_test_connect(it.test, NULL);
  for (int i = 0; i < 5; i++)
    peal_test_emit(client, NULL, "say", hello());
  assert_int_equal(peal_test_count(client), 2);
  peal_test_advance(it.test, 500);
  for (int i = 0; i < 5; i++)
    peal_test_emit(client, NULL, "say", hello());
  assert_int_equal(peal_test_count(client), 3);
  end(&it);
}

static void one_reconnects_by_itself_as_time_goes(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *client =
      peal_test_connect(it.test, &(peal_test_opts){.reconnects = true});
  peal_test_cut(client);
  assert_false(peal_test_is_connected(client, NULL));
  peal_test_advance(it.test, 2000);
  assert_true(peal_test_is_connected(client, NULL));
  end(&it);
}

/* -- tasks ----------------------------------------------------------------- */

static void think(void *user) {
  *(int *)user += 1;
}

typedef struct thought {
  peal_next *next;
  int count;
} thought;

static void think_through(void *user) {
  think(&((thought *)user)->count);
}

static void on_thought(peal_worker *worker, peal_err err, void *user) {
  (void)worker;
  thought *it = user;
  if (!err && it->count)
    peal_next_ok(it->next);
  else
    peal_next_refuse(it->next, "no thought", peal_undefined());
}

static void think_first(peal_socket *socket, peal_next *next, void *user) {
  (void)socket;
  thought *it = user;
  it->next = next;
  if (peal_task_run(peal_worker_self(), think_through, on_thought, it))
    peal_next_refuse(next, "no task", peal_undefined());
}

static void a_middleware_that_asks_the_pool_is_waited_for(void **state) {
  (void)state;
  thought it_thinks = {.count = 0};
  app it = begin_with(&(peal_server_opts){.workers = 1});
  assert_int_equal(peal_use(it.root, think_first, &it_thinks), PEAL_OK);
  start(&it);
  peal_test_client *client = peal_test_connect(it.test, NULL);
  assert_true(peal_test_is_connected(client, NULL));
  assert_int_equal(it_thinks.count, 1);
  end(&it);
}

/* -- bytes ----------------------------------------------------------------- */

static void a_packet_that_is_none_ends_its_client_alone(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *good = peal_test_connect(it.test, NULL);
  peal_test_client *bad = peal_test_connect(it.test, NULL);
  assert_int_equal(
      peal_test_packet(bad, false, peal_slice_of("2[\"say\",\"raw\"]")),
      PEAL_OK);
  expect(bad, 0, "said", "raw");
  assert_int_equal(peal_test_packet(bad, false, peal_slice_of("2[\"say\"")),
                   PEAL_OK);
  assert_false(peal_test_is_connected(bad, NULL));
  assert_true(peal_test_is_connected(good, NULL));
  assert_string_equal(it.log, "forced close\n");
  end(&it);
}

static void bytes_that_are_no_request_are_answered_as_such(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_line *line = peal_test_line_open(it.test);
  assert_non_null(line);
  peal_test_line_send(line, peal_slice_of("GET / HTTP/9\r\n\r\n"));
  peal_slice answer = peal_test_line_look(line);
  assert_true(answer.len > 12);
  assert_memory_equal(answer.ptr, "HTTP/1.1 ", 9);
  peal_test_line_take(line, answer.len);
  assert_int_equal(peal_test_line_look(line).len, 0);
  assert_true(peal_test_line_is_closed(line));
  peal_test_line_close(line);
  end(&it);
}

static void a_request_has_status_fields_and_body(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_response *got =
      peal_test_get(it.test, "/socket.io/?EIO=4&transport=nothing");
  assert_non_null(got);
  assert_int_equal(peal_test_response_status(got), 400);
  assert_true(peal_test_response_field(got, "content-type").len > 0);
  peal_slice body = peal_test_response_body(got);
  assert_true(body.len > 0 && body.ptr[0] == '{');
  peal_test_response_free(got);
  got = peal_test_ask(
      it.test, &(peal_test_request){.method = "POST",
                                    .target = "/nothing",
                                    .body = peal_slice_of("some bytes")});
  assert_int_equal(peal_test_response_status(got), 404);
  peal_test_response_free(got);
  end(&it);
}

/* -- what Flask-SocketIO's own tests try with its client ------------------- */

static peal_err tell_who_came(peal_socket *socket, void *user) {
  (void)user;
  peal_emit(socket, "connected",
            PEAL_ARGS(peal_str_slice(peal_socket_query(socket, "foo")),
                      peal_str_slice(peal_socket_header(socket, "X-Who"))));
  return PEAL_OK;
}

static void query_and_headers_arrive_and_a_greeting_is_received(void **state) {
  const peal_client_field query = {"foo", "bar"}, header = {"X-Who", "me"};
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  assert_int_equal(peal_on_connect(it.root, tell_who_came, NULL), PEAL_OK);
  start(&it);
  peal_test_client *client =
      peal_test_connect(it.test, &(peal_test_opts){.query = &query,
                                                   .query_count = 1,
                                                   .headers = &header,
                                                   .header_count = 1});
  expect(client, 0, "connected", "bar");
  peal_test_event event;
  assert_true(peal_test_received(client, 0, &event));
  assert_true(peal_slice_is(peal_val_str(event.args.items[1]), "me"));
  end(&it);
}

static void it_leaves_and_comes_again(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *client = peal_test_connect(it.test, NULL);
  for (int i = 0; i < 3; i++) {
    peal_test_leave(client, "/");
    assert_false(peal_test_is_connected(client, NULL));
    assert_string_equal(peal_test_id(client, NULL), "");
    assert_int_not_equal(peal_test_packet(client, false, peal_slice_of("2")),
                         PEAL_OK);
    assert_int_equal(peal_test_join(client, NULL, peal_undefined()), PEAL_OK);
    assert_true(peal_test_is_connected(client, NULL));
  }
  assert_false(peal_test_is_connected(client, "/never"));
  end(&it);
}

static void a_message_of_several_arguments_or_none_is_as_it_was(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *client = peal_test_connect(it.test, NULL);
  peal_test_emit(client, NULL, "say", PEAL_NO_ARGS);
  peal_test_emit(client, NULL, "say",
                 PEAL_ARGS(peal_int(1), peal_null(),
                           PEAL_OBJECT({"a", PEAL_ARRAY(peal_bool(true))})));
  peal_test_event event;
  assert_true(peal_test_received(client, 0, &event));
  assert_int_equal(event.args.count, 0);
  assert_true(peal_test_received(client, 1, &event));
  assert_int_equal(event.args.count, 3);
  assert_true(peal_val_is(event.args.items[1], PEAL_NULL));
  peal_val list = peal_val_get(event.args.items[2], "a");
  assert_true(peal_val_bool(list.as.items[0], false));
  assert_false(peal_test_received(client, 2, &event));
  assert_string_equal(event.name, "");
  end(&it);
}

/* -- other clients --------------------------------------------------------- */

static void one_of_socket_io_2_is_served(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1, .allow_eio3 = true});
  start(&it);
  peal_test_client *client =
      peal_test_connect(it.test, &(peal_test_opts){.eio3 = true});
  assert_true(peal_test_is_connected(client, NULL));
  peal_test_advance(it.test, 200); /* it upgrades when a poll is answered */
  peal_test_emit(client, NULL, "say", hello());
  expect(client, 0, "said", "hello");
  end(&it);
}

static void one_that_reads_nothing_is_closed_for_its_queue(void **state) {
  enum { BYTES = 100000 };

  (void)state;
  static char text[BYTES];
  memset(text, 'x', sizeof text);
  app it = begin_with(
      &(peal_server_opts){.workers = 1, .max_queue_bytes = 5 * BYTES});
  start(&it);
  peal_test_client *slow = peal_test_connect(it.test, NULL);
  peal_test_client *other = peal_test_connect(it.test, NULL);
  peal_val big = peal_str_slice((peal_slice){text, sizeof text});
  peal_test_hold(slow, true);
  int sent = 0;
  for (; sent < 20 && it.log[0] == '\0'; sent++) {
    peal_nsp_emit(it.root, NULL, "all", (peal_args){&big, 1});
    peal_test_settle(it.test);
  }
  assert_true(sent > 5 && sent < 20);
  assert_int_equal(peal_test_count(slow), 0);
  assert_int_equal(peal_test_count(other), sent);
  end(&it);
}

static void one_that_is_slow_gets_it_all_when_it_reads(void **state) {
  enum { BYTES = 100000, COUNT = 10 };

  (void)state;
  static char text[BYTES];
  memset(text, 'x', sizeof text);
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *slow = peal_test_connect(it.test, NULL);
  peal_val big = peal_str_slice((peal_slice){text, sizeof text});
  peal_test_hold(slow, true);
  for (int i = 0; i < COUNT; i++)
    peal_nsp_emit(it.root, NULL, "all", (peal_args){&big, 1});
  peal_test_settle(it.test);
  assert_int_equal(peal_test_count(slow), 0);
  peal_test_hold(slow, false);
  peal_test_settle(it.test);
  assert_int_equal(peal_test_count(slow), COUNT);
  end(&it);
}

/* -- what the worker's own functions see ----------------------------------- */

static void read_clocks(peal_worker *worker, void *user) {
  int64_t *clocks = user;
  clocks[0] = (int64_t)peal_worker_now_ms(worker);
  clocks[1] = peal_wall_ms();
}

static void both_clocks_of_the_worker_go_with_the_test(void **state) {
  int64_t before[2] = {0, 0}, after[2] = {0, 0};
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  assert_int_equal(peal_test_run(it.test, read_clocks, before), PEAL_OK);
  peal_test_advance(it.test, 86400000);
  assert_int_equal(peal_test_run(it.test, read_clocks, after), PEAL_OK);
  assert_int_equal(after[0] - before[0], 86400000);
  assert_int_equal(after[1] - before[1], 86400000);
  end(&it);
  /* Behind it the system's is back. */
  assert_true(peal_wall_ms() < after[1]);
}

static bool is_set(void *user) {
  return *(int *)user > 0;
}

static void what_never_comes_is_waited_for_no_longer_than_asked(void **state) {
  int never = 0, now = 1;
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  assert_false(peal_test_wait(it.test, is_set, &never, 20));
  assert_true(peal_test_wait(it.test, is_set, &now, 0));
  end(&it);
}

/* -- life ------------------------------------------------------------------ */

static void several_workers_are_refused_in_words(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 2});
  assert_int_equal(peal_test_new(&it.test, it.server), PEAL_ERR_OPTION);
  assert_null(it.test);
  peal_server_free(it.server);
  assert_int_equal(peal_test_new(&it.test, NULL), PEAL_ERR_USAGE);
}

static void without_an_object_nothing_happens(void **state) {
  (void)state;
  peal_test_free(NULL);
  peal_test_client_free(NULL);
  peal_test_clear(NULL);
  peal_test_leave(NULL, NULL);
  peal_test_disconnect(NULL);
  peal_test_cut(NULL);
  peal_test_hold(NULL, true);
  peal_test_line_send(NULL, peal_slice_of("x"));
  peal_test_line_take(NULL, 1);
  peal_test_line_close(NULL);
  peal_test_response_free(NULL);
  assert_int_equal(peal_test_settle(NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_test_advance(NULL, 1), PEAL_ERR_USAGE);
  assert_int_equal(peal_test_now_ms(NULL), 0);
  assert_false(peal_test_wait(NULL, is_set, NULL, 1));
  assert_int_equal(peal_test_run(NULL, NULL, NULL), PEAL_ERR_USAGE);
  assert_null(peal_test_connect(NULL, NULL));
  assert_int_equal(peal_test_join(NULL, NULL, peal_undefined()),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_test_reconnect(NULL), PEAL_ERR_USAGE);
  assert_false(peal_test_is_connected(NULL, NULL));
  assert_false(peal_test_is_recovered(NULL, NULL));
  assert_string_equal(peal_test_id(NULL, NULL), "");
  assert_string_equal(peal_test_transport(NULL), "");
  assert_false(peal_test_refused(NULL, NULL, NULL));
  assert_string_equal(peal_test_reason(NULL, NULL), "");
  assert_int_equal(peal_test_emit(NULL, NULL, "x", PEAL_NO_ARGS),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_test_emit_ack(NULL, NULL, "x", PEAL_NO_ARGS, 0, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_test_answer(NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_test_packet(NULL, false, peal_slice_of("2")),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_test_count(NULL), 0);
  assert_false(peal_test_received(NULL, 0, NULL));
  assert_int_equal(peal_test_find(NULL, 0, "x"), SIZE_MAX);
  assert_int_equal(peal_test_ack(NULL, 0, PEAL_NO_ARGS), PEAL_ERR_USAGE);
  assert_null(peal_test_line_open(NULL));
  assert_int_equal(peal_test_line_look(NULL).len, 0);
  assert_false(peal_test_line_is_closed(NULL));
  assert_null(peal_test_get(NULL, "/"));
  assert_null(peal_test_ask(NULL, NULL));
  assert_int_equal(peal_test_response_status(NULL), 0);
  assert_int_equal(peal_test_response_field(NULL, "x").len, 0);
  assert_int_equal(peal_test_response_body(NULL).len, 0);
}

static void a_client_may_go_before_its_test(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *client = peal_test_connect(it.test, NULL);
  peal_test_client *asks = peal_test_connect(it.test, NULL);
  /* One question is open in each direction. */
  peal_test_emit(asks, NULL, "ask", PEAL_NO_ARGS);
  assert_int_equal(
      peal_test_emit_ack(asks, NULL, "nothing", PEAL_NO_ARGS, 0, NULL),
      PEAL_ERR_AGAIN);
  peal_test_client_free(client);
  peal_test_client_free(asks);
  peal_server_stats stats;
  peal_test_settle(it.test);
  peal_server_stats_get(it.server, &stats);
  assert_int_equal(stats.clients, 0);
  end(&it);
}

static void a_server_that_stops_ends_the_test(void **state) {
  (void)state;
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  peal_test_client *client = peal_test_connect(it.test, NULL);
  assert_true(peal_test_is_connected(client, NULL));
  peal_server_stop(it.server);
  (void)peal_test_advance(it.test, 10000);
  assert_false(peal_test_is_connected(client, NULL));
  assert_string_equal(it.log, "server shutting down\n");
  assert_int_equal(peal_test_settle(it.test), PEAL_ERR_CLOSED);
  assert_false(peal_test_is_connected(peal_test_connect(it.test, NULL), NULL));
  end(&it);
}

static void a_thousand_come_and_speak(void **state) {
  enum { COUNT = 1000 };

  (void)state;
  static peal_test_client *clients[COUNT];
  app it = begin_with(&(peal_server_opts){.workers = 1});
  start(&it);
  for (int i = 0; i < COUNT; i++) {
    clients[i] = peal_test_connect(
        it.test, &(peal_test_opts){.transports = PEAL_CLIENT_WEBSOCKET_ONLY});
    assert_true(peal_test_is_connected(clients[i], NULL));
    peal_test_emit(clients[i], NULL, "say", hello());
    expect(clients[i], 0, "said", "hello");
  }
  peal_server_stats stats;
  peal_server_stats_get(it.server, &stats);
  assert_int_equal(stats.sockets, COUNT);
  /* They are still there when the test ends. */
  end(&it);
}

static void the_same_test_goes_the_same_way(void **state) {
  (void)state;
  char first[sizeof((app *)NULL)->log];
  for (int round = 0; round < 2; round++) {
    app it = begin_with(&(peal_server_opts){.workers = 1});
    start(&it);
    for (int i = 0; i < 5; i++) {
      peal_test_client *client = peal_test_connect(it.test, NULL);
      peal_test_emit(client, NULL, "ask", PEAL_NO_ARGS);
      peal_test_advance(it.test, 700);
      peal_test_hold(client, i & 1);
    }
    peal_test_advance(it.test, 60000);
    if (round)
      assert_string_equal(first, it.log);
    memcpy(first, it.log, sizeof first);
    assert_non_null(strstr(first, "ping timeout"));
    end(&it);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_client_is_heard_and_hears_by_each_way),
      cmocka_unit_test(an_acknowledgement_has_its_values),
      cmocka_unit_test(the_server_asks_and_is_answered_or_not),
      cmocka_unit_test(bytes_are_bytes),
      cmocka_unit_test(a_refusal_has_its_message_and_its_data),
      cmocka_unit_test(one_connection_has_several_namespaces),
      cmocka_unit_test(all_are_told_and_each_has_its_own),
      cmocka_unit_test(both_sides_say_why_it_ended),
      cmocka_unit_test(a_client_that_answers_stays_for_a_day),
      cmocka_unit_test(one_that_hangs_is_missed_at_its_millisecond),
      cmocka_unit_test(who_comes_back_in_time_misses_nothing),
      cmocka_unit_test(a_rate_fills_again_with_time),
      cmocka_unit_test(one_reconnects_by_itself_as_time_goes),
      cmocka_unit_test(a_middleware_that_asks_the_pool_is_waited_for),
      cmocka_unit_test(a_packet_that_is_none_ends_its_client_alone),
      cmocka_unit_test(bytes_that_are_no_request_are_answered_as_such),
      cmocka_unit_test(a_request_has_status_fields_and_body),
      cmocka_unit_test(query_and_headers_arrive_and_a_greeting_is_received),
      cmocka_unit_test(it_leaves_and_comes_again),
      cmocka_unit_test(a_message_of_several_arguments_or_none_is_as_it_was),
      cmocka_unit_test(one_of_socket_io_2_is_served),
      cmocka_unit_test(one_that_reads_nothing_is_closed_for_its_queue),
      cmocka_unit_test(one_that_is_slow_gets_it_all_when_it_reads),
      cmocka_unit_test(both_clocks_of_the_worker_go_with_the_test),
      cmocka_unit_test(what_never_comes_is_waited_for_no_longer_than_asked),
      cmocka_unit_test(without_an_object_nothing_happens),
      cmocka_unit_test(a_client_may_go_before_its_test),
      cmocka_unit_test(a_server_that_stops_ends_the_test),
      cmocka_unit_test(several_workers_are_refused_in_words),
      cmocka_unit_test(a_thousand_come_and_speak),
      cmocka_unit_test(the_same_test_goes_the_same_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
