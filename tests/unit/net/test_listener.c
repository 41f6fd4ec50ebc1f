/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "net/listener.h"
#include "net_fixture.h"

static atomic_int accepted[4];
static atomic_int total;

static void on_accept(peal_worker *worker, int fd, const peal_address *peer,
                      void *user) {
  (void)user;
  if (peer->known)
    atomic_fetch_add(&accepted[peal_worker_index(worker)], 1);
  close(fd);
  atomic_fetch_add(&total, 1);
}

static peal_workers *group_of(unsigned count) {
  return peal_workers_new(
      &(peal_workers_opts){.count = count, .log = NET_QUIET});
}

static void a_port_in_use_is_an_error_for_one_and_for_many(void **state) {
  (void)state;
  uint16_t port = 0;
  const char *why = NULL;
  peal_listener *first = NULL, *second = NULL;
  peal_workers *many = group_of(4), *one = group_of(1);
  assert_int_equal(
      peal_listener_open(&first, many, NULL, &port, 10, on_accept, NULL, NULL),
      PEAL_OK);
  assert_true(port != 0);
  assert_int_equal(
      peal_listener_open(&second, one, NULL, &port, 10, on_accept, NULL, &why),
      PEAL_ERR_PORT_IN_USE);
  assert_null(second);
  assert_string_equal(why, "Address already in use");
  peal_workers *others = group_of(3);
  assert_int_equal(peal_listener_open(&second, others, NULL, &port, 10,
                                      on_accept, NULL, &why),
                   PEAL_ERR_PORT_IN_USE);
  /* It is free again when the listener is. */
  peal_listener_free(first);
  assert_int_equal(peal_listener_open(&second, others, NULL, &port, 10,
                                      on_accept, NULL, &why),
                   PEAL_OK);
  peal_listener_free(second);
  peal_workers_free(many);
  peal_workers_free(one);
  peal_workers_free(others);
}

static void a_host_that_is_none_is_an_error_with_a_reason(void **state) {
  (void)state;
  uint16_t port = 0;
  const char *why = NULL;
  peal_listener *listener = NULL;
  peal_workers *group = group_of(1);
  assert_int_equal(peal_listener_open(&listener, group, "256.256.256.256",
                                      &port, 10, on_accept, NULL, &why),
                   PEAL_ERR_SYSTEM);
  assert_non_null(why);
  assert_int_equal(peal_listener_open(&listener, group, "198.51.100.7", &port,
                                      10, on_accept, NULL, &why),
                   PEAL_ERR_SYSTEM);
  peal_workers_free(group);
}

static void all_workers_accept(void **state) {
  (void)state;
  uint16_t port = 0;
  net_fixture fixture = {.workers = group_of(2)};
  peal_listener *listener = NULL;
  assert_int_equal(peal_listener_open(&listener, fixture.workers, NULL, &port,
                                      300, on_accept, NULL, NULL),
                   PEAL_OK);
  net_fixture_run(&fixture);
  for (int i = 0; i < 200; i++)
    close(net_connect(port));
  assert_true(net_wait(&total, 200));
  assert_true(atomic_load(&accepted[0]) > 20);
  assert_true(atomic_load(&accepted[1]) > 20);
  peal_listener_stop(listener);
  peal_listener_stop(listener);
  uv_sleep(50);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_port = htons(port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), -1);
  close(fd);
  peal_workers_stop(fixture.workers, 100);
  net_fixture_join(&fixture);
  peal_listener_free(listener);
  peal_workers_free(fixture.workers);
}

/* -- Unix sockets ----------------------------------------------------------- */

static char folder[64], path[96];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/peal-listener-XXXXXX");
  if (!mkdtemp(folder))
    return -1;
  snprintf(path, sizeof(path), "%s/it.sock", folder);
  atomic_store(&total, 0);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  (void)rmdir(folder);
  return 0;
}

static void count_unix(peal_worker *worker, int fd, const peal_address *peer,
                       void *user) {
  (void)worker;
  (void)user;
  assert_false(peer->known);
  close(fd);
  atomic_fetch_add(&total, 1);
}

/* Returns 0, or the errno of the refusal. */
static int connect_path(void) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  strcpy(at.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  int failed = connect(fd, (struct sockaddr *)&at, sizeof(at)) ? errno : 0;
  close(fd);
  return failed;
}

static mode_t mode_of_path(void) {
  struct stat file;
  return lstat(path, &file) == 0 ? file.st_mode & 07777 : 0;
}

static peal_listener *listen_at(peal_workers *group,
                                const peal_listen_spec *spec) {
  peal_listener *listener = NULL;
  assert_int_equal(
      peal_listener_listen(&listener, group, spec, count_unix, NULL, NULL),
      PEAL_OK);
  return listener;
}

static void a_unix_socket_is_made_used_and_removed(void **state) {
  (void)state;
  net_fixture fixture = {.workers = group_of(2)};
  peal_listener *listener = listen_at(
      fixture.workers, &(peal_listen_spec){.path = path, .mode = 0600});
  assert_int_equal(mode_of_path(), 0600);
  assert_int_equal(peal_listener_port(listener), 0);
  net_fixture_run(&fixture);
  for (int i = 0; i < 50; i++)
    assert_int_equal(connect_path(), 0);
  assert_true(net_wait(&total, 50));
  peal_workers_stop(fixture.workers, 100);
  net_fixture_join(&fixture);
  assert_int_equal(connect_path(), ENOENT);
  peal_listener_free(listener);
  peal_workers_free(fixture.workers);
}

static void the_mode_is_no_matter_of_the_umask(void **state) {
  (void)state;
  peal_workers *group = group_of(1);
  mode_t before = umask(077);
  peal_listener *listener =
      listen_at(group, &(peal_listen_spec){.path = path, .mode = 0666});
  umask(before);
  assert_int_equal(mode_of_path(), 0666);
  peal_listener_free(listener);
  assert_int_equal(mode_of_path(), 0);
  peal_workers_free(group);
}

static void a_stale_socket_file_is_replaced(void **state) {
  (void)state;
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  strcpy(at.sun_path, path);
  int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(dead, (struct sockaddr *)&at, sizeof(at)), 0);
  close(dead);
  peal_workers *group = group_of(1);
  peal_listener_free(listen_at(group, &(peal_listen_spec){.path = path}));
  peal_workers_free(group);
}

static void what_is_in_use_or_no_socket_is_left_alone(void **state) {
  (void)state;
  const char *why = NULL;
  peal_workers *group = group_of(1);
  peal_listener *second = NULL;
  const peal_listen_spec spec = {.path = path};
  peal_listener *first = listen_at(group, &spec);
  assert_int_equal(
      peal_listener_listen(&second, group, &spec, count_unix, NULL, &why),
      PEAL_ERR_PORT_IN_USE);
  assert_string_equal(why, "a server listens there already");
  assert_int_equal(connect_path(), 0); /* the first goes on */
  peal_listener_free(first);
  int file = open(path, O_CREAT | O_WRONLY, 0600);
  assert_int_equal(
      peal_listener_listen(&second, group, &spec, count_unix, NULL, &why),
      PEAL_ERR_PORT_IN_USE);
  assert_string_equal(why, "the file there is no socket");
  assert_int_equal(mode_of_path(), 0600);
  close(file);
  unlink(path);
  peal_workers_free(group);
}

/* A new process may have taken the path over: its file stays. */
static void another_ones_file_is_not_removed(void **state) {
  (void)state;
  const peal_listen_spec spec = {.path = path};
  peal_workers *group = group_of(1);
  peal_listener *old = listen_at(group, &spec);
  unlink(path);
  peal_listener *young = listen_at(group, &spec);
  peal_listener_free(old);
  assert_int_equal(connect_path(), 0);
  peal_listener_free(young);
  assert_int_equal(connect_path(), ENOENT);
  peal_workers_free(group);
}

static void a_path_that_is_none_is_an_error(void **state) {
  (void)state;
  char far[200];
  const char *why = NULL;
  peal_workers *group = group_of(1);
  peal_listener *listener = NULL;
  memset(far, 'f', sizeof(far) - 1);
  far[sizeof(far) - 1] = 0;
  const peal_listen_spec specs[] = {
      {.path = far}, {.path = ""}, {.path = "/nowhere/at/all"}, {.fd = 999}};
  for (size_t i = 0; i < 4; i++) {
    why = NULL;
    assert_int_equal(peal_listener_listen(&listener, group, &specs[i],
                                          count_unix, NULL, &why),
                     PEAL_ERR_SYSTEM);
    assert_non_null(why);
    assert_null(listener);
  }
  const peal_listen_spec two = {.path = path, .port = 80};
  assert_int_equal(
      peal_listener_listen(&listener, group, &two, count_unix, NULL, NULL),
      PEAL_ERR_USAGE);
  peal_workers_free(group);
}

/* -- inherited descriptors, several places ----------------------------------- */

static uint16_t port_of(int fd) {
  struct sockaddr_in at;
  socklen_t len = sizeof(at);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
  return ntohs(at.sin_port);
}

static int open_listening(uint16_t *port) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
  assert_int_equal(listen(fd, 10), 0);
  *port = port_of(fd);
  return fd;
}

/* It stays open and as it was: the number may be a mistake. */
static void a_descriptor_that_does_not_listen_is_left_alone(void **state) {
  (void)state;
  peal_workers *group = group_of(2);
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int fds[] = {open("/dev/null", O_RDONLY),
                     socket(AF_INET, SOCK_STREAM, 0),
                     socket(AF_INET, SOCK_DGRAM, 0)};
  static const char *const words[] = {
      "the descriptor is no socket",
      "the descriptor is a socket that does not listen",
      "the descriptor is a socket that does not listen"};
  assert_int_equal(bind(fds[1], (struct sockaddr *)&at, sizeof(at)), 0);
  for (int i = 0; i < 3; i++) {
    const char *why = "";
    peal_listener *listener = NULL;
    int before = fcntl(fds[i], F_GETFL);
    assert_int_equal(peal_listener_listen(&listener, group,
                                          &(peal_listen_spec){.fd = fds[i]},
                                          on_accept, NULL, &why),
                     PEAL_ERR_SYSTEM);
    assert_string_equal(why, words[i]);
    assert_int_equal(fcntl(fds[i], F_GETFL), before);
    close(fds[i]);
  }
  peal_workers_free(group);
}

static void a_place_is_named_as_one_would_reach_it(void **state) {
  (void)state;
  char name[PEAL_LISTEN_NAME_MAX], expected[PEAL_LISTEN_NAME_MAX];
  peal_workers *group = group_of(1);
  peal_listener *listener = listen_at(group, &(peal_listen_spec){.path = path});
  peal_listener_name(listener, "http", name);
  snprintf(expected, sizeof(expected), "unix:%s", path);
  assert_string_equal(name, expected);
  peal_listener_free(listener);

  static const struct {
    const char *host, *before, *after;
  } forms[] = {{"127.0.0.1", "http://127.0.0.1:", ""},
               {"::1", "http://[::1]:", ""},
               {"::", "http://[::]:", " and http://0.0.0.0:"}};

  for (int i = 0; i < (net_has_ipv6() ? 3 : 1); i++) {
    char port[8];
    listener = listen_at(group, &(peal_listen_spec){.host = forms[i].host});
    snprintf(port, sizeof(port), "%u", (unsigned)peal_listener_port(listener));
    peal_listener_name(listener, "http", name);
    snprintf(expected, sizeof(expected), "%s%s%s%s", forms[i].before, port,
             forms[i].after, *forms[i].after ? port : "");
    assert_string_equal(name, expected);
    peal_listener_free(listener);
  }
  peal_workers_free(group);
}

/* unix(7): a name without a file begins with NUL. */
static void a_socket_without_a_file_has_a_name_with_an_at(void **state) {
  (void)state;
  char name[PEAL_LISTEN_NAME_MAX];
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  int len = snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1,
                     "peal-listener-%ld", (long)getpid());
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  socklen_t size =
      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
  peal_listen_name_of(fd, "http", name);
  assert_memory_equal(name, "unix:@peal-listener-", 20);
  assert_int_equal(strlen(name), 6 + len);
  close(fd);
  peal_listen_name_of(fd, "http", name);
  assert_string_equal(name, "");
}

static void a_group_listens_at_several_places(void **state) {
  (void)state;
  uint16_t inherited = 0;
  net_fixture fixture = {.workers = group_of(2)};
  peal_listener *places[3];
  int fd = open_listening(&inherited);
  const peal_listen_spec specs[] = {
      {.host = "127.0.0.1"}, {.path = path}, {.fd = fd}};
  for (int i = 0; i < 3; i++)
    assert_int_equal(
        peal_listener_listen(&places[i], fixture.workers, &specs[i],
                             i == 1 ? count_unix : on_accept, NULL, NULL),
        PEAL_OK);
  assert_int_equal(peal_listener_port(places[2]), inherited);
  net_fixture_run(&fixture);
  for (int i = 0; i < 20; i++) {
    close(net_connect(peal_listener_port(places[0])));
    assert_int_equal(connect_path(), 0);
    close(net_connect(inherited));
  }
  assert_true(net_wait(&total, 60));
  /* One ends, the others go on. */
  peal_listener_stop(places[0]);
  for (int i = 0; i < 20; i++) {
    assert_int_equal(connect_path(), 0);
    close(net_connect(inherited));
  }
  assert_true(net_wait(&total, 100));
  peal_workers_stop(fixture.workers, 100);
  net_fixture_join(&fixture);
  for (int i = 0; i < 3; i++)
    peal_listener_free(places[i]);
  peal_workers_free(fixture.workers);
}

/* -- errors ------------------------------------------------------------------- */

static atomic_int failing_lines, again_lines;

static void count_lines(const peal_log_record *record, void *user) {
  (void)user;
  if (strncmp(record->text.ptr, "connections are not accepted", 28) == 0)
    atomic_fetch_add(&failing_lines, 1);
  if (strncmp(record->text.ptr, "connections are accepted again", 30) == 0)
    atomic_fetch_add(&again_lines, 1);
}

/* A listening socket that is shut down refuses every accept until somebody
 * listens on it again. */
static void an_error_of_accepting_is_told_once_and_tried_again(void **state) {
  (void)state;
  uint16_t port = 0;
  atomic_store(&failing_lines, 0);
  atomic_store(&again_lines, 0);
  net_fixture fixture = {.workers = peal_workers_new(
                             &(peal_workers_opts){.log = {.fn = count_lines}})};
  int fd = open_listening(&port);
  int copy = dup(fd);
  peal_listener *listener = NULL;
  assert_int_equal(peal_listener_listen(&listener, fixture.workers,
                                        &(peal_listen_spec){.fd = fd},
                                        on_accept, NULL, NULL),
                   PEAL_OK);
  net_fixture_run(&fixture);
  close(net_connect(port));
  assert_true(net_wait(&total, 1));
  shutdown(copy, SHUT_RDWR);
  assert_true(net_wait(&failing_lines, 1));
  /* It is tried a few times a second, and does not spin. */
  peal_worker *worker = peal_workers_get(fixture.workers, 0);
  uint64_t before = net_turns(worker);
  uv_sleep(400);
  assert_true(net_turns(worker) - before < 50);
  assert_int_equal(listen(copy, 10), 0);
  close(net_connect(port_of(copy)));
  assert_true(net_wait(&total, 2));
  assert_true(net_wait(&again_lines, 1));
  assert_int_equal(atomic_load(&failing_lines), 1);
  close(copy);
  peal_workers_stop(fixture.workers, 100);
  net_fixture_join(&fixture);
  peal_listener_free(listener);
  peal_workers_free(fixture.workers);
}

#define PATH_TEST(name)                                                        \
  cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_port_in_use_is_an_error_for_one_and_for_many),
      cmocka_unit_test(a_host_that_is_none_is_an_error_with_a_reason),
      cmocka_unit_test(all_workers_accept),
      PATH_TEST(a_unix_socket_is_made_used_and_removed),
      PATH_TEST(the_mode_is_no_matter_of_the_umask),
      PATH_TEST(a_stale_socket_file_is_replaced),
      PATH_TEST(what_is_in_use_or_no_socket_is_left_alone),
      PATH_TEST(another_ones_file_is_not_removed),
      PATH_TEST(a_path_that_is_none_is_an_error),
      PATH_TEST(a_group_listens_at_several_places),
      cmocka_unit_test(a_descriptor_that_does_not_listen_is_left_alone),
      PATH_TEST(a_place_is_named_as_one_would_reach_it),
      cmocka_unit_test(a_socket_without_a_file_has_a_name_with_an_at),
      PATH_TEST(an_error_of_accepting_is_told_once_and_tried_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
