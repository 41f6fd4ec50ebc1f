/* SPDX-License-Identifier: MIT */
/* Whose address it is: the peer's, or what a trusted proxy says. */
#include <sys/un.h>

#include <peal/web.h>

#include "../http/http_fixture.h"

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

static void on_request(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer(req, 200, "text/plain", peal_web_address(req));
}

static int connect_path(void) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  strcpy(at.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
  return fd;
}

static void expect_address(int fd, const char *forwarded,
                           const char *expected) {
  char request[256];
  snprintf(request, sizeof(request),
           "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: %s\r\n\r\n",
           forwarded);
  net_send_str(fd, request);
  http_expect_on(fd, 200, expected);
  close(fd);
}

static const struct {
  const char *proxies, *forwarded;
  const char *over_unix, *over_tcp; /* what the address is then */
} rows[] = {
    {NULL, "10.0.0.1", "unix", "127.0.0.1"},
    {"unix", "10.0.0.1", "10.0.0.1", "127.0.0.1"},
    {"127.0.0.1", "10.0.0.1", "unix", "10.0.0.1"},
    {"10.9.9.9, unix", "10.0.0.1, 10.9.9.9", "10.0.0.1", "127.0.0.1"},
    {"unix", "10.0.0.1, 10.9.9.9", "10.9.9.9", "127.0.0.1"},
    {"unix", "unix", "unix", "127.0.0.1"},
    {"unix", "", "unix", "127.0.0.1"},
};

static void a_trusted_proxy_says_whose_address_it_is(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const peal_http_server_opts opts = http_opts();
    http_fixture it = http_make(&opts);
    assert_int_equal(peal_http_listen(it.server,
                                      &(peal_http_listen_opts){.path = path},
                                      NULL),
                     PEAL_OK);
    peal_web *app =
        peal_web_new(it.server, &(peal_web_opts){.proxies = rows[i].proxies});
    assert_non_null(app);
    assert_int_equal(peal_web_get(app, "/", on_request, NULL), PEAL_OK);
    http_run(&it);
    expect_address(connect_path(), rows[i].forwarded, rows[i].over_unix);
    expect_address(net_connect(it.port), rows[i].forwarded, rows[i].over_tcp);
    peal_workers_stop(it.net.workers, 300);
    net_fixture_join(&it.net);
    peal_web_free(app);
    peal_http_server_free(it.server);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_trusted_proxy_says_whose_address_it_is,
                                      make_folder, remove_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
