/* SPDX-License-Identifier: MIT */
/* A client's engine against servers that answer something else than they
 * should: in words, in bounded memory, in bounded time. */
#include "rogue.h"

static void say_text(rogue *it, rogue_conn *conn) {
  rogue_say(conn, it->text);
}

/* What is said of an answer to the handshake, by this way. */
static void expect_words(const char *answer, peal_client_transports way,
                         peal_err err, const char *words) {
  rogue server;
  engine_fixture it;
  rogue_begin(&server, say_text);
  server.text = answer;
  engine_begin(&it, server.port);
  it.opts.transports = way;
  engine_open(&it);
  ROGUE_AWAIT(&it, &server, it.closes == 1);
  assert_int_equal(it.opens, 0);
  if (!strstr(it.text, words))
    fail_msg("%s\n-> %s", answer, it.text);
  assert_int_equal(it.err, err);
  assert_int_equal(it.reason, PEAL_CLIENT_TRANSPORT_ERROR);
  engine_end(&it);
  rogue_end(&server);
}

#define HEAD(status) "HTTP/1.1 " status "\r\n"
#define LENGTH(n) "Content-Length: " n "\r\n\r\n"
#define SWITCH HEAD("101 Switching Protocols") "Connection: Upgrade\r\n"

static void wrong_answers_are_explained(void **state) {
  (void)state;

  static const struct {
    const char *answer, *words;
  } cases[] = {
      {HEAD("400 Bad Request")
           LENGTH("40") "{\"code\":0,\"message\":\"Transport unknown\"}",
       "refuses the handshake: \"Transport unknown\""},
      {HEAD("403 Forbidden")
           LENGTH("32") "{\"code\":4,\"message\":\"no guests\"}",
       "\"no guests\""},
      {HEAD("403 Forbidden") LENGTH("0"), "Origin"},
      {HEAD("302 Found") "Location: https://b.example/x\r\n" LENGTH("0"),
       "points elsewhere, to \"https://b.example/x\""},
      {HEAD("404 Not Found") LENGTH("2") "no", "path"},
      {HEAD("502 Bad Gateway") LENGTH("0"), "502 Bad Gateway: a proxy"},
      {HEAD("503 Service Unavailable") LENGTH("0"), "proxy"},
      {HEAD("504 Gateway Timeout") LENGTH("0"), "proxy"},
      {HEAD("401 Unauthorized") LENGTH("0"), "who you are"},
      {HEAD("200 OK") "Content-Type: text/html\r\n" LENGTH(
           "15") "<!doctype html>",
       "web page"},
      {HEAD("200 OK") LENGTH("14") "11:0{\"sid\":1}x", "Engine.IO 3"},
      {HEAD("200 OK") "Content-Encoding: gzip\r\n" LENGTH("3") "abc",
       "compressed (gzip)"},
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    expect_words(cases[i].answer, PEAL_CLIENT_POLLING_ONLY, PEAL_ERR_ANSWER,
                 cases[i].words);
}

static void what_is_no_http_is_refused(void **state) {
  (void)state;
  const char *ssh = "SSH-2.0-OpenSSH_9.2\r\n\r\n";
  expect_words(ssh, PEAL_CLIENT_POLLING_ONLY, PEAL_ERR_HTTP_SYNTAX, "HTTP");
  expect_words(ssh, PEAL_CLIENT_WEBSOCKET_ONLY, PEAL_ERR_HTTP_SYNTAX, "HTTP");
}

static void hang_up(rogue *it, rogue_conn *conn) {
  rogue_say(conn, it->text);
  rogue_hang_up(conn);
}

static void an_answer_that_ends_early_is_no_answer(void **state) {
  (void)state;
  static const char *const answers[] = {
      "", HEAD("200 OK"), HEAD("200 OK") LENGTH("9") "0{",
      HEAD("200 OK") "Transfer-Encoding: chunked\r\n\r\n5\r\n0{"};
  for (size_t i = 0; i < 2 * sizeof answers / sizeof *answers; i++) {
    rogue server;
    engine_fixture it;
    rogue_begin(&server, hang_up);
    server.text = answers[i / 2];
    engine_begin(&it, server.port);
    it.opts.transports =
        i % 2 ? PEAL_CLIENT_POLLING_ONLY : PEAL_CLIENT_WEBSOCKET_ONLY;
    engine_open(&it);
    ROGUE_AWAIT(&it, &server, it.closes == 1);
    assert_int_equal(it.opens, 0);
    assert_int_equal(server.requests, 1); /* a fresh connection: once */
    assert_string_not_equal(it.text, "");
    engine_end(&it);
    rogue_end(&server);
  }
}

static void websockets_that_are_none_are_explained(void **state) {
  (void)state;

  static const struct {
    const char *answer, *words;
  } cases[] = {
      {HEAD("200 OK") LENGTH("2") "hi", "Upgrade"},
      {HEAD("400 Bad Request")
           LENGTH("41") "{\"code\":1,\"message\":\"Session ID unknown\"}",
       "sticky"},
      {SWITCH "Upgrade: websocket\r\nSec-WebSocket-Accept: "
              "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
       "does not belong"},
      {SWITCH "Upgrade: h2c\r\n\r\n", "another protocol"},
      {HEAD("302 Found") "Location: /there\r\n" LENGTH("0"), "\"/there\""},
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    expect_words(cases[i].answer, PEAL_CLIENT_WEBSOCKET_ONLY, PEAL_ERR_ANSWER,
                 cases[i].words);
}

/* -- endless and slow ------------------------------------------------------- */

static void more_of_it(rogue *it, rogue_conn *conn) {
  static char many[65536];
  memset(many, 'x', sizeof many);
  (void)rogue_write(conn, many, it->n ? 1 : sizeof many);
}

static void an_endless_answer_is_bounded(void **state) {
  (void)state;
  static const char *const heads[] = {
      HEAD("200 OK") LENGTH("99999999999"),
      HEAD("200 OK") "\r\n", /* until it closes */
      HEAD("200 OK") "X: ",  /* a head without an end */
  };
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    rogue server;
    engine_fixture it;
    rogue_begin(&server, say_text);
    server.text = heads[i];
    server.each_turn = more_of_it;
    engine_begin_with(&it, server.port, NULL, 4u << 20);
    it.opts.transports = PEAL_CLIENT_POLLING_ONLY;
    it.opts.max_payload_bytes = 1u << 20;
    engine_open(&it);
    ROGUE_AWAIT(&it, &server, it.closes == 1);
    assert_int_equal(it.err, i == 2 ? PEAL_ERR_HTTP_HEAD_LEN : PEAL_ERR_LIMIT);
    engine_end(&it);
    rogue_end(&server);
  }
}

static void the_account_is_a_ceiling_too(void **state) {
  (void)state;
  rogue server;
  engine_fixture it;
  rogue_begin(&server, say_text);
  server.text = HEAD("200 OK") "\r\n";
  server.each_turn = more_of_it;
  engine_begin_with(&it, server.port, NULL, 300000);
  it.opts.transports = PEAL_CLIENT_POLLING_ONLY;
  engine_open(&it);
  ROGUE_AWAIT(&it, &server, it.closes == 1);
  assert_int_equal(it.err, PEAL_ERR_NOMEM);
  engine_end(&it);
  rogue_end(&server);
}

static void more_interim_heads(rogue *it, rogue_conn *conn) {
  (void)it;
  rogue_say(conn, HEAD("103 Early Hints") "Link: x\r\n\r\n");
}

static void an_answer_has_its_time(void **state) {
  (void)state;
  static const rogue_fn turns[] = {NULL, more_of_it, more_interim_heads};
  static const char *const heads[] = {"", HEAD("200 OK") LENGTH("99999999"),
                                      ""};
  for (size_t i = 0; i < 6; i++) {
    rogue server;
    engine_fixture it;
    rogue_begin(&server, say_text);
    server.text = heads[i / 2];
    server.each_turn = turns[i / 2];
    server.n = 1; /* a byte at a time */
    engine_begin(&it, server.port);
    it.opts.transports =
        i % 2 ? PEAL_CLIENT_POLLING_ONLY : PEAL_CLIENT_WEBSOCKET_ONLY;
    it.opts.request_timeout_ms = 200;
    engine_open(&it);
    ROGUE_AWAIT(&it, &server, it.closes == 1);
    assert_true(it.err == PEAL_ERR_TIMEOUT || it.err == PEAL_ERR_ANSWER);
    engine_end(&it);
    rogue_end(&server);
  }
}

/* -- after the handshake ---------------------------------------------------- */

static void hello_and_then_text(rogue *it, rogue_conn *conn) {
  if (!rogue_is(conn, "sid="))
    rogue_ok(conn, ROGUE_HELLO);
  else
    rogue_ok(conn, rogue_is(conn, "GET ") ? it->text : "ok");
}

static void polls_with_nonsense_end_the_session(void **state) {
  (void)state;
  static const char *const bodies[] = {"",     "9",           "x",
                                       "b!!!", "4a\x1e\x1e-", "4\xff"};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    rogue server;
    engine_fixture it;
    rogue_begin(&server, hello_and_then_text);
    server.text = bodies[i];
    engine_begin(&it, server.port);
    it.opts.transports = PEAL_CLIENT_POLLING_ONLY;
    engine_open(&it);
    ROGUE_AWAIT(&it, &server, it.closes == 1);
    assert_int_equal(it.opens, 1);
    assert_int_equal(it.reason, PEAL_CLIENT_PARSE_ERROR);
    engine_end(&it);
    rogue_end(&server);
  }
}

static void packets_out_of_order_are_ignored_or_answered(void **state) {
  (void)state;
  rogue server;
  engine_fixture it;
  rogue_begin(&server, hello_and_then_text);
  /* A second hello, stray pongs, an upgrade, a no-op; a ping, a message. */
  server.text = "0{\"sid\":\"other\"}\x1e"
                "3\x1e"
                "3probe\x1e"
                "5\x1e"
                "6\x1e"
                "2\x1e"
                "4still here";
  engine_begin(&it, server.port);
  it.opts.transports = PEAL_CLIENT_POLLING_ONLY;
  engine_open(&it);
  ROGUE_AWAIT(&it, &server, it.messages >= 3 && it.pings >= 3);
  assert_string_equal(it.last, "still here");
  assert_string_equal(peal_client_engine_sid(it.engine), "abc");
  assert_int_equal(it.closes, 0);
  engine_end(&it);
  rogue_end(&server);
}

static void refuse_polls(rogue *it, rogue_conn *conn) {
  (void)it;
  if (!rogue_is(conn, "sid="))
    rogue_ok(conn, ROGUE_HELLO);
  else
    rogue_say(conn,
              HEAD("400 Bad Request") LENGTH(
                  "41") "{\"code\":1,\"message\":\"Session ID unknown\"}");
}

static void a_forgotten_session_is_explained(void **state) {
  (void)state;
  rogue server;
  engine_fixture it;
  rogue_begin(&server, refuse_polls);
  engine_begin(&it, server.port);
  it.opts.transports = PEAL_CLIENT_POLLING_ONLY;
  engine_open(&it);
  ROGUE_AWAIT(&it, &server, it.closes == 1);
  assert_int_equal(it.opens, 1);
  assert_int_equal(it.reason, PEAL_CLIENT_TRANSPORT_ERROR);
  assert_non_null(strstr(it.text, "sticky"));
  engine_end(&it);
  rogue_end(&server);
}

/* -- kept connections ------------------------------------------------------- */

/* Each connection answers one request, says that it stays, and is dead; those
 * of POSTs live. */
static void die_in_silence(rogue *it, rogue_conn *conn) {
  if (conn->requests && !rogue_is(conn, "POST ")) {
    rogue_hang_up(conn);
    it->n++;
  } else if (!rogue_is(conn, "sid=")) {
    rogue_ok(conn, ROGUE_HELLO);
  } else {
    rogue_ok(conn, rogue_is(conn, "GET ") ? "4again" : "ok");
  }
}

static void a_kept_connection_that_is_dead_is_replaced(void **state) {
  (void)state;
  rogue server;
  engine_fixture it;
  rogue_begin(&server, die_in_silence);
  engine_begin(&it, server.port);
  it.opts.transports = PEAL_CLIENT_POLLING_ONLY;
  engine_open(&it);
  ROGUE_AWAIT(&it, &server, it.messages >= 5);
  for (int i = 0; i < 3; i++) {
    engine_say(&it, "hello");
    ROGUE_AWAIT(&it, &server, !peal_client_engine_queued_bytes(it.engine));
  }
  assert_int_equal(it.closes, 0);
  assert_true(server.n >= 5);
  engine_end(&it);
  rogue_end(&server);
}

/* The second POST is taken, acted upon, and not answered. */
static void take_and_die(rogue *it, rogue_conn *conn) {
  if (rogue_is(conn, "POST ")) {
    if (++it->n < 2)
      rogue_ok(conn, "ok");
    else
      rogue_hang_up(conn);
  } else if (!rogue_is(conn, "sid=")) {
    rogue_ok(conn, ROGUE_HELLO);
  }
}

static void a_post_is_never_sent_twice(void **state) {
  (void)state;
  rogue server;
  engine_fixture it;
  rogue_begin(&server, take_and_die);
  engine_begin(&it, server.port);
  it.opts.transports = PEAL_CLIENT_POLLING_ONLY;
  engine_open(&it);
  ROGUE_AWAIT(&it, &server, it.opens == 1);
  engine_say(&it, "one");
  ROGUE_AWAIT(&it, &server, !peal_client_engine_queued_bytes(it.engine));
  engine_say(&it, "two");
  ROGUE_AWAIT(&it, &server, it.closes == 1);
  assert_int_equal(it.reason, PEAL_CLIENT_TRANSPORT_ERROR);
  assert_int_equal(server.n, 2);
  engine_end(&it);
  rogue_end(&server);
}

/* -- heads ------------------------------------------------------------------ */

static char first_head[16384], second_head[16384];

static void keep_heads(rogue *it, rogue_conn *conn) {
  char answer[512];
  memcpy(it->requests == 1 ? first_head : second_head, conn->in, conn->len + 1);
  if (it->requests > 1)
    return;
  snprintf(answer, sizeof answer,
           HEAD("200 OK") "Set-Cookie: route=n1; Path=/\r\n"
                          "Set-Cookie: other=x; Path=/elsewhere\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
           strlen(ROGUE_HELLO), ROGUE_HELLO);
  rogue_say(conn, answer);
}

static void requests_say_what_the_program_wants(void **state) {
  (void)state;
  const peal_client_field fields[] = {
      {"X-Token", "secret"},           {"Cookie", "own=1"},
      {"Accept-Encoding", "gzip"},     {"Transfer-Encoding", "chunked"},
      {"X-Bad", "a\r\nX-Injected: b"}, {"X Bad", "b"}};
  const char *target = "GET /socket.io/?token=a%20b&EIO=4&transport=polling&t=";
  rogue server;
  engine_fixture it;
  rogue_begin(&server, keep_heads);
  engine_begin(&it, server.port);
  it.opts.transports = PEAL_CLIENT_POLLING_ONLY;
  it.opts.headers = fields;
  it.opts.header_count = sizeof fields / sizeof *fields;
  it.opts.query = "token=a%20b";
  engine_open(&it);
  ROGUE_AWAIT(&it, &server, server.requests >= 2 || it.closes);
  assert_memory_equal(first_head, target, strlen(target));
  assert_non_null(strstr(first_head, "\r\nX-Token: secret\r\n"));
  assert_non_null(strstr(first_head, "\r\nAccept-Encoding: identity\r\n"));
  assert_non_null(strstr(first_head, "\r\nCookie: own=1\r\n"));
  assert_non_null(strstr(first_head, it.authority));
  assert_null(strstr(first_head, "gzip"));
  assert_null(strstr(first_head, "chunked"));
  assert_null(strstr(first_head, "Injected"));
  assert_null(strstr(first_head, "X Bad"));
  assert_non_null(strstr(second_head, "&sid=abc "));
  assert_non_null(strstr(second_head, "\r\nCookie: route=n1; own=1\r\n"));
  engine_end(&it);
  rogue_end(&server);
}

static void a_host_of_the_programs_own_is_said_once(void **state) {
  (void)state;
  const peal_client_field fields[] = {{"host", "b.example:81"}};
  rogue server;
  engine_fixture it;
  rogue_begin(&server, keep_heads);
  engine_begin(&it, server.port);
  it.opts.transports = PEAL_CLIENT_WEBSOCKET_ONLY;
  it.opts.headers = fields;
  it.opts.header_count = 1;
  engine_open(&it);
  ROGUE_AWAIT(&it, &server, server.requests >= 1);
  assert_non_null(strstr(first_head, "\r\nHost: b.example:81\r\n"));
  assert_null(strstr(first_head, "127.0.0.1"));
  assert_null(strstr(first_head, "\r\nhost:"));
  assert_non_null(strstr(first_head, "\r\nConnection: Upgrade\r\n"));
  assert_non_null(strstr(first_head, "\r\nUpgrade: websocket\r\n"));
  engine_end(&it);
  rogue_end(&server);
}

/* -- WebSocket -------------------------------------------------------------- */

static void upgrade_and_say(rogue *it, rogue_conn *conn) {
  rogue_switch(conn, "");
  rogue_frame(conn, 0x81, ROGUE_HELLO);
  if (it->text)
    rogue_frame(conn, (unsigned char)it->n, it->text);
}

static void broken_frames_end_it_as_errors(void **state) {
  (void)state;

  static const struct {
    unsigned first;
    const char *data;
    peal_client_reason reason;
  } cases[] = {
      {0xc1, "4x", PEAL_CLIENT_TRANSPORT_ERROR}, /* compressed: not offered */
      {0x83, "4x", PEAL_CLIENT_TRANSPORT_ERROR}, /* an opcode that is none */
      {0x81, "4\xff", PEAL_CLIENT_TRANSPORT_ERROR},
      {0x80, "4x", PEAL_CLIENT_TRANSPORT_ERROR}, /* nothing to continue */
      {0x81, "", PEAL_CLIENT_PARSE_ERROR},
      {0x81, "9", PEAL_CLIENT_PARSE_ERROR},
      {0x88, "\x03\xe9", PEAL_CLIENT_TRANSPORT_CLOSE}, /* 1001 */
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rogue server;
    engine_fixture it;
    rogue_begin(&server, upgrade_and_say);
    server.text = cases[i].data;
    server.n = cases[i].first;
    engine_begin(&it, server.port);
    it.opts.transports = PEAL_CLIENT_WEBSOCKET_ONLY;
    engine_open(&it);
    ROGUE_AWAIT(&it, &server, it.closes == 1);
    assert_int_equal(it.opens, 1);
    if (it.reason != cases[i].reason)
      fail_msg("case %zu: %d %s", i, it.reason, it.text);
    assert_string_not_equal(it.text, "");
    engine_end(&it);
    rogue_end(&server);
  }
}

static void a_reason_draws_nothing_on_a_terminal(void **state) {
  (void)state;
  rogue server;
  engine_fixture it;
  rogue_begin(&server, upgrade_and_say);
  server.text = "\x03\xe9"
                "bye\x1b[2J\nconnected";
  server.n = 0x88;
  engine_begin(&it, server.port);
  it.opts.transports = PEAL_CLIENT_WEBSOCKET_ONLY;
  engine_open(&it);
  ROGUE_AWAIT(&it, &server, it.closes == 1);
  assert_string_equal(it.text, "the server has closed the WebSocket (1001: bye "
                               "[2J connected)");
  engine_end(&it);
  rogue_end(&server);
}

static void an_extension_nobody_offered(rogue *it, rogue_conn *conn) {
  rogue_switch(conn, it->text);
}

static void what_was_not_offered_is_not_accepted(void **state) {
  (void)state;
  static const char *const lines[] = {
      "Sec-WebSocket-Extensions: permessage-deflate\r\n",
      "Sec-WebSocket-Protocol: chat\r\n"};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    rogue server;
    engine_fixture it;
    rogue_begin(&server, an_extension_nobody_offered);
    server.text = lines[i];
    engine_begin(&it, server.port);
    it.opts.transports = PEAL_CLIENT_WEBSOCKET_ONLY;
    engine_open(&it);
    ROGUE_AWAIT(&it, &server, it.closes == 1);
    assert_int_equal(it.err, PEAL_ERR_ANSWER);
    assert_non_null(strstr(it.text, "not offered"));
    engine_end(&it);
    rogue_end(&server);
  }
}

static void endless_fragments(rogue *it, rogue_conn *conn) {
  static char frame[4 + 32768] = {0x00, 126, (char)0x80, 0x00};
  if (!it->n++)
    rogue_frame(conn, 0x01, "4");
  memset(frame + 4, 'x', sizeof frame - 4);
  (void)rogue_write(conn, frame, sizeof frame);
}

static void an_endless_message_is_bounded(void **state) {
  (void)state;
  rogue server;
  engine_fixture it;
  rogue_begin(&server, upgrade_and_say);
  server.each_turn = endless_fragments;
  engine_begin_with(&it, server.port, NULL, 4u << 20);
  it.opts.transports = PEAL_CLIENT_WEBSOCKET_ONLY;
  it.opts.max_payload_bytes = 1u << 20;
  engine_open(&it);
  ROGUE_AWAIT(&it, &server, it.closes == 1);
  assert_int_equal(it.reason, PEAL_CLIENT_TRANSPORT_ERROR);
  engine_end(&it);
  rogue_end(&server);
}

static void refuse_the_probe(rogue *it, rogue_conn *conn) {
  if (rogue_is(conn, "transport=websocket")) {
    it->n++;
    if (it->text)
      rogue_say(conn, it->text);
    else
      rogue_hang_up(conn);
  } else if (!rogue_is(conn, "sid=")) {
    rogue_ok(conn, ROGUE_HELLO_UP);
  } else {
    rogue_ok(conn, rogue_is(conn, "GET ") ? "4on" : "ok");
  }
}

static void a_probe_that_fails_leaves_polling_as_it_is(void **state) {
  (void)state;
  static const char *const answers[] = {HEAD("502 Bad Gateway") LENGTH("0"),
                                        NULL, SWITCH "Upgrade: x\r\n\r\n"};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    rogue server;
    engine_fixture it;
    rogue_begin(&server, refuse_the_probe);
    server.text = answers[i];
    engine_begin(&it, server.port);
    engine_open(&it);
    ROGUE_AWAIT(&it, &server, server.n == 1 && it.messages >= 3);
    unsigned before = it.messages;
    ROGUE_AWAIT(&it, &server, it.messages >= before + 3);
    assert_int_equal(it.upgrades, 0);
    assert_int_equal(it.closes, 0);
    assert_int_equal(server.n, 1);
    assert_string_equal(peal_client_engine_transport(it.engine), "polling");
    engine_end(&it);
    rogue_end(&server);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wrong_answers_are_explained),
      cmocka_unit_test(what_is_no_http_is_refused),
      cmocka_unit_test(an_answer_that_ends_early_is_no_answer),
      cmocka_unit_test(websockets_that_are_none_are_explained),
      cmocka_unit_test(an_endless_answer_is_bounded),
      cmocka_unit_test(the_account_is_a_ceiling_too),
      cmocka_unit_test(an_answer_has_its_time),
      cmocka_unit_test(polls_with_nonsense_end_the_session),
      cmocka_unit_test(packets_out_of_order_are_ignored_or_answered),
      cmocka_unit_test(a_forgotten_session_is_explained),
      cmocka_unit_test(a_kept_connection_that_is_dead_is_replaced),
      cmocka_unit_test(a_post_is_never_sent_twice),
      cmocka_unit_test(requests_say_what_the_program_wants),
      cmocka_unit_test(a_host_of_the_programs_own_is_said_once),
      cmocka_unit_test(broken_frames_end_it_as_errors),
      cmocka_unit_test(a_reason_draws_nothing_on_a_terminal),
      cmocka_unit_test(what_was_not_offered_is_not_accepted),
      cmocka_unit_test(an_endless_message_is_bounded),
      cmocka_unit_test(a_probe_that_fails_leaves_polling_as_it_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
