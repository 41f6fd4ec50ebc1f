/* SPDX-License-Identifier: MIT */
/* The health page of a server that stops says so, to whoever still has a
 * connection. */
#include <peal/web.h>

#include "../server/server_fixture.h"

/* No test waits for it: the second stop ends it. */
#define LONG_MS 600000u

/* The answer's bytes up to a text that ends it; false: the connection ended
 * without. */
static bool reads_until(int fd, const char *end) {
  char got[4096];
  size_t len = 0;
  for (got[0] = 0; !strstr(got, end); got[len] = 0) {
    ssize_t n = read(fd, got + len, sizeof got - 1 - len);
    if (n <= 0)
      return false;
    len += (size_t)n;
  }
  return true;
}

static bool asks(int fd) {
  static const char get[] = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
  return sio_client_write(fd, get, sizeof get - 1);
}

static void the_health_page_says_draining(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.stop_spread_ms = LONG_MS;
  server_fixture it = server_make(&opts);
  peal_web *app = peal_web_new(peal_server_http(it.server), NULL);
  assert_int_equal(peal_web_health(app, "/health", NULL), PEAL_OK);
  server_run(&it);
  int fd = sio_client_dial(it.port);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_true(asks(fd) && reads_until(fd, "\"healthy\""));
  peal_server_stop(it.server);
  bool is_draining = false;
  for (int i = 0; i < 10000 && !is_draining; i++) {
    char got[2048];
    assert_true(asks(fd));
    ssize_t n = read(fd, got, sizeof got - 1);
    assert_true(n > 0);
    got[n] = 0;
    is_draining = strstr(got, "503") && strstr(got, "\"draining\"");
  }
  assert_true(is_draining);
  peal_server_stop(it.server);
  server_join(&it);
  close(fd);
  sio_client_close(&client);
  peal_web_free(app);
  server_free(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_health_page_says_draining),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
