/* SPDX-License-Identifier: MIT */
/* Whose request it is: the peer's, or what a trusted proxy says. */
#include <sys/un.h>

#include "http_fixture.h"

static char folder[64], path[96];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/peal-address-XXXXXX");
  if (!mkdtemp(folder))
    return -1;
  snprintf(path, sizeof(path), "%s/it.sock", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder); /* its socket has gone with the server */
}

/* "<address> <host> <scheme> <peer>" */
static void on_request(peal_http_req *req, void *user) {
  (void)user;
  char text[512];
  int len = snprintf(text, sizeof(text), "%.*s %.*s %s %.*s",
                     PEAL_SFMT(peal_http_req_address(req)),
                     PEAL_SFMT(peal_http_req_host(req)),
                     peal_http_req_is_secure(req) ? "https" : "http",
                     PEAL_SFMT(peal_http_req_peer(req)));
  peal_http_answer(req, 200, "text/plain", (peal_slice){text, (size_t)len});
}

static int connect_path(void) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  strcpy(at.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
  return fd;
}

static void expect(int fd, const char *fields, const char *expected) {
  char request[1024];
  snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n",
           fields);
  net_send_str(fd, request);
  http_answer answer = http_read(fd, false);
  if (answer.status != 200 || strcmp(answer.body, expected) != 0)
    print_message("for: %s\n", fields);
  assert_int_equal(answer.status, 200);
  assert_string_equal(answer.body, expected);
  http_answer_free(&answer);
  close(fd);
}

static http_fixture make(const char *proxies, peal_forwarded forwarded) {
  peal_http_server_opts opts = http_opts();
  opts.proxies = proxies;
  opts.forwarded = forwarded;
  http_fixture it = http_make(&opts);
  assert_int_equal(
      peal_http_listen(it.server, &(peal_http_listen_opts){.path = path}, NULL),
      PEAL_OK);
  http_mount(&it, "/", on_request, NULL);
  return it;
}

#define FOR(value) "X-Forwarded-For: " value "\r\n"

static const struct {
  const char *proxies, *fields;
  const char *over_unix, *over_tcp;
} addresses[] = {
    {NULL, FOR("10.0.0.1"), "unix a http unix", "127.0.0.1 a http 127.0.0.1"},
    {"unix", FOR("10.0.0.1"), "10.0.0.1 a http unix",
     "127.0.0.1 a http 127.0.0.1"},
    {"127.0.0.1", FOR("10.0.0.1"), "unix a http unix",
     "10.0.0.1 a http 127.0.0.1"},
    {"10.9.9.9, unix", FOR("10.0.0.1, 10.9.9.9"), "10.0.0.1 a http unix",
     "127.0.0.1 a http 127.0.0.1"},
    {"unix", FOR("10.0.0.1, 10.9.9.9"), "10.9.9.9 a http unix",
     "127.0.0.1 a http 127.0.0.1"},
    {"unix", FOR("unix"), "unix a http unix", "127.0.0.1 a http 127.0.0.1"},
    {"unix", FOR(""), "unix a http unix", "127.0.0.1 a http 127.0.0.1"},
    {"loopback unix", FOR("1.2.3.4, 127.8.8.8, ::1"), "1.2.3.4 a http unix",
     "1.2.3.4 a http 127.0.0.1"},
    {"loopback, private", FOR("9.9.9.9, 1.2.3.4, 10.1.1.1, fd00::1"),
     "unix a http unix", "1.2.3.4 a http 127.0.0.1"},
    /* Another spelling of an address is no other address. */
    {"loopback", FOR("::FFFF:1.2.3.4"), "unix a http unix",
     "1.2.3.4 a http 127.0.0.1"},
    {"loopback", FOR("[2001:DB8:0:0::7]:4711"), "unix a http unix",
     "2001:db8::7 a http 127.0.0.1"},
    /* Several fields are one list, of which the last was appended last. */
    {"127.0.0.0/8", FOR("6.6.6.6") FOR("1.2.3.4"), "unix a http unix",
     "1.2.3.4 a http 127.0.0.1"},
    {"127.0.0.0/8", FOR("1.2.3.4") FOR("127.9.9.9"), "unix a http unix",
     "1.2.3.4 a http 127.0.0.1"},
};

static void a_trusted_proxy_says_whose_address_it_is(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
    http_fixture it = make(addresses[i].proxies, PEAL_FORWARDED_EITHER);
    http_run(&it);
    expect(connect_path(), addresses[i].fields, addresses[i].over_unix);
    expect(net_connect(it.port), addresses[i].fields, addresses[i].over_tcp);
    http_stop(&it);
  }
}

#define HOST(value) "X-Forwarded-Host: " value "\r\n"
#define PROTO(value) "X-Forwarded-Proto: " value "\r\n"
#define FORWARDED(value) "Forwarded: " value "\r\n"

static const struct {
  peal_forwarded forwarded;
  const char *fields, *expected; /* without the peer */
} says[] = {
    {PEAL_FORWARDED_EITHER, "", "127.0.0.1 a http"},
    {PEAL_FORWARDED_EITHER, HOST("b:8080") PROTO("HTTPS"),
     "127.0.0.1 b:8080 https"},
    {PEAL_FORWARDED_EITHER, FOR("1.2.3.4") HOST("b") PROTO("https"),
     "1.2.3.4 b https"},
    /* Appended by each of two proxies; what stands before is the client's. */
    {PEAL_FORWARDED_EITHER,
     FOR("1.2.3.4, 127.0.0.2") HOST("evil, b, inner") PROTO("x, https, http"),
     "1.2.3.4 b https"},
    /* The second left it as the first had written it. */
    {PEAL_FORWARDED_EITHER, FOR("1.2.3.4, 127.0.0.2") HOST("b") PROTO("https"),
     "1.2.3.4 b https"},
    {PEAL_FORWARDED_EITHER, FOR("1.2.3.4") HOST("evil, b"), "1.2.3.4 b http"},
    {PEAL_FORWARDED_EITHER, HOST("no host"), "127.0.0.1 a http"},
    {PEAL_FORWARDED_EITHER, FORWARDED("for=1.2.3.4;host=b;proto=https"),
     "1.2.3.4 b https"},
    {PEAL_FORWARDED_EITHER,
     FORWARDED("for=6.6.6.6;host=evil, for=1.2.3.4;host=\"b:81\";proto=https")
         FORWARDED("for=127.0.0.2"),
     "1.2.3.4 b:81 https"},
    {PEAL_FORWARDED_EITHER, FORWARDED("for=_hidden;host=b;proto=https"),
     "127.0.0.1 b https"},
    {PEAL_FORWARDED_EITHER, FORWARDED("for=\"[2001:db8::7]:1\""),
     "2001:db8::7 a http"},
    /* A proxy that writes the one leaves the client's other as it is. */
    {PEAL_FORWARDED_EITHER, FOR("1.2.3.4") FORWARDED("for=6.6.6.6;host=evil"),
     "1.2.3.4 a http"},
    {PEAL_FORWARDED_RFC7239,
     FOR("6.6.6.6") HOST("evil") FORWARDED("for=1.2.3.4;host=b"),
     "1.2.3.4 b http"},
    {PEAL_FORWARDED_RFC7239, FOR("6.6.6.6") HOST("evil"), "127.0.0.1 a http"},
    {PEAL_FORWARDED_X, FORWARDED("for=6.6.6.6;host=evil"), "127.0.0.1 a http"},
};

static void it_says_host_and_scheme(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
    http_fixture it = make("loopback", says[i].forwarded);
    http_run(&it);
    char expected[256];
    snprintf(expected, sizeof(expected), "%s 127.0.0.1", says[i].expected);
    expect(net_connect(it.port), says[i].fields, expected);
    http_stop(&it);
  }
}

static void nobody_else_says_anything(void **state) {
  (void)state;
  static const char *const lists[] = {NULL, "", "unix", "10.0.0.0/8",
                                      "private"};
  for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
    http_fixture it = make(lists[i], PEAL_FORWARDED_EITHER);
    http_run(&it);
    expect(net_connect(it.port),
           FOR("1.2.3.4") HOST("b") PROTO("https")
               FORWARDED("for=1.2.3.4;host=b;proto=https"),
           "127.0.0.1 a http 127.0.0.1");
    http_stop(&it);
  }
}

static void a_list_with_something_else_is_refused(void **state) {
  (void)state;
  static const char *const lists[] = {"localhost", "10.0.0.0/33",
                                      "loopback; private", "10.0.0.1:80", "*"};
  for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
    peal_http_server *server = NULL;
    peal_http_server_opts opts = http_opts();
    opts.proxies = lists[i];
    assert_int_equal(peal_http_server_new(&server, &opts), PEAL_ERR_OPTION);
    assert_null(server);
  }
}

/* Behind a proxy the limit per address would be one for all clients. */
static void a_proxy_is_not_counted_as_one_address(void **state) {
  (void)state;
  static const char *const lists[] = {NULL, "loopback"};
  for (size_t i = 0; i < 2; i++) {
    peal_http_server_opts opts = http_opts();
    opts.proxies = lists[i];
    opts.max_connections_per_address = 1;
    http_fixture it = http_make(&opts);
    http_mount(&it, "/", http_on_path, NULL);
    http_run(&it);
    int first = net_connect(it.port);
    net_send_str(first, HTTP_GET("/"));
    http_expect_on(first, 200, "/");
    http_expect(it.port, HTTP_GET("/"), lists[i] ? 200 : 503, NULL);
    close(first);
    http_stop(&it);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_trusted_proxy_says_whose_address_it_is),
      cmocka_unit_test(it_says_host_and_scheme),
      cmocka_unit_test(nobody_else_says_anything),
      cmocka_unit_test(a_list_with_something_else_is_refused),
      cmocka_unit_test(a_proxy_is_not_counted_as_one_address),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
