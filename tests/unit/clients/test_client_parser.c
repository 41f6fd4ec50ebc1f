/* SPDX-License-Identifier: MIT */
/* Server and client with another parser than the default one: MessagePack, and
 * one of an application's own. */
#include <math.h>

#include <peal/handle.h>

#include "client_fixture.h"

static void stop(peal_client *client) {
  peal_client_stop(client);
  peal_client_free(client);
}

/* -- a parser of the application's own: JSON behind a mark ------------------------- */

static peal_err mark(const peal_parser_packet *packet, peal_parser_out *out,
                     void *user) {
  peal_parser_write(out, peal_slice_of(user));
  return peal_parser_json()->encode(packet, out, NULL);
}

static peal_err unmark(const peal_parser_in *in, peal_build *build,
                       peal_parser_packet *out, void *user) {
  size_t len = strlen(user);
  peal_parser_in rest = *in;
  if (in->data.len < len || memcmp(in->data.ptr, user, len) != 0)
    return PEAL_ERR_SIO_PACKET;
  rest.data = (peal_slice){in->data.ptr + len, in->data.len - len};
  return peal_parser_json()->decode(&rest, build, out, NULL);
}

static const peal_parser marked = {
    .encode = mark, .decode = unmark, .user = (void *)(uintptr_t) "mark:"};

static const peal_parser *parsers[2];

/* -- a server ------------------------------------------------------------------------ */

static void add_value(char *line, size_t size, peal_val value) {
  size_t len = strlen(line);
  double number = peal_val_double(value, 0);
  if (isnan(number))
    snprintf(line + len, size - len, " NaN");
  else if (peal_val_is(value, PEAL_UNDEFINED))
    snprintf(line + len, size - len, " undefined");
  else if (peal_val_is(value, PEAL_BINARY))
    snprintf(line + len, size - len, " <%.*s>",
             PEAL_SFMT(peal_val_binary(value)));
  else if (peal_val_is(value, PEAL_STRING))
    snprintf(line + len, size - len, " %.*s", PEAL_SFMT(peal_val_str(value)));
  else
    snprintf(line + len, size - len, " %lld",
             (long long)peal_val_int(value, -1));
}

static void trace_args(const char *word, peal_slice name, peal_args args) {
  char line[200];
  snprintf(line, sizeof line, "%s %.*s", word, PEAL_SFMT(name));
  for (size_t i = 0; i < args.count; i++)
    add_value(line, sizeof line, args.items[i]);
  trace_add("%s", line);
}

static void on_outgoing(peal_socket *socket, peal_slice event, peal_args args,
                        void *user) {
  (void)socket;
  (void)user;
  trace_args("outgoing", event, args);
}

static void on_join(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  assert_int_equal(peal_join_n(socket, peal_val_str(peal_event_arg(event, 0))),
                   PEAL_OK);
  peal_ack(event, PEAL_NO_ARGS);
}

static void on_acks(const peal_acks *acks, void *user) {
  (void)user;
  trace_add("acks %s %zu of %zu", peal_err_name(acks->err),
            acks->responses.count, acks->expected);
}

static server_fixture serve(const peal_parser *parser, unsigned workers) {
  peal_server_opts opts = server_opts();
  opts.parser = parser;
  opts.workers = workers;
  server_fixture it = server_make(&opts);
  fixture_add_nsp(&it, "/");
  fixture_add_nsp(&it, "/other");
  assert_int_equal(peal_on(it.root, "join", on_join, NULL), PEAL_OK);
  fixture_run(&it);
  return it;
}

static peal_client_opts opts_of(const server_fixture *it,
                                const peal_parser *parser) {
  peal_client_opts opts = fixture_opts(it);
  opts.parser = parser;
  return opts;
}

/* -- talking ----------------------------------------------------------------------------- */

static void on_values(peal_client_nsp *nsp, const peal_event *event,
                      void *user) {
  (void)nsp;
  (void)user;
  trace_args("values", peal_event_name(event), peal_event_args(event));
}

static void on_question(peal_client_nsp *nsp, const peal_event *event,
                        void *user) {
  (void)nsp;
  (void)user;
  peal_ack(event, peal_event_args(event));
}

static void talk(const peal_parser *parser, peal_client_transports way) {
  server_fixture server = serve(parser, 1);
  peal_client_opts opts = opts_of(&server, parser);
  opts.transports = way;
  peal_client *client = fixture_start(&opts);
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  assert_int_equal(peal_client_on(nsp, "echo", on_values, NULL), PEAL_OK);
  assert_int_equal(peal_client_on(nsp, "question", on_question, NULL), PEAL_OK);
  trace_await("connect /\n");
  assert_int_equal(
      peal_client_emit(nsp, "echo",
                       PEAL_ARGS(peal_str("é"), peal_binary(PEAL_S("b1")),
                                 peal_int(-5), peal_binary(PEAL_S("b2")))),
      PEAL_OK);
  trace_await("values echo é <b1> -5 <b2>\n");
  assert_int_equal(peal_client_emit_ack(nsp, NULL, "echo",
                                        PEAL_ARGS(peal_int(8)), fixture_on_ack,
                                        NULL),
                   PEAL_OK);
  trace_await("ack / PEAL_OK 8\n");
  assert_int_equal(peal_client_emit(nsp, "ask", PEAL_ARGS(peal_int(9))),
                   PEAL_OK);
  trace_await("client answers PEAL_OK 9\n");
  peal_client_nsp *other = peal_client_of(client, "/other");
  fixture_watch(other);
  trace_await("connect /other\n");
  assert_int_equal(peal_client_emit(other, "bye", PEAL_NO_ARGS), PEAL_OK);
  trace_await("disconnect /other io server disconnect\n");
  peal_client_nsp *none = peal_client_of(client, "/none");
  fixture_watch(none);
  trace_await("connect_error /none PEAL_ERR_REFUSED: Invalid namespace\n");
  stop(client);
  server_stop(&server);
}

static void both_ends_talk_by_every_transport(void **state) {
  static const peal_client_transports ways[] = {PEAL_CLIENT_POLLING_FIRST,
                                                PEAL_CLIENT_POLLING_ONLY,
                                                PEAL_CLIENT_WEBSOCKET_ONLY};
  (void)state;
  for (size_t p = 0; p < 2; p++)
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
      talk(parsers[p], ways[i]);
}

static void msgpack_carries_what_json_cannot(void **state) {
  (void)state;
  server_fixture server = serve(peal_parser_msgpack(), 1);
  peal_client_opts opts = opts_of(&server, peal_parser_msgpack());
  peal_client *client = fixture_start(&opts);
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  assert_int_equal(peal_client_on(nsp, "echo", on_values, NULL), PEAL_OK);
  trace_await("connect /\n");
  assert_int_equal(
      peal_client_emit(nsp, "echo",
                       PEAL_ARGS(peal_double(NAN), peal_undefined(),
                                 peal_int(INT64_MAX), peal_int(INT64_MIN))),
      PEAL_OK);
  trace_await("values echo NaN undefined 9223372036854775807 "
              "-9223372036854775808\n");
  stop(client);
  server_stop(&server);
}

/* -- to many ------------------------------------------------------------------------------- */

#define CLIENTS 6

static void on_news(peal_client_nsp *nsp, const peal_event *event, void *user) {
  (void)nsp;
  atomic_fetch_add((atomic_int *)user, 1);
  peal_args args = peal_event_args(event);
  if (args.count != 2 || !peal_slice_is(peal_val_binary(args.items[1]), "bin"))
    trace_add("wrong news");
  peal_ack(event, PEAL_ARGS(peal_int(1)));
}

static void await_count(atomic_int *count, int wanted) {
  for (int i = 0; i < 10000 && atomic_load(count) < wanted; i++)
    usleep(1000);
  assert_int_equal(atomic_load(count), wanted);
}

static void broadcasts(const peal_parser *parser, unsigned workers) {
  server_fixture server = serve(parser, workers);
  peal_client_opts opts = opts_of(&server, parser);
  opts.transports = PEAL_CLIENT_WEBSOCKET_ONLY;
  peal_client *clients[CLIENTS];
  atomic_int heard;
  atomic_init(&heard, 0);
  for (int i = 0; i < CLIENTS; i++) {
    clients[i] = fixture_start(&opts);
    peal_client_nsp *nsp = peal_client_of(clients[i], NULL);
    assert_int_equal(peal_client_on(nsp, "news", on_news, &heard), PEAL_OK);
  }
  assert_true(server_has_sockets(&server, CLIENTS));
  peal_args news = PEAL_ARGS(peal_int(1), peal_binary(PEAL_S("bin")));
  assert_int_equal(peal_nsp_emit(server.root, NULL, "news", news), PEAL_OK);
  await_count(&heard, CLIENTS);
  assert_int_equal(
      peal_nsp_emit_ack(server.root, NULL, "news", news, 10000, on_acks, NULL),
      PEAL_OK);
  await_count(&heard, 2 * CLIENTS);
  trace_await("acks PEAL_OK 6 of 6\n");
  for (int i = 0; i < CLIENTS; i++)
    stop(clients[i]);
  assert_false(trace_has("wrong news"));
  server_stop(&server);
}

static void all_get_a_broadcast_and_answer_it(void **state) {
  (void)state;
  for (size_t p = 0; p < 2; p++)
    for (unsigned workers = 1; workers <= 4; workers += 3)
      broadcasts(parsers[p], workers);
}

static peal_socket_ref shown;
static atomic_bool is_shown;

static peal_err show_socket(peal_socket *socket, void *user) {
  (void)user;
  shown = peal_ref_of(socket);
  atomic_store(&is_shown, true);
  return PEAL_OK;
}

/* The values are made again of what other threads have encoded. */
static void who_watches_what_goes_out_sees_values(void **state) {
  (void)state;
  for (size_t p = 0; p < 2; p++)
    for (unsigned workers = 1; workers <= 2; workers++) {
      peal_server_opts opts = server_opts();
      opts.parser = parsers[p];
      opts.workers = workers;
      server_fixture server = server_make(&opts);
      fixture_add_nsp(&server, "/");
      atomic_store(&is_shown, false);
      assert_int_equal(peal_on_connect(server.root, show_socket, NULL),
                       PEAL_OK);
      assert_int_equal(peal_on_any_outgoing(server.root, on_outgoing, NULL),
                       PEAL_OK);
      fixture_run(&server);
      peal_client_opts client_opts = opts_of(&server, parsers[p]);
      peal_client *client = fixture_start(&client_opts);
      trace_await("connect /\n");
      assert_true(atomic_load(&is_shown));
      assert_int_equal(
          peal_nsp_emit(server.root, NULL, "all",
                        PEAL_ARGS(peal_int(1), peal_binary(PEAL_S("b")))),
          PEAL_OK);
      trace_await("outgoing all 1 <b>\n");
      assert_int_equal(peal_ref_emit(shown, "one", PEAL_ARGS(peal_int(2))),
                       PEAL_OK);
      trace_await("outgoing one 2\n");
      trace_await("event / one 2\n");
      stop(client);
      server_stop(&server);
    }
}

/* -- recovery -------------------------------------------------------------------------------- */

static peal_server_opts recovering(const peal_parser *parser) {
  peal_server_opts opts = server_opts();
  opts.parser = parser;
  opts.recovery.window_ms = 60000;
  return opts;
}

/* The text between the last two quotes. */
static void last_text(const char *from, char *out, size_t size) {
  const char *end = strrchr(from, '"');
  assert_non_null(end);
  const char *at = end;
  while (at[-1] != '"')
    at--;
  snprintf(out, size, "%.*s", (int)(end - at), at);
}

static void a_parser_of_ones_own_recovers(void **state) {
  (void)state;
  peal_server_opts opts = recovering(&marked);
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on(it.root, "join", on_join, NULL), PEAL_OK);
  server_run(&it);
  sio_client io = {0};
  char pid[80], offset[40], packet[300];
  assert_true(sio_client_open(&io, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&io, "4mark:0"));
  const sio_packet *hello = sio_client_next(&io, 10000);
  assert_non_null(hello);
  assert_memory_equal(hello->data, "4mark:0{\"sid\":\"", 15);
  last_text(hello->data, pid, sizeof pid);
  assert_true(sio_client_send(&io, "4mark:21[\"join\",\"room\"]"));
  assert_true(sio_client_expect(&io, "4mark:31[]"));
  assert_int_equal(peal_nsp_emit(it.root, PEAL_TO("room"), "say",
                                 PEAL_ARGS(peal_str("AAAAAAAA"))),
                   PEAL_OK);
  const sio_packet *one = sio_client_next(&io, 10000);
  assert_non_null(one);
  assert_memory_equal(one->data, "4mark:2[\"say\",\"AAAAAAAA\",\"", 26);
  last_text(one->data, offset, sizeof offset);
  assert_int_equal(strlen(offset), 8);
  sio_client_reset(&io);
  assert_true(server_has_sockets(&it, 0));
  assert_int_equal(
      peal_nsp_emit(it.root, PEAL_TO("room"), "missed", PEAL_NO_ARGS), PEAL_OK);
  sio_client again = {0};
  assert_true(sio_client_open(&again, it.port, SIO_WEBSOCKET));
  snprintf(packet, sizeof packet, "4mark:0{\"pid\":\"%s\",\"offset\":\"%s\"}",
           pid, offset);
  assert_true(sio_client_send(&again, packet));
  const sio_packet *missed = sio_client_next(&again, 10000);
  assert_non_null(missed);
  assert_memory_equal(missed->data, "4mark:2[\"missed\",\"", 18);
  sio_client_close(&again);
  assert_true(server_has_sockets(&it, 0));
  server_stop(&it);
}

/* Every byte is another one. */
static peal_err hide(const peal_parser_packet *packet, peal_parser_out *out,
                     void *user) {
  (void)packet;
  (void)user;
  peal_parser_write(out, PEAL_S("hidden"));
  peal_parser_end(out, true);
  return PEAL_OK;
}

static void a_parser_that_hides_the_offset_says_so(void **state) {
  (void)state;
  const peal_parser hiding = {.encode = hide, .decode = unmark};
  peal_server_opts opts = recovering(&hiding);
  server_fixture it = server_make(&opts);
  peal_val many[20];
  for (int i = 0; i < 20; i++)
    many[i] = peal_int(i);
  assert_int_equal(peal_nsp_emit(it.root, NULL, "e", PEAL_NO_ARGS),
                   PEAL_ERR_OPTION);
  assert_int_equal(peal_nsp_emit(it.root, NULL, "e", (peal_args){many, 20}),
                   PEAL_ERR_OPTION);
  assert_int_equal(peal_nsp_emit(it.root, &(peal_to){.is_volatile = true}, "e",
                                 PEAL_NO_ARGS),
                   PEAL_OK);
  server_run(&it);
  server_stop(&it);
}

/* -- options ----------------------------------------------------------------------------------- */

static void on_notice(peal_client *client, const peal_client_notice *notice,
                      void *user) {
  (void)client;
  (void)user;
  if (notice->type == PEAL_CLIENT_CLOSED)
    trace_add("closed %s", peal_client_reason_text(notice->reason));
}

static void part(const peal_parser *servers, const peal_parser *clients) {
  server_fixture server = serve(servers, 1);
  peal_client_opts opts = opts_of(&server, clients);
  opts.no_reconnection = true;
  opts.transports = PEAL_CLIENT_WEBSOCKET_ONLY;
  peal_client *client = fixture_client(&opts);
  assert_int_equal(peal_client_on_notice(client, on_notice, NULL), PEAL_OK);
  assert_int_equal(peal_client_start(client), PEAL_OK);
  trace_await("closed transport close\n");
  assert_false(trace_has("connect /\n"));
  stop(client);
  server_stop(&server);
}

static void ends_that_do_not_agree_part(void **state) {
  (void)state;
  part(peal_parser_msgpack(), NULL);
  part(NULL, peal_parser_msgpack());
  part(&marked, peal_parser_msgpack());
  part(peal_parser_msgpack(), &marked);
}

static void a_table_that_lacks_something_is_no_parser(void **state) {
  (void)state;
  const peal_parser wrong[] = {
      {.encode = mark},
      {.decode = unmark},
      {.encode = mark, .decode = unmark, .reserved = {0, 1}}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    peal_server_opts opts = server_opts();
    opts.parser = &wrong[i];
    assert_null(peal_server_new(&opts));
    peal_client *client;
    peal_client_problem why;
    assert_int_equal(
        peal_client_new(&client,
                        &(peal_client_opts){.url = "http://127.0.0.1:1",
                                            .parser = &wrong[i]},
                        &why),
        PEAL_ERR_OPTION);
    assert_non_null(strstr(why.text, "parser"));
  }
}

static void clients_of_socket_io_2_have_the_default_one(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.parser = peal_parser_msgpack();
  opts.allow_eio3 = true;
  assert_null(peal_server_new(&opts));
  peal_client *client;
  peal_client_problem why;
  assert_int_equal(
      peal_client_new(&client,
                      &(peal_client_opts){.url = "http://127.0.0.1:1",
                                          .eio3 = true,
                                          .parser = &marked},
                      &why),
      PEAL_ERR_OPTION);
}

static void the_default_one_may_be_named(void **state) {
  (void)state;
  peal_server_opts server_options = server_opts();
  server_options.parser = peal_parser_json();
  server_options.allow_eio3 = true;
  server_fixture server = server_make(&server_options);
  fixture_add_nsp(&server, "/");
  fixture_run(&server);
  peal_client_opts opts = opts_of(&server, NULL);
  peal_client *client = fixture_start(&opts);
  trace_await("connect /\n");
  stop(client);
  server_stop(&server);
}

static void json_names_two_of_them(void **state) {
  (void)state;
  server_fixture server = {
      .server = peal_server_new_json(
          PEAL_S("{\"host\":\"127.0.0.1\",\"port\":-1,\"no_client\":true,"
                 "\"parser\":\"msgpack\",\"log\":{\"level\":\"error\"}}"))};
  assert_non_null(server.server);
  server.root = peal_server_of(server.server, "/");
  server.port = peal_http_server_port(peal_server_http(server.server));
  trace_clear();
  fixture_add_nsp(&server, "/");
  fixture_run(&server);
  char json[200];
  snprintf(json, sizeof json,
           "{\"url\":\"http://127.0.0.1:%u\",\"parser\":\"msgpack\"}",
           server.port);
  peal_client *client;
  assert_int_equal(peal_client_new_json(&client, peal_slice_of(json), NULL),
                   PEAL_OK);
  fixture_watch(peal_client_of(client, NULL));
  assert_int_equal(peal_client_start(client), PEAL_OK);
  trace_await("connect /\n");
  stop(client);
  server_stop(&server);
  peal_client_problem why;
  assert_int_equal(
      peal_client_new_json(
          &client,
          PEAL_S("{\"url\":\"http://127.0.0.1:1\",\"parser\":\"cbor\"}"), &why),
      PEAL_ERR_OPTION);
  assert_string_equal(why.text, "parser must be one of: json msgpack");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_ends_talk_by_every_transport),
      cmocka_unit_test(msgpack_carries_what_json_cannot),
      cmocka_unit_test(all_get_a_broadcast_and_answer_it),
      cmocka_unit_test(who_watches_what_goes_out_sees_values),
      cmocka_unit_test(a_parser_of_ones_own_recovers),
      cmocka_unit_test(a_parser_that_hides_the_offset_says_so),
      cmocka_unit_test(ends_that_do_not_agree_part),
      cmocka_unit_test(a_table_that_lacks_something_is_no_parser),
      cmocka_unit_test(clients_of_socket_io_2_have_the_default_one),
      cmocka_unit_test(the_default_one_may_be_named),
      cmocka_unit_test(json_names_two_of_them),
  };
  parsers[0] = peal_parser_msgpack();
  parsers[1] = &marked;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
