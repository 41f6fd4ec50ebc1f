/* SPDX-License-Identifier: MIT */
/* Options of a client: what is wrong is said in words; what is right arrives at
 * the server. */
#include "client_fixture.h"

typedef struct wrong_opts {
  peal_client_opts opts;
  peal_err err;
  const char *words;
} wrong_opts;

static const peal_client_field no_name[] = {{"", "x"}};
static const peal_client_field bad_value[] = {{"X", "a\r\nb: c"}};
static const peal_client_field no_value[] = {{"x", NULL}};

static void what_is_wrong_is_said_in_words(void **state) {
  (void)state;
  const wrong_opts all[] = {
      {{.url = NULL}, PEAL_ERR_USAGE, "http://host:port"},
      {{.url = "htp://x"}, PEAL_ERR_USAGE, "http, https, ws or wss"},
      {{.url = "http://"}, PEAL_ERR_USAGE, "no host"},
      {{.url = "http://h:99999"}, PEAL_ERR_USAGE, "1 to 65535"},
      {{.url = "http://::1"}, PEAL_ERR_USAGE, "[::1]"},
      {{.url = "http://h/a,b"}, PEAL_ERR_USAGE, "no comma"},
      {{.url = "http://a%zz@h"}, PEAL_ERR_USAGE, "user or password"},
      {{.url = "h", .path = "socket.io"}, PEAL_ERR_USAGE, "slash"},
      {{.url = "h", .path = "/a b"}, PEAL_ERR_USAGE, "path"},
      {{.url = "h", .randomization_factor = 1.5}, PEAL_ERR_USAGE, "0 to 1"},
      {{.url = "h", .transports = (peal_client_transports)9},
       PEAL_ERR_USAGE,
       "transports"},
      {{.url = "h", .buffer_full = (peal_client_full)9},
       PEAL_ERR_USAGE,
       "buffer_full"},
      {{.url = "h", .max_attachments = 70000}, PEAL_ERR_USAGE, "65535"},
      {{.url = "h", .deflate.client_max_window_bits = 8},
       PEAL_ERR_USAGE,
       "9 to 15"},
      {{.url = "h", .headers = no_name, .header_count = 1},
       PEAL_ERR_USAGE,
       "header 0"},
      {{.url = "h", .headers = bad_value, .header_count = 1},
       PEAL_ERR_USAGE,
       "header 0 (X)"},
      {{.url = "h", .header_count = 1}, PEAL_ERR_USAGE, "headers"},
      {{.url = "h", .query = no_value, .query_count = 1},
       PEAL_ERR_USAGE,
       "query 0"},
      {{.url = "h", .no_upgrade = true, .remember_upgrade = true},
       PEAL_ERR_OPTION,
       "remember_upgrade"},
      {{.url = "https://h",
        .tls = {.insecure_no_verify = true, .ca_file = "x"}},
       PEAL_ERR_OPTION,
       "insecure_no_verify"},
      {{.url = "https://h", .tls = {.ca_file = "/nowhere.pem"}},
       PEAL_ERR_TLS,
       "/nowhere.pem"},
      {{.url = "h", .reserved = {1}}, PEAL_ERR_OPTION, "does not know"},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    peal_client *client = (peal_client *)(uintptr_t)1;
    peal_client_problem why = {.err = PEAL_OK};
    assert_int_equal(peal_client_new(&client, &all[i].opts, &why), all[i].err);
    assert_null(client);
    assert_int_equal(why.err, all[i].err);
    if (!strstr(why.text, all[i].words))
      fail_msg("\"%s\" is not in \"%s\"", all[i].words, why.text);
    assert_int_equal(peal_client_new(&client, &all[i].opts, NULL), all[i].err);
  }
}

static void a_password_is_not_repeated(void **state) {
  static const char *const urls[] = {"http://me:secret@h:99999/",
                                     "http://me:secret@h/a,b"};
  (void)state;
  for (int i = 0; i < 2; i++) {
    peal_client *client;
    peal_client_problem why;
    assert_int_equal(
        peal_client_new(&client, &(peal_client_opts){.url = urls[i]}, &why),
        PEAL_ERR_USAGE);
    assert_null(strstr(why.text, "secret"));
  }
}

static void json_says_the_same(void **state) {
  static const char *const wrong[][2] = {
      {"", "options"},
      {"[]", "must be an object"},
      {"{\"urls\":\"x\"}", "urls is no option"},
      {"{\"url\":1}", "url must be a string"},
      {"{\"url\":\"h\",\"transports\":\"websocket\"}", "polling_first"},
      {"{\"url\":\"h\",\"headers\":[]}", "headers must be an object"},
      {"{\"url\":\"h\",\"headers\":{\"a\":1}}", "headers must have strings"},
      {"{\"url\":\"h\",\"retries\":1.5}", "whole number"},
      {"{\"url\":\"h\",\"randomization_factor\":\"x\"}", "must be a number"},
      {"{\"url\":\"h\",\"randomization_factor\":2}", "0 to 1"},
      {"{\"url\":\"h\",\"tls\":{\"ca\":\"x\"}}", "tls.ca is no option"},
      {"{\"url\":\"ftp://h\"}", "http, https, ws or wss"}};
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    peal_client *client;
    peal_client_problem why;
    assert_true(
        peal_client_new_json(&client, peal_slice_of(wrong[i][0]), &why) < 0);
    assert_null(client);
    if (!strstr(why.text, wrong[i][1]))
      fail_msg("\"%s\" is not in \"%s\"", wrong[i][1], why.text);
  }
}

/* -- what arrives ------------------------------------------------------------ */

static peal_err on_arrival(peal_socket *socket, void *user) {
  (void)user;
  peal_slice header = peal_socket_header(socket, "x-key");
  peal_slice basic = peal_socket_header(socket, "authorization");
  peal_slice query = peal_socket_query(socket, "a");
  peal_slice more = peal_socket_query(socket, "b c");
  trace_add("key=%.*s basic=%.*s a=%.*s b=%.*s", PEAL_SFMT(header),
            PEAL_SFMT(basic), PEAL_SFMT(query), PEAL_SFMT(more));
  return PEAL_OK;
}

static void headers_query_and_user_arrive(void **state) {
  (void)state;
  peal_server_opts server_options = server_opts();
  server_fixture server = server_make(&server_options);
  assert_int_equal(peal_on_connect(server.root, on_arrival, NULL), PEAL_OK);
  fixture_run(&server);
  char json[512];
  snprintf(json, sizeof json,
           "{\"url\":\"http://me:p%%40ss@127.0.0.1:%u/?a=1\",\"proxy\":\"\","
           "\"headers\":{\"X-Key\":\"k\"},\"query\":{\"b c\":\"d&e\"},"
           "\"transports\":\"websocket_only\",\"log\":{\"level\":\"error\"}}",
           server.port);
  peal_client *client;
  assert_int_equal(peal_client_new_json(&client, peal_slice_of(json), NULL),
                   PEAL_OK);
  assert_int_equal(peal_client_start(client), PEAL_OK);
  trace_await("key=k basic=Basic bWU6cEBzcw== a=1 b=d&e\n");
  peal_client_free(client);
  fixture_end(&server);
}

static peal_err on_visit(peal_socket *socket, void *user) {
  (void)user;
  trace_add("stamp=%d cookie=%d", peal_socket_query(socket, "t").len > 0,
            peal_socket_header(socket, "cookie").len > 0);
  return PEAL_OK;
}

/* Connects twice, and `visits` is what the server sees of both. */
static void assert_visits(const char *flags, const char *visits) {
  peal_server_opts server_options = server_opts();
  server_options.cookie.name = "io";
  server_fixture server = server_make(&server_options);
  assert_int_equal(peal_on_connect(server.root, on_visit, NULL), PEAL_OK);
  fixture_run(&server);
  char json[512];
  // a path without its last slash is the reference's, too
  snprintf(json, sizeof json,
           "{\"url\":\"http://127.0.0.1:%u\",\"proxy\":\"\","
           "\"path\":\"/socket.io\",\"transports\":\"polling_only\"%s}",
           server.port, flags);
  peal_client *client;
  assert_int_equal(peal_client_new_json(&client, peal_slice_of(json), NULL),
                   PEAL_OK);
  assert_int_equal(peal_client_start(client), PEAL_OK);
  trace_await("cookie=");
  peal_client_close(client);
  assert_int_equal(peal_client_open(client), PEAL_OK);
  trace_expect(visits);
  peal_client_free(client);
  fixture_end(&server);
}

static void cookies_and_stamps_are_sent_unless_they_are_switched_off(
    void **state) {
  (void)state;
  assert_visits("", "stamp=1 cookie=0\nstamp=1 cookie=1\n");
  assert_visits(",\"no_cookies\":true,\"no_timestamp\":true",
                "stamp=0 cookie=0\nstamp=0 cookie=0\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_wrong_is_said_in_words),
      cmocka_unit_test(a_password_is_not_repeated),
      cmocka_unit_test(json_says_the_same),
      cmocka_unit_test(headers_query_and_user_arrive),
      cmocka_unit_test(
          cookies_and_stamps_are_sent_unless_they_are_switched_off),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
