/* SPDX-License-Identifier: MIT */
/* Events one by one: to a function, into the log by a filter, with ids; and
 * handlers that take long. */
#include <time.h>

#include <peal/events.h>
#include <peal/trace.h>

#include "server_fixture.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  assert_int_equal(
      peal_emit_n(socket, peal_event_name(event), peal_event_args(event)),
      PEAL_OK);
  assert_int_equal(peal_ack(event, PEAL_NO_ARGS), PEAL_OK);
}

static server_fixture make(peal_log_fn log) {
  peal_server_opts opts = server_opts();
  if (log)
    opts.log = (peal_log_opts){.fn = log};
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on(it.root, "echo", on_echo, NULL), PEAL_OK);
  return it;
}

static void start(server_fixture *it, sio_client *client) {
  server_run(it);
  assert_true(sio_client_start(client, it->port, SIO_WEBSOCKET));
}

static void stop(server_fixture *it, sio_client *client) {
  sio_client_close(client);
  server_stop(it);
}

static void trace_to(const server_fixture *it, const peal_trace_opts *opts) {
  assert_int_equal(peal_server_trace(it->server, opts), PEAL_OK);
}

/* -- a function ------------------------------------------------------------------------ */

static bool is_link(const peal_trace_record *record) {
  return record->kind != PEAL_TRACE_EVENT && record->kind != PEAL_TRACE_ACK;
}

static void on_record(const peal_trace_record *record, void *user) {
  bool is_ack = record->kind == PEAL_TRACE_ACK;
  if (is_link(record))
    return;
  trace_add("%s%s %.*s %.*s %zu args %zu bytes%s", (const char *)user,
            record->way == PEAL_TRACE_IN ? "in" : "out", PEAL_SFMT(record->nsp),
            is_ack ? 3 : (int)record->event.len,
            is_ack ? "ack" : record->event.ptr, record->args.count,
            record->bytes, strlen(record->socket_id) == 20 ? "" : "?");
  assert_string_equal(record->ids.trace_id, "");
}

static char none[] = "", again[] = "again ";

static void each_event_is_told_with_its_name_and_size(void **state) {
  (void)state;
  server_fixture it = make(NULL);
  trace_to(&it, &(peal_trace_opts){.fn = on_record, .user = none});
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_send(&client, "427[\"echo\",\"hi\",1]"));
  assert_true(sio_client_expect(&client, "42[\"echo\",\"hi\",1]"));
  assert_true(sio_client_expect(&client, "437[]"));
  trace_expect("out / echo 2 args 16 bytes\nout / ack 0 args 4 bytes\n"
               "in / echo 2 args 17 bytes\n");
  assert_true(sio_client_send(&client, "451-[\"echo\",{\"_placeholder\":true,"
                                       "\"num\":0}]"));
  assert_true(sio_client_send_binary(&client, "12345", 5));
  trace_expect("out / echo 1 args 46 bytes\nin / echo 1 args 46 bytes\n");
  assert_int_equal(peal_nsp_emit(it.root, NULL, "all", PEAL_NO_ARGS), PEAL_OK);
  trace_expect("out / all 0 args 8 bytes\n");
  /* Another one instead, then none. */
  trace_to(&it, &(peal_trace_opts){.fn = on_record, .user = again});
  assert_int_equal(peal_nsp_emit(it.root, NULL, "all", PEAL_NO_ARGS), PEAL_OK);
  trace_expect("again out / all 0 args 8 bytes\n");
  trace_to(&it, NULL);
  assert_true(sio_client_send(&client, "428[\"echo\"]"));
  assert_true(sio_client_await(&client, "438[]"));
  trace_expect("");
  stop(&it, &client);
}

static void on_asks(peal_socket *socket, const peal_event *event, void *user);

static void on_answer(peal_socket *socket, peal_err err, peal_args args,
                      void *user) {
  (void)socket;
  (void)args;
  (void)user;
  trace_add("%s", peal_err_name(err));
}

static void on_asks(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  assert_int_equal(
      peal_emit_ack(socket, "ask", PEAL_NO_ARGS, 0, on_answer, NULL), PEAL_OK);
}

static void acknowledgements_that_come_are_told(void **state) {
  (void)state;
  server_fixture it = make(NULL);
  assert_int_equal(peal_on(it.root, "asks", on_asks, NULL), PEAL_OK);
  trace_to(&it, &(peal_trace_opts){.fn = on_record, .user = none});
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_send(&client, "42[\"asks\"]"));
  assert_true(sio_client_expect(&client, "420[\"ask\"]"));
  assert_true(sio_client_send(&client, "430[1,2]"));
  trace_expect("out / ask 0 args 9 bytes\nin / asks 0 args 9 bytes\n"
               "in / ack 2 args 7 bytes\nPEAL_OK\n");
  stop(&it, &client);
}

static void on_link(const peal_trace_record *record, void *user) {
  static const char *const words[] = {[PEAL_TRACE_EVENT] = "event",
                                      [PEAL_TRACE_ACK] = "ack",
                                      [PEAL_TRACE_CONNECT] = "connect",
                                      [PEAL_TRACE_CONNECT_ERROR] =
                                          "connect error",
                                      [PEAL_TRACE_DISCONNECT] = "disconnect"};
  (void)user;
  if (is_link(record))
    assert_int_equal(record->args.count + record->bytes + record->event.len, 0);
  trace_add("%s %.*s %s", record->way == PEAL_TRACE_IN ? "in" : "out",
            PEAL_SFMT(record->nsp), words[record->kind]);
}

static void on_use(peal_socket *socket, peal_next *next, void *user) {
  (void)socket;
  (void)user;
  peal_next_refuse(next, "no", peal_undefined());
}

static void on_bye(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  peal_disconnect(socket, false);
}

static void joining_and_leaving_are_told_without_auth(void **state) {
  (void)state;
  server_fixture it = make(NULL);
  peal_nsp *closed = peal_server_of(it.server, "/closed");
  assert_int_equal(peal_use(closed, on_use, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "bye", on_bye, NULL), PEAL_OK);
  trace_to(&it, &(peal_trace_opts){.fn = on_link});
  sio_client client;
  start(&it, &client);
  trace_expect("in / connect\nout / connect\n");
  assert_false(sio_client_join(&client, "/closed", "{\"token\":\"secret\"}"));
  trace_expect("in /closed connect\nout /closed connect error\n");
  assert_true(sio_client_send(&client, "41"));
  trace_expect("in / disconnect\n");
  assert_true(sio_client_join(&client, "/", NULL));
  assert_true(sio_client_send(&client, "42[\"bye\"]"));
  trace_expect("in / connect\nout / connect\nin / event\nout / disconnect\n");
  stop(&it, &client);
}

static void on_emits(const peal_trace_record *record, void *user) {
  if (is_link(record))
    return;
  on_record(record, none);
  assert_int_equal(peal_nsp_emit(user, NULL, "told", PEAL_NO_ARGS), PEAL_OK);
}

static void what_is_sent_while_it_is_told_is_not_told(void **state) {
  (void)state;
  server_fixture it = make(NULL);
  trace_to(&it, &(peal_trace_opts){.fn = on_emits, .user = it.root});
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_send(&client, "42[\"x\"]"));
  assert_true(sio_client_expect(&client, "42[\"told\"]"));
  trace_expect("in / x 0 args 6 bytes\n");
  stop(&it, &client);
}

static peal_event_next *waiting;

static void on_wait(peal_socket *socket, const peal_event *event,
                    peal_event_next *next, void *user) {
  (void)socket;
  (void)event;
  (void)user;
  waiting = next;
  trace_add("wait");
}

static void on_go(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)event;
  (void)user;
  peal_event_next_ok(waiting);
}

static void one_that_waited_is_told_once_when_it_is_handled(void **state) {
  (void)state;
  server_fixture it = make(NULL);
  peal_nsp *door = peal_server_of(it.server, "/door");
  assert_int_equal(peal_use_event(it.root, on_wait, NULL), PEAL_OK);
  assert_int_equal(peal_on(door, "go", on_go, NULL), PEAL_OK);
  trace_to(&it, &(peal_trace_opts){.fn = on_record, .user = none});
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_join(&client, "/door", NULL));
  assert_true(sio_client_send(&client, "42[\"x\",1]"));
  assert_true(sio_client_send(&client, "42/door,[\"go\"]"));
  trace_expect("wait\nin /door go 0 args 13 bytes\nin / x 1 args 8 bytes\n");
  stop(&it, &client);
}

/* -- the processor's time ----------------------------------------------------------------- */

static uint64_t cpu_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void burn(uint64_t ms) {
  uint64_t until = cpu_ms() + ms;
  while (cpu_ms() < until)
    ;
}

static void on_burn(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  burn((uint64_t)peal_val_int(peal_event_arg(event, 0), 0));
}

static void on_sleep(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)event;
  (void)user;
  usleep(150000);
}

static atomic_uint_fast64_t spent_ns;

static void on_spent(const peal_trace_record *record, void *user) {
  (void)user;
  if (is_link(record))
    return;
  if (record->way == PEAL_TRACE_IN)
    atomic_store(&spent_ns, record->cpu_ns);
  trace_add("%.*s", PEAL_SFMT(record->event));
}

static void its_time_is_that_of_the_processor(void **state) {
  (void)state;
  server_fixture it = make(NULL);
  assert_int_equal(peal_on(it.root, "burn", on_burn, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "sleep", on_sleep, NULL), PEAL_OK);
  trace_to(&it, &(peal_trace_opts){.fn = on_spent});
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_send(&client, "42[\"burn\",20]"));
  trace_expect("burn\n");
  assert_in_range(atomic_load(&spent_ns), 19000000, 200000000);
  assert_true(sio_client_send(&client, "42[\"sleep\"]"));
  trace_expect("sleep\n");
  assert_true(atomic_load(&spent_ns) < 100000000);
  stop(&it, &client);
}

/* The text of a record, terminated. */
static char *text_of(const peal_log_record *record, char out[1100]) {
  snprintf(out, 1100, "%.*s", PEAL_SFMT(record->text));
  return out;
}

/* The time differs, and there may be lines about the worker's turn. */
static void on_warning(const peal_log_record *record, void *user) {
  char text[1100];
  (void)user;
  char *took = strstr(text_of(record, text), " took ");
  if (record->level == PEAL_LOG_WARN && took)
    trace_add("%.*s", (int)(took - text), text);
}

static uint64_t slow(const server_fixture *it) {
  peal_server_stats stats;
  peal_server_stats_get(it->server, &stats);
  return stats.slow_handlers;
}

static peal_err on_slow_connect(peal_socket *socket, void *user) {
  (void)socket;
  (void)user;
  burn(60);
  return PEAL_OK;
}

static void a_handler_that_takes_long_is_named(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.slow_handler_ms = 40;
  opts.log = (peal_log_opts){.fn = on_warning};
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on(it.root, "burn", on_burn, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "sleep", on_sleep, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "echo", on_echo, NULL), PEAL_OK);
  assert_int_equal(peal_on_connect(it.root, on_slow_connect, NULL), PEAL_OK);
  sio_client client;
  start(&it, &client);
  trace_expect("handlers of \"connect\" in /\n");
  assert_true(sio_client_send(&client, "42[\"burn\",1]"));
  assert_true(sio_client_send(&client, "42[\"sleep\"]"));
  assert_true(sio_client_send(&client, "42[\"burn\",60]"));
  assert_true(sio_client_send(&client, "421[\"echo\"]"));
  assert_true(sio_client_await(&client, "431[]"));
  trace_expect("handlers of \"burn\" in /\n");
  assert_int_equal(slow(&it), 2);
  stop(&it, &client);
}

static void with_the_limit_off_nobody_looks(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.slow_handler_ms = PEAL_OFF;
  opts.log = (peal_log_opts){.fn = on_warning};
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on(it.root, "burn", on_burn, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "echo", on_echo, NULL), PEAL_OK);
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_send(&client, "42[\"burn\",100]"));
  assert_true(sio_client_send(&client, "421[\"echo\"]"));
  assert_true(sio_client_await(&client, "431[]"));
  assert_int_equal(slow(&it), 0);
  trace_expect("");
  stop(&it, &client);
}

/* -- the log ---------------------------------------------------------------------------- */

static void on_line(const peal_log_record *record, void *user) {
  (void)user;
  if (strcmp(record->area, "trace") != 0)
    return;
  char text[600];
  snprintf(text, sizeof text, "%.*s", PEAL_SFMT(record->text));
  char *time = strstr(text, ", "); /* ", 12 us" */
  char *end = time ? strstr(time, " us") : NULL;
  if (end) /* connecting takes none */
    memmove(time, end + 3, strlen(end + 3) + 1);
  trace_add("%s", text);
}

static void a_filter_says_what_gets_a_line(void **state) {
  static const struct {
    const char *filter, *lines;
  } cases[] = {
      {"all",
       "in / connect\nout / connect\nout / \"echo\" 15 bytes: [\"abc\"]\n"
       "in / \"echo\" 15 bytes: [\"abc\"]\n"
       "in / \"other\" 10 bytes: []\n"},
      {"in,values=0",
       "in / connect\nin / \"echo\" 15 bytes\nin / \"other\" 10 bytes\n"},
      {"event=ec*,out,values=4",
       "out / \"echo\" 15 bytes: [\"ab\xe2\x80\xa6\n"},
      {"nsp=/nowhere,nsp=/,event=other", "in / \"other\" 10 bytes: []\n"},
      {"nsp=/nowhere", ""},
      {"nsp=/,event=*,values=0,out",
       "out / connect\nout / \"echo\" 15 bytes\n"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    server_fixture it = make(on_line);
    trace_to(&it, &(peal_trace_opts){.log = cases[i].filter});
    sio_client client;
    start(&it, &client);
    assert_true(sio_client_send(&client, "42[\"echo\",\"abc\"]"));
    assert_true(sio_client_send(&client, "42[\"other\"]"));
    assert_true(sio_client_expect(&client, "42[\"echo\",\"abc\"]"));
    sio_client_close(&client);
    server_stop(&it);
    trace_expect(cases[i].lines);
  }
}

static void what_the_filter_does_not_know_is_refused(void **state) {
  static const char *const bad[] = {"al",       "in,,out",   "in,",
                                    "nsp=",     "event=",    "values=",
                                    "values=x", "values=-1", "values=99999"};
  (void)state;
  server_fixture it = make(NULL);
  char longest[600];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(
        peal_server_trace(it.server, &(peal_trace_opts){.log = bad[i]}),
        PEAL_ERR_OPTION);
  memset(longest, 0, sizeof longest);
  for (int i = 0; i < 17; i++)
    strcat(longest, i ? ",event=x" : "event=x");
  assert_int_equal(
      peal_server_trace(it.server, &(peal_trace_opts){.log = longest}),
      PEAL_ERR_OPTION);
  memset(longest, 'x', sizeof longest - 1);
  memcpy(longest, "event=", 6);
  assert_int_equal(
      peal_server_trace(it.server, &(peal_trace_opts){.log = longest}),
      PEAL_ERR_OPTION);
  assert_int_equal(
      peal_server_trace(it.server, &(peal_trace_opts){.reserved = {1}}),
      PEAL_ERR_OPTION);
  assert_int_equal(peal_server_trace(NULL, NULL), PEAL_ERR_USAGE);
  peal_server_free(it.server);
}

static void the_environment_asks_too(void **state) {
  (void)state;
  assert_int_equal(setenv("PEAL_TRACE", "in,event=echo", 1), 0);
  server_fixture it = make(on_line);
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_join(&client, "/", "{\"token\":\"secret\"}") ||
              true); /* it is in already: the session ends */
  sio_client_close(&client);
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/", "{\"token\":\"secret\"}"));
  assert_true(sio_client_send(&client, "42[\"echo\",1]"));
  assert_true(sio_client_expect(&client, "42[\"echo\",1]"));
  stop(&it, &client);
  assert_false(trace_has("secret"));
  trace_expect("in / \"echo\" 11 bytes: [1]\n");
  assert_int_equal(setenv("PEAL_TRACE", "nonsense", 1), 0);
  it = make(on_line);
  peal_server_free(it.server);
  assert_int_equal(unsetenv("PEAL_TRACE"), 0);
}

/* -- ids -------------------------------------------------------------------------------- */

static void on_ids(const peal_trace_record *record, void *user) {
  const peal_trace_ids *ids = &record->ids;
  (void)user;
  if (is_link(record))
    return;
  assert_int_equal(strlen(ids->trace_id), 32);
  assert_int_equal(strlen(ids->span_id), 16);
  trace_add("%s %s parent \"%s\"", record->way == PEAL_TRACE_IN ? "in" : "out",
            strcmp(ids->trace_id, TRACE) == 0 ? "given" : "new",
            ids->parent_id);
}

static void on_parent(peal_socket *socket, const peal_event *event,
                      void *user) {
  char text[PEAL_TRACE_PARENT_BYTES];
  (void)user;
  (void)event;
  assert_true(peal_trace_parent(text));
  assert_int_equal(strlen(text), 55);
  assert_int_equal(peal_emit(socket, "parent", PEAL_ARGS(peal_str(text))),
                   PEAL_OK);
}

static void ids_are_made_or_gone_on_with(void **state) {
  (void)state;
  char text[PEAL_TRACE_PARENT_BYTES] = "x";
  assert_false(peal_trace_parent(text));
  assert_string_equal(text, "");
  server_fixture it = make(NULL);
  assert_int_equal(peal_on(it.root, "parent", on_parent, NULL), PEAL_OK);
  trace_to(&it, &(peal_trace_opts){.fn = on_ids, .ids = true});
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_send(&client, "42[\"parent\"]"));
  trace_expect("out new parent \"\"\nin new parent \"\"\n");
  assert_true(sio_client_send(&client, "42[\"parent\",1,{\"traceparent\":"
                                       "\"00-" TRACE "-" SPAN "-01\"}]"));
  trace_expect("out given parent \"\"\nin given parent \"" SPAN "\"\n");
  assert_true(sio_client_send(&client, "42[\"parent\",{\"traceparent\":"
                                       "\"nonsense\"}]"));
  trace_expect("out new parent \"\"\nin new parent \"\"\n");
  const sio_packet *got = sio_client_next(&client, 5000);
  assert_true(got && strstr(got->data, "[\"parent\",\"00-"));
  got = sio_client_next(&client, 5000);
  assert_true(got && strstr(got->data, "[\"parent\",\"00-" TRACE "-"));
  sio_client_close(&client);
  /* of the session's first request */
  client = (sio_client){.fields = "traceparent: 00-" TRACE "-" SPAN "-01\r\n"};
  assert_true(sio_client_open_with(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/", NULL));
  assert_true(sio_client_send(&client, "42[\"parent\"]"));
  trace_expect("out given parent \"\"\nin given parent \"" SPAN "\"\n");
  stop(&it, &client);
}

static void on_any_line(const peal_log_record *record, void *user) {
  (void)user;
  if (record->level == PEAL_LOG_WARN)
    trace_add("%.*s trace_id=%.*s, %zu digits", PEAL_SFMT(record->text),
              PEAL_SFMT(record->trace_id), record->span_id.len);
}

static void on_fail(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  assert_int_equal(peal_event_fail(event, PEAL_ERR_IO, "broken"), PEAL_OK);
}

static void lines_of_the_log_have_ids(void **state) {
  (void)state;
  server_fixture it = make(on_any_line);
  assert_int_equal(peal_on(it.root, "fail", on_fail, NULL), PEAL_OK);
  trace_to(&it, &(peal_trace_opts){.ids = true});
  sio_client client;
  start(&it, &client);
  assert_true(sio_client_send(&client, "42[\"fail\",{\"traceparent\":"
                                       "\"00-" TRACE "-" SPAN "-01\"}]"));
  trace_expect("an event was not handled in /: broken trace_id=" TRACE
               ", 16 digits\n");
  stop(&it, &client);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_event_is_told_with_its_name_and_size),
      cmocka_unit_test(acknowledgements_that_come_are_told),
      cmocka_unit_test(joining_and_leaving_are_told_without_auth),
      cmocka_unit_test(what_is_sent_while_it_is_told_is_not_told),
      cmocka_unit_test(one_that_waited_is_told_once_when_it_is_handled),
      cmocka_unit_test(its_time_is_that_of_the_processor),
      cmocka_unit_test(a_handler_that_takes_long_is_named),
      cmocka_unit_test(with_the_limit_off_nobody_looks),
      cmocka_unit_test(a_filter_says_what_gets_a_line),
      cmocka_unit_test(what_the_filter_does_not_know_is_refused),
      cmocka_unit_test(the_environment_asks_too),
      cmocka_unit_test(ids_are_made_or_gone_on_with),
      cmocka_unit_test(lines_of_the_log_have_ids),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
