/* SPDX-License-Identifier: MIT */
/* A server that listens elsewhere than at its port, and what it passes on to
 * its own HTTP server. */
#include <sys/socket.h>
#include <sys/un.h>

#include "server_fixture.h"

#define POLLING "/socket.io/?EIO=4&transport=polling"

static char folder[64], path[96];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/peal-places-XXXXXX");
  if (!mkdtemp(folder))
    return -1;
  snprintf(path, sizeof path, "%s/it.sock", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  (void)rmdir(folder);
  return 0;
}

/* One request on a connection of its own, the answer until its end. */
static void ask_path(const char *method, const char *target, const char *body,
                     char *out, size_t size) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  char request[1024];
  size_t len = 0;
  ssize_t got;
  strcpy(at.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
  snprintf(request, sizeof request,
           "%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
           "Content-Length: %zu\r\n\r\n%s",
           method, target, strlen(body), body);
  assert_true(sio_client_write(fd, request, strlen(request)));
  while (len < size - 1 && (got = recv(fd, out + len, size - 1 - len, 0)) > 0)
    len += (size_t)got;
  out[len] = 0;
  close(fd);
}

/* A session over polling: its target, with the sid. */
static void open_session(char target[256]) {
  char answer[2048];
  ask_path("GET", POLLING, "", answer, sizeof answer);
  const char *sid = strstr(answer, "\"sid\":\"");
  assert_memory_equal(answer, "HTTP/1.1 200", 12);
  assert_non_null(sid);
  snprintf(target, 256, "%s&sid=%.20s", POLLING, sid + 7);
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  trace_add("from %.*s", PEAL_SFMT(peal_socket_address(socket)));
  return PEAL_OK;
}

static peal_server_opts at_no_port(void) {
  peal_server_opts opts = server_opts();
  opts.host = NULL;
  opts.port = 0;
  opts.no_listen = true;
  opts.workers = 2;
  return opts;
}

static void listen_at_path(const server_fixture *it) {
  assert_int_equal(peal_http_listen(peal_server_http(it->server),
                                    &(peal_http_listen_opts){.path = path},
                                    NULL),
                   PEAL_OK);
}

static void clients_of_a_unix_socket_have_no_address(void **state) {
  (void)state;
  char target[256], answer[2048];
  const peal_server_opts opts = at_no_port();
  server_fixture it = server_make(&opts);
  assert_int_equal(it.port, 0);
  listen_at_path(&it);
  assert_int_equal(peal_on_connect(it.root, on_connect, NULL), PEAL_OK);
  server_run(&it);
  for (int i = 0; i < 4; i++) { /* on one worker or the other */
    open_session(target);
    ask_path("POST", target, "40", answer, sizeof answer);
    assert_memory_equal(answer, "HTTP/1.1 200", 12);
    trace_expect("from unix\n");
    ask_path("GET", target, "", answer, sizeof answer);
    assert_non_null(strstr(answer, "\r\n\r\n40{\"sid\":"));
  }
  server_stop(&it);
  assert_int_equal(access(path, F_OK), -1);
}

/* A proxy speaks for all of them. */
static void their_sessions_are_not_counted_by_address(void **state) {
  (void)state;
  char target[256];
  unsigned status = 0;
  peal_server_opts opts = server_opts();
  opts.max_clients_per_address = 1;
  server_fixture it = server_make(&opts);
  listen_at_path(&it);
  server_run(&it);
  for (int i = 0; i < 3; i++)
    open_session(target);
  free(sio_client_http(it.port, "GET", POLLING, NULL, NULL, &status));
  assert_int_equal(status, 200);
  free(sio_client_http(it.port, "GET", POLLING, NULL, NULL, &status));
  assert_int_equal(status, 503);
  server_stop(&it);
}

static void what_clients_may_hold_is_passed_on(void **state) {
  (void)state;
  static char body[200001];
  unsigned statuses[2];
  memset(body, 'x', sizeof body - 1);
  memcpy(body, "42[\"", 4);
  memcpy(body + sizeof body - 3, "\"]", 2);
  for (int i = 0; i < 2; i++) {
    sio_client client = {0};
    char target[256];
    peal_server_opts opts = server_opts();
    opts.max_held_bytes = i == 0 ? 0 : 150000;
    server_fixture it = server_make(&opts);
    server_run(&it);
    assert_true(sio_client_start(&client, it.port, SIO_POLLING));
    snprintf(target, sizeof target, "%s&sid=%s", POLLING, client.sid);
    free(sio_client_http(it.port, "POST", target, NULL, body, &statuses[i]));
    sio_client_close(&client);
    server_stop(&it);
  }
  assert_int_equal(statuses[0], 200);
  assert_int_equal(statuses[1], 503);
}

/* POLLING with a token, `len` bytes together. */
static unsigned status_of_target(unsigned port, size_t len) {
  static char target[40000];
  unsigned status;
  size_t head = (size_t)snprintf(target, sizeof target, "%s&token=", POLLING);
  memset(target + head, 'a', len - head);
  target[len] = '\0';
  free(sio_client_http(port, "GET", target, NULL, NULL, &status));
  return status;
}

/* Some clients put a token of many kilobytes into the query. */
static void how_long_a_target_may_be_is_passed_on(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  server_fixture it = server_make(&opts);
  server_run(&it);
  assert_int_equal(status_of_target(it.port, 16384), 200);
  assert_int_equal(status_of_target(it.port, 16385), 414);
  server_stop(&it);
  opts.max_target_bytes = 30000;
  it = server_make(&opts);
  server_run(&it);
  assert_int_equal(status_of_target(it.port, 30000), 200);
  assert_int_equal(status_of_target(it.port, 30001), 414);
  server_stop(&it);
}

static void at_the_root_it_has_what_no_longer_path_has(void **state) {
  (void)state;
  static const char *const paths[] = {"/", ""};
  for (size_t i = 0; i < 2; i++) {
    unsigned status;
    peal_server_opts opts = server_opts();
    opts.path = paths[i];
    server_fixture it = server_make(&opts);
    server_run(&it);
    for (int via = 0; via < 2; via++) {
      sio_client client = {.path = "/"};
      assert_true(sio_client_open_with(&client, it.port, (sio_via)via));
      assert_true(sio_client_join(&client, "/", NULL));
      sio_client_close(&client);
    }
    free(sio_client_http(it.port, "GET", "/?EIO=4&transport=polling", NULL,
                         NULL, &status));
    assert_int_equal(status, 200);
    server_stop(&it);
  }
}

static void a_server_that_was_given_has_these_options_itself(void **state) {
  (void)state;
  peal_http_server *http = NULL;
  const peal_http_server_opts http_opts = {.no_listen = true,
                                           .log = {.fn = server_quiet}};
  assert_int_equal(peal_http_server_new(&http, &http_opts), PEAL_OK);
  peal_server_opts opts = {.http = http, .log = {.fn = server_quiet}};
  opts.no_listen = true;
  assert_null(peal_server_new(&opts));
  opts.no_listen = false;
  opts.max_held_bytes = 1000000;
  assert_null(peal_server_new(&opts));
  opts.max_held_bytes = 0;
  opts.max_target_bytes = 20000;
  assert_null(peal_server_new(&opts));
  opts.max_target_bytes = 0;
  peal_server *server = peal_server_new(&opts);
  assert_non_null(server);
  peal_server_free(server);
  peal_http_server_free(http);
}

#define TEST(name)                                                             \
  cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(clients_of_a_unix_socket_have_no_address),
      TEST(their_sessions_are_not_counted_by_address),
      TEST(what_clients_may_hold_is_passed_on),
      TEST(how_long_a_target_may_be_is_passed_on),
      TEST(at_the_root_it_has_what_no_longer_path_has),
      TEST(a_server_that_was_given_has_these_options_itself),
  };
  return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}
