/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "http_fixture.h"
#include "torture.h"

/* -- what the log says ------------------------------------------------------- */

static char told[4096];

static void remember(const peal_log_record *record, void *user) {
  size_t len = strlen(told);
  (void)user;
  snprintf(told + len, sizeof(told) - len, "%s %.*s\n",
           record->level == PEAL_LOG_INFO ? "info" : "error",
           PEAL_SFMT(record->text));
}

static void expect_told(const char *line) {
  if (!strstr(told, line))
    print_message("not told: %s, but:\n%s", line, told);
  assert_non_null(strstr(told, line));
}

/* -- a folder of its own for each case --------------------------------------- */

static char folder[64], path[96];

static int make_folder(void **state) {
  (void)state;
  told[0] = 0;
  strcpy(folder, "/tmp/peal-listen-XXXXXX");
  if (!mkdtemp(folder))
    return -1;
  snprintf(path, sizeof(path), "%s/it.sock", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  (void)rmdir(folder);
  return 0;
}

/* Returns a connection, or -1 with errno. */
static int connect_path(void) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  strcpy(at.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
    return fd;
  int failed = errno;
  close(fd);
  errno = failed;
  return -1;
}

static void expect_at_path(const char *request, unsigned status,
                           const char *body) {
  int fd = connect_path();
  assert_true(fd >= 0);
  net_send_str(fd, request);
  http_expect_on(fd, status, body);
  close(fd);
}

static mode_t mode_of_path(void) {
  struct stat file;
  return lstat(path, &file) == 0 ? file.st_mode & 07777 : 0;
}

static int listening_socket(uint16_t *port) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof(at);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
  assert_int_equal(listen(fd, 100), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
  *port = ntohs(at.sin_port);
  return fd;
}

static peal_http_server_opts opts_of(unsigned workers) {
  peal_http_server_opts opts = http_opts();
  opts.workers = workers;
  opts.log = (peal_log_opts){.fn = remember};
  return opts;
}

static peal_err listen_at_path(const http_fixture *it) {
  return peal_http_listen(it->server, &(peal_http_listen_opts){.path = path},
                          NULL);
}

/* -- places -------------------------------------------------------------------- */

static void several_places_serve_the_same(void **state) {
  (void)state;
  unsigned second = 0, third = 1, fourth = 0;
  uint16_t inherited;
  const peal_http_server_opts opts = opts_of(2);
  http_fixture it = http_make(&opts);
  int fd = listening_socket(&inherited);
  assert_int_equal(
      peal_http_listen(
          it.server,
          &(peal_http_listen_opts){.host = "127.0.0.1", .port = PEAL_PORT_ANY},
          &second),
      PEAL_OK);
  assert_int_equal(
      peal_http_listen(it.server,
                       &(peal_http_listen_opts){.path = path, .mode = 0600},
                       &third),
      PEAL_OK);
  assert_int_equal(
      peal_http_listen(it.server, &(peal_http_listen_opts){.fd = fd}, &fourth),
      PEAL_OK);
  assert_true(second != 0 && second != it.port);
  assert_int_equal(third, 0);
  assert_int_equal(fourth, inherited);
  assert_int_equal(peal_http_server_port(it.server), it.port);
  assert_int_equal(mode_of_path(), 0600);
  http_mount(&it, "/", http_on_path, NULL);
  http_run(&it);
  for (int i = 0; i < 20; i++) {
    http_expect(it.port, HTTP_GET("/a"), 200, "/a");
    http_expect(second, HTTP_GET("/b"), 200, "/b");
    expect_at_path(HTTP_GET("/c"), 200, "/c");
    http_expect(fourth, HTTP_GET("/d"), 200, "/d");
  }
  http_stop(&it);
  assert_int_equal(connect_path(), -1);
  assert_int_equal(errno, ENOENT);
}

static void on_peer(peal_http_req *req, void *user) {
  (void)user;
  assert_int_equal(peal_http_req_peer_port(req), 0);
  peal_http_answer(req, 200, NULL, peal_http_req_peer(req));
}

static void a_server_may_have_a_unix_socket_alone(void **state) {
  (void)state;
  peal_http_server_opts opts = opts_of(2);
  opts.no_listen = true;
  http_fixture it = http_make(&opts);
  assert_int_equal(it.port, 0);
  assert_string_equal(told, "");
  assert_int_equal(listen_at_path(&it), PEAL_OK);
  assert_int_equal(peal_http_server_port(it.server), 0);
  http_mount(&it, "/", on_peer, NULL);
  http_run(&it);
  for (int i = 0; i < 20; i++)
    expect_at_path(HTTP_GET("/"), 200, "unix");
  http_stop(&it);
}

static void the_first_tcp_place_gives_the_port(void **state) {
  (void)state;
  unsigned port = 0;
  peal_http_server_opts opts = opts_of(1);
  opts.no_listen = true;
  http_fixture it = http_make(&opts);
  assert_int_equal(listen_at_path(&it), PEAL_OK);
  const peal_http_listen_opts any = {.host = "127.0.0.1",
                                     .port = PEAL_PORT_ANY};
  assert_int_equal(peal_http_listen(it.server, &any, &port), PEAL_OK);
  assert_int_equal(peal_http_listen(it.server, &any, NULL), PEAL_OK);
  assert_int_equal(peal_http_server_port(it.server), port);
  peal_http_server_free(it.server);
}

/* "/2/…" belongs to worker 2. */
static int worker_of(const peal_http_req *req, void *user) {
  (void)user;
  return peal_http_req_path(req).ptr[1] - '0';
}

static void on_worker(peal_http_req *req, void *user) {
  (void)user;
  assert_int_equal(peal_worker_index(peal_http_req_worker(req)),
                   worker_of(req, NULL));
  peal_http_answer(req, 200, NULL, peal_http_req_peer(req));
}

static void a_unix_connection_moves_to_the_worker_that_owns_it(void **state) {
  (void)state;
  peal_http_server_opts opts = opts_of(4);
  opts.no_listen = true;
  http_fixture it = http_make(&opts);
  assert_int_equal(listen_at_path(&it), PEAL_OK);
  assert_int_equal(peal_http_server_mount(
                       it.server, &(peal_http_mount){.path = "/",
                                                     .on_request = on_worker,
                                                     .worker_of = worker_of}),
                   PEAL_OK);
  http_run(&it);
  int fd = connect_path();
  for (int i = 0; i < 40; i++) {
    char request[64];
    snprintf(request, sizeof(request), "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n",
             i % 4);
    net_send_str(fd, request);
    http_expect_on(fd, 200, "unix");
  }
  close(fd);
  http_stop(&it);
}

/* All of them may be one proxy's. */
static void unix_peers_are_not_counted_by_address(void **state) {
  (void)state;
  int fds[5];
  peal_http_server_opts opts = opts_of(2);
  opts.max_connections_per_address = 1;
  http_fixture it = http_make(&opts);
  assert_int_equal(listen_at_path(&it), PEAL_OK);
  http_mount(&it, "/", http_on_path, NULL);
  http_run(&it);
  for (int i = 0; i < 5; i++) {
    fds[i] = connect_path();
    net_send_str(fds[i], HTTP_GET("/x"));
    http_expect_on(fds[i], 200, "/x");
  }
  int one = net_connect(it.port);
  net_send_str(one, HTTP_GET("/x"));
  http_expect_on(one, 200, "/x");
  http_expect(it.port, HTTP_GET("/x"), 503, NULL);
  for (int i = 0; i < 5; i++)
    close(fds[i]);
  close(one);
  http_stop(&it);
}

/* -- the file -------------------------------------------------------------------- */

static void a_file_that_was_left_behind_is_replaced(void **state) {
  (void)state;
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  strcpy(at.sun_path, path);
  int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(dead, (struct sockaddr *)&at, sizeof(at)), 0);
  close(dead);
  for (int i = 0; i < 2; i++) { /* and again after a stop */
    peal_http_server_opts opts = opts_of(2);
    opts.no_listen = true;
    http_fixture it = http_make(&opts);
    assert_int_equal(listen_at_path(&it), PEAL_OK);
    http_mount(&it, "/", http_on_path, NULL);
    http_run(&it);
    expect_at_path(HTTP_GET("/x"), 200, "/x");
    http_stop(&it);
  }
}

static void the_path_of_a_live_server_is_refused(void **state) {
  (void)state;
  char line[200];
  peal_http_server_opts opts = opts_of(1);
  opts.no_listen = true;
  http_fixture first = http_make(&opts), second = http_make(&opts);
  assert_int_equal(listen_at_path(&first), PEAL_OK);
  http_mount(&first, "/", http_on_path, NULL);
  http_run(&first);
  assert_int_equal(listen_at_path(&second), PEAL_ERR_PORT_IN_USE);
  snprintf(line, sizeof(line),
           "error cannot listen on unix:%s: a server listens there already\n",
           path);
  expect_told(line);
  peal_http_server_free(second.server);
  expect_at_path(HTTP_GET("/x"), 200, "/x"); /* its file is still there */
  http_stop(&first);
}

/* -- words ----------------------------------------------------------------------- */

static void the_log_says_where_it_listens(void **state) {
  (void)state;
  char line[200];
  uint16_t inherited;
  unsigned port;
  const peal_http_server_opts opts = opts_of(2);
  http_fixture it = http_make(&opts);
  snprintf(line, sizeof(line), "info listening on http://127.0.0.1:%u\n",
           it.port);
  expect_told(line);
  assert_int_equal(listen_at_path(&it), PEAL_OK);
  snprintf(line, sizeof(line), "info listening on unix:%s\n", path);
  expect_told(line);
  assert_int_equal(
      peal_http_listen(it.server,
                       &(peal_http_listen_opts){.port = PEAL_PORT_ANY}, &port),
      PEAL_OK);
  if (net_has_ipv6())
    snprintf(line, sizeof(line),
             "info listening on http://[::]:%u and http://0.0.0.0:%u\n", port,
             port);
  else
    snprintf(line, sizeof(line), "info listening on http://0.0.0.0:%u\n", port);
  expect_told(line);
  int fd = listening_socket(&inherited);
  assert_int_equal(
      peal_http_listen(it.server, &(peal_http_listen_opts){.fd = fd}, NULL),
      PEAL_OK);
  snprintf(line, sizeof(line), "info listening on http://127.0.0.1:%u\n",
           (unsigned)inherited);
  expect_told(line);
  peal_http_server_free(it.server);
}

/* Each of them answers. */
static void try_url(const char *url, void *user) {
  (void)user;
  unsigned port = 0;
  const char *colon = strrchr(url, ':');
  assert_int_equal(strncmp(url, "http://", 7), 0);
  assert_non_null(colon);
  assert_int_equal(sscanf(colon, ":%u", &port), 1);
  if (strncmp(url, "http://127.0.0.1:", 17) == 0)
    http_expect(port, HTTP_GET("/x"), 200, "/x");
}

static void its_urls_are_those_that_others_can_call(void **state) {
  (void)state;
  peal_http_server_opts opts = opts_of(1);
  opts.host = NULL;
  http_fixture it = http_make(&opts);
  http_mount(&it, "/", http_on_path, NULL);
  http_run(&it);
  size_t count = peal_http_server_urls(it.server, try_url, NULL);
  assert_in_range(count, 1, 16);
  if (count > 1) /* a machine with a network */
    expect_told("info reachable at http://");
  assert_int_equal(peal_http_server_urls(it.server, NULL, NULL), 0);
  assert_int_equal(peal_http_server_urls(NULL, try_url, NULL), 0);
  http_stop(&it);
  opts.no_listen = true;
  it = http_make(&opts);
  assert_int_equal(peal_http_server_urls(it.server, try_url, NULL), 0);
  peal_http_server_free(it.server);
}

static void what_cannot_be_listened_at_is_said_in_words(void **state) {
  (void)state;
  char far[200], line[300];
  peal_http_server_opts opts = opts_of(1);
  opts.no_listen = true;
  http_fixture it = http_make(&opts);
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  int idle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  memset(far, 'f', sizeof(far) - 1);
  far[sizeof(far) - 1] = 0;

  const struct {
    peal_http_listen_opts opts;
    peal_err err;
    const char *why;
  } rows[] = {
      {{.path = far},
       PEAL_ERR_SYSTEM,
       "the path of a Unix socket is empty or too long"},
      {{.path = ""},
       PEAL_ERR_SYSTEM,
       "the path of a Unix socket is empty or too long"},
      {{.path = "/nowhere/at/all"},
       PEAL_ERR_SYSTEM,
       "No such file or directory"},
      {{.path = path}, PEAL_ERR_PORT_IN_USE, "the file there is no socket"},
      {{.fd = null}, PEAL_ERR_SYSTEM, "the descriptor is no socket"},
      {{.fd = idle},
       PEAL_ERR_SYSTEM,
       "the descriptor is a socket that does not listen"},
      {{.fd = 9999}, PEAL_ERR_SYSTEM, "Bad file descriptor"},
      {{.host = "198.51.100.7", .port = 3000},
       PEAL_ERR_SYSTEM,
       "Cannot assign requested address"},
  };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    told[0] = 0;
    assert_int_equal(peal_http_listen(it.server, &rows[i].opts, NULL),
                     rows[i].err);
    snprintf(line, sizeof(line), ": %s\n", rows[i].why);
    assert_memory_equal(told, "error cannot listen on ", 23);
    expect_told(line);
  }
  /* What was refused is still the caller's. */
  assert_int_equal(close(null), 0);
  assert_int_equal(close(idle), 0);
  close(file);
  peal_http_server_free(it.server);
}

static void two_places_in_one_are_refused(void **state) {
  (void)state;
  peal_http_server_opts opts = opts_of(1);
  opts.no_listen = true;
  http_fixture it = http_make(&opts);
  const peal_http_listen_opts rows[] = {{.path = path, .port = 80},
                                        {.path = path, .host = "::1"},
                                        {.path = path, .fd = 5},
                                        {.fd = 5, .port = 80},
                                        {.fd = -1},
                                        {.port = 70000},
                                        {.port = PEAL_PORT_ANY - 1},
                                        {.mode = 0600, .port = PEAL_PORT_ANY},
                                        {.path = path, .mode = 0100600}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    unsigned port = 7;
    assert_int_equal(peal_http_listen(it.server, &rows[i], &port),
                     PEAL_ERR_USAGE);
    assert_int_equal(port, 0);
  }
  assert_int_equal(peal_http_listen(NULL, NULL, NULL), PEAL_ERR_USAGE);
  assert_string_equal(told, "");
  peal_http_server_free(it.server);
}

static void during_the_run_it_is_too_late(void **state) {
  (void)state;
  const peal_http_server_opts opts = opts_of(1);
  http_fixture it = http_make(&opts);
  http_mount(&it, "/", http_on_path, NULL);
  http_run(&it);
  http_expect(it.port, HTTP_GET("/x"), 200, "/x");
  assert_int_equal(listen_at_path(&it), PEAL_ERR_USAGE);
  assert_int_equal(connect_path(), -1);
  http_stop(&it);
}

/* -- memory ---------------------------------------------------------------------- */

/* An inherited descriptor is open after each failure, and closed with the
 * server. */
static peal_err listen_at_all(const peal_mem *mem, void *user) {
  uint16_t inherited;
  peal_http_server_opts opts = http_opts();
  (void)user;
  opts.workers = 2;
  opts.mem = mem;
  peal_http_server *server = NULL;
  int fd = listening_socket(&inherited);
  peal_err err = peal_http_server_new(&server, &opts);
  if (!err)
    err =
        peal_http_listen(server, &(peal_http_listen_opts){.path = path}, NULL);
  if (!err)
    err = peal_http_listen(server, &(peal_http_listen_opts){.fd = fd}, NULL);
  bool taken = !err;
  peal_http_server_free(server);
  assert_int_equal(fcntl(fd, F_GETFD) >= 0, !taken);
  assert_int_equal(mode_of_path(), 0);
  if (!taken)
    close(fd);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(torture_run(listen_at_all, NULL, false, NULL));
}

#define TEST(name)                                                             \
  cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(several_places_serve_the_same),
      TEST(a_server_may_have_a_unix_socket_alone),
      TEST(the_first_tcp_place_gives_the_port),
      TEST(a_unix_connection_moves_to_the_worker_that_owns_it),
      TEST(unix_peers_are_not_counted_by_address),
      TEST(a_file_that_was_left_behind_is_replaced),
      TEST(the_path_of_a_live_server_is_refused),
      TEST(the_log_says_where_it_listens),
      TEST(its_urls_are_those_that_others_can_call),
      TEST(what_cannot_be_listened_at_is_said_in_words),
      TEST(two_places_in_one_are_refused),
      TEST(during_the_run_it_is_too_late),
      TEST(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
