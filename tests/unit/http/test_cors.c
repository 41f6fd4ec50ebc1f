/* SPDX-License-Identifier: MIT */
#include "http/cors.h"
#include "http_fixture.h"

/* The configurations of cors_cases.txt. */
static const peal_cors_opts configurations[] = {
    {.origins = "*"},
    {.origins = "http://one.example"},
    {.origins = "http://one.example, http://two.example"},
    {.origins = "*", .max_age_s = 600, .expose = "X-A,X-B"},
    {.origins = "http://one.example http://two.example",
     .credentials = true,
     .methods = "GET,POST",
     .headers = "X-K",
     .expose = "X-E",
     .max_age_s = 5},
};
#define COUNT (sizeof(configurations) / sizeof(configurations[0]))

static peal_cors *all[COUNT];

static void on_request(peal_http_req *req, void *user) {
  (void)user;
  const peal_cors *cors = all[peal_http_req_path(req).ptr[1] - '0'];
  if (peal_http_req_is_method(req, "OPTIONS") && peal_cors_preflight(cors, req))
    return;
  peal_cors_apply(cors, req);
  peal_http_answer(req, 200, NULL, PEAL_S("x"));
}

/* "204|Name: value|…" without the server's own fields. */
static void summarise(const http_answer *answer, char *out, size_t size) {
  size_t len = (size_t)snprintf(out, size, "%u", answer->status);
  const char *line = strstr(answer->head, "\r\n") + 2;
  while (*line != '\r') {
    const char *end = strstr(line, "\r\n");
    bool own =
        strncmp(line, "Date", 4) == 0 || strncmp(line, "Connection", 10) == 0 ||
        strncmp(line, "Keep-Alive", 10) == 0 ||
        (answer->status == 200 && strncmp(line, "Content-Length", 14) == 0);
    if (!own)
      len += (size_t)snprintf(out + len, size - len, "|%.*s", (int)(end - line),
                              line);
    line = end + 2;
  }
}

static void run_case(int fd, const char *text) {
  char method[16], origin[64], expected[1024], request[512], got[1024];
  int number = 0;
  assert_int_equal(sscanf(text, "%d %15s %63s %1023[^\n]", &number, method,
                          origin, expected),
                   4);
  int len = snprintf(request, sizeof(request), "%s /%d HTTP/1.1\r\nHost: a\r\n",
                     method, number);
  if (origin[0] != '-')
    len += snprintf(request + len, sizeof(request) - (size_t)len,
                    "Origin: %s\r\n", origin);
  if (strcmp(method, "OPTIONS") == 0)
    len += snprintf(request + len, sizeof(request) - (size_t)len,
                    "Access-Control-Request-Headers: x-q, y\r\n");
  snprintf(request + len, sizeof(request) - (size_t)len, "\r\n");
  net_send_str(fd, request);
  http_answer answer = http_read(fd, false);
  summarise(&answer, got, sizeof(got));
  assert_string_equal(got, expected);
  http_answer_free(&answer);
}

static void headers_are_those_of_the_reference(void **state) {
  (void)state;
  const peal_http_server_opts opts = http_opts();
  http_fixture it = http_make(&opts);
  http_mount(&it, "/", on_request, NULL);
  for (size_t i = 0; i < COUNT; i++)
    assert_int_equal(peal_cors_new(&all[i], &configurations[i], NULL), PEAL_OK);
  http_run(&it);
  FILE *cases = fopen(PEAL_TEST_DIR "/unit/http/cors_cases.txt", "r");
  assert_non_null(cases);
  char line[1200];
  int fd = net_connect(it.port), count = 0;
  while (fgets(line, sizeof(line), cases))
    if (line[0] != '#') {
      run_case(fd, line);
      count++;
    }
  assert_int_equal(count, 30);
  fclose(cases);
  close(fd);
  http_stop(&it);
  for (size_t i = 0; i < COUNT; i++)
    peal_cors_free(all[i]);
}

static void without_origins_nobody_is_told_anything(void **state) {
  (void)state;
  const peal_http_server_opts opts = http_opts();
  http_fixture it = http_make(&opts);
  http_mount(&it, "/", on_request, NULL);
  assert_int_equal(peal_cors_new(&all[0], NULL, NULL), PEAL_OK);
  http_run(&it);
  int fd = net_connect(it.port);
  net_send_str(fd,
               "OPTIONS /0 HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n\r\n");
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, 200);
  assert_null(strstr(answer.head, "Access-Control"));
  assert_null(strstr(answer.head, "Vary"));
  http_answer_free(&answer);
  close(fd);
  http_stop(&it);
  peal_cors_free(all[0]);
}

static void contradictory_options_are_refused(void **state) {
  (void)state;
  peal_cors *cors = NULL;
  assert_int_equal(
      peal_cors_new(
          &cors, &(peal_cors_opts){.origins = "*", .credentials = true}, NULL),
      PEAL_ERR_OPTION);
  assert_null(cors);
  assert_int_equal(
      peal_cors_new(&cors, &(peal_cors_opts){.origins = "http://a\r\nX: y"},
                    NULL),
      PEAL_ERR_OPTION);
  peal_cors_free(NULL);
}

static bool knows(const char *origins, const peal_cors_caller *caller) {
  peal_cors *cors = NULL;
  assert_int_equal(
      peal_cors_new(&cors, &(peal_cors_opts){.origins = origins}, NULL),
      PEAL_OK);
  bool known = peal_cors_knows(cors, caller);
  peal_cors_free(cors);
  return known;
}

static bool allows(const char *origins, const char *origin, const char *host) {
  return knows(origins, &(peal_cors_caller){.origin = peal_slice_of(origin),
                                            .host = peal_slice_of(host)});
}

static void same_origin_is_by_host_and_port(void **state) {
  (void)state;
  assert_true(allows(NULL, NULL, "a"));
  assert_true(allows(NULL, "http://a", "a"));
  assert_true(allows(NULL, "http://A:3000", "a:3000"));
  assert_true(allows(NULL, "https://a", "a"));
  assert_true(allows(NULL, "http://a:80", "a"));
  assert_true(allows(NULL, "https://a", "a:443"));
  assert_true(allows(NULL, "http://a:3001", "a"));
  assert_false(allows(NULL, "http://a:3001", "a:3000"));
  assert_false(allows(NULL, "http://b", "a"));
  assert_false(allows(NULL, "http://a.b", "a"));
  assert_false(allows(NULL, "null", "null"));
  assert_false(allows(NULL, "", ""));
  assert_false(allows(NULL, "http://", ""));
}

static void what_a_trusted_proxy_was_called_is_the_own_host(void **state) {
  (void)state;
  const peal_cors_caller caller = {.origin = PEAL_S("https://app.example"),
                                   .host = PEAL_S("127.0.0.1:3000"),
                                   .forwarded = PEAL_S("app.example")};
  assert_true(knows(NULL, &caller));
  assert_false(allows(NULL, "https://app.example", "127.0.0.1:3000"));
}

static void what_no_page_sends_is_not_cross_origin(void **state) {
  (void)state;
  assert_true(allows(NULL, "ws://192.0.2.7:3000", "192.0.2.7:3000"));
  assert_true(allows(NULL, "wss://b", "a"));
  assert_true(allows(NULL, "file://", "a"));
  /* A page that somebody opened from a file has the same Origin. */
  peal_cors_caller page = {
      .origin = PEAL_S("file://"), .host = PEAL_S("a"), .is_browser = true};
  assert_false(knows(NULL, &page));
  assert_true(knows("file://", &page));
}

static void listed_origins_are_allowed_and_no_others(void **state) {
  (void)state;
  const char *list = "http://one.example, http://two.example:81";
  assert_true(allows(list, "http://one.example", "x"));
  assert_true(allows(list, "HTTP://ONE.example", "x"));
  assert_true(allows(list, "http://two.example:81", "x"));
  assert_false(allows(list, "http://two.example", "x"));
  assert_false(allows(list, "http://one.example.evil", "x"));
  assert_false(allows(list, "http://one", "x"));
  assert_true(allows("*", "http://any", "x"));
  assert_true(allows("*", "null", "x"));
}

static void patterns_are_allowed_and_wrong_ones_refused(void **state) {
  (void)state;
  const char *list = "http://one.example https://*.two.example:*";
  assert_true(allows(list, "http://one.example", "x"));
  assert_true(allows(list, "https://a.two.example:81", "x"));
  assert_false(allows(list, "https://two.example", "x"));
  assert_false(allows(list, "https://a.three.example", "x"));
  peal_cors *cors = NULL;
  assert_int_equal(
      peal_cors_new(&cors, &(peal_cors_opts){.origins = "https://a*.b"}, NULL),
      PEAL_ERR_OPTION);
  assert_null(cors);
}

/* -- a page of a public network --------------------------------------------- */

static const peal_cors_opts networks[] = {
    {.origins = "https://*.example"},
    {.origins = "*"},
    {.origins = "*", .private_network = true},
    {.origins = "http://one.example"},
};

static const struct {
  char which;
  const char *origin, *asked, *answered;
} preflights[] = {
    {'0', "https://a.example", "true", "true"},
    {'0', "https://a.example", "false", NULL},
    {'0', "https://a.evil", "true", NULL},
    {'1', "https://a.example", "true", NULL},
    {'2', "https://a.example", "true", "true"},
    {'3', "http://one.example", "true", "true"},
    {'3', "http://two.example", "true", NULL},
};

static void private_networks_are_opened_to_those_who_are_named(void **state) {
  (void)state;
  const peal_http_server_opts opts = http_opts();
  http_fixture it = http_make(&opts);
  http_mount(&it, "/", on_request, NULL);
  for (size_t i = 0; i < 4; i++)
    assert_int_equal(peal_cors_new(&all[i], &networks[i], NULL), PEAL_OK);
  http_run(&it);
  for (size_t i = 0; i < sizeof(preflights) / sizeof(preflights[0]); i++) {
    char request[512];
    snprintf(request, sizeof(request),
             "OPTIONS /%c HTTP/1.1\r\nHost: a\r\nOrigin: %s\r\n"
             "Access-Control-Request-Private-Network: %s\r\n\r\n",
             preflights[i].which, preflights[i].origin, preflights[i].asked);
    int fd = net_connect(it.port);
    net_send_str(fd, request);
    http_answer answer = http_read(fd, false);
    const char *got =
        http_header(&answer, "access-control-allow-private-network");
    assert_int_equal(answer.status, 204);
    assert_int_equal(got != NULL, preflights[i].answered != NULL);
    if (got)
      assert_string_equal(got, preflights[i].answered);
    http_answer_free(&answer);
    close(fd);
  }
  http_stop(&it);
  for (size_t i = 0; i < 4; i++)
    peal_cors_free(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(headers_are_those_of_the_reference),
      cmocka_unit_test(without_origins_nobody_is_told_anything),
      cmocka_unit_test(contradictory_options_are_refused),
      cmocka_unit_test(same_origin_is_by_host_and_port),
      cmocka_unit_test(what_a_trusted_proxy_was_called_is_the_own_host),
      cmocka_unit_test(what_no_page_sends_is_not_cross_origin),
      cmocka_unit_test(listed_origins_are_allowed_and_no_others),
      cmocka_unit_test(patterns_are_allowed_and_wrong_ones_refused),
      cmocka_unit_test(private_networks_are_opened_to_those_who_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
