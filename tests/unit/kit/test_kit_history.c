/* SPDX-License-Identifier: MIT */
/* Histories of an owner's own, and actions that nobody asked for, on a server
 * that is made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <peal/kit.h>

static const char *const migrations[] = {
    "CREATE TABLE levels (id INTEGER PRIMARY KEY, ts INTEGER NOT NULL,"
    " user_id INTEGER NOT NULL, device_id TEXT NOT NULL, level REAL);",
    NULL};

static const char *const plotted[] = {"level", NULL};
static const peal_kit_history history = {.table = "levels",
                                         .columns = "device_id, level",
                                         .owner = "user_id",
                                         .device = "device_id",
                                         .head = "timestamp,device_id,level",
                                         .plotted = plotted};

static peal_kit kit;
static peal_kit_walks walks = {.max = 2};
static char folder[] = "/tmp/peal-kit-XXXXXX", path[64];

/* ---- the server ------------------------------------------------------------ */

static peal_val owner_of(peal_http_req *req) {
  peal_slice who = {0};
  (void)peal_http_req_param(req, "who", &who);
  return who.len > 0 ? peal_int(who.ptr[0] - '0') : peal_undefined();
}

static void on_page(peal_http_req *req, void *user) {
  (void)user;
  peal_kit_history_page(&kit, req, &history, owner_of(req), 100);
}

static void on_file(peal_http_req *req, void *user) {
  (void)user;
  peal_kit_history_file(&kit, req, &history, owner_of(req), &walks);
}

static void on_series(peal_http_req *req, void *user) {
  (void)user;
  peal_kit_history_series(&kit, req, &history, owner_of(req), &walks);
}

static const peal_kit_field fields[] = {
    {.name = "level", .type = PEAL_DOUBLE, .range = PEAL_KIT_FROM(0)}, {0}};
static int asked;

static void on_level(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said, (void)user;
  assert_null(peal_kit_ask_req(ask));
  assert_null(peal_kit_ask_socket(ask));
  assert_int_equal(peal_kit_ask_address(ask).len, 0);
  asked++;
  ask = peal_kit_ask_keep(ask);
  assert_non_null(peal_kit_ask_build(ask));
  peal_kit_ask_data(ask, peal_int(1));
}

static void on_nobody(peal_http_req *req, void *user) {
  static const peal_kit_action action = {.fields = fields, .fn = on_level};
  (void)user;
  peal_kit_action_run(&kit, &action, PEAL_OBJECT({"level", peal_int(1)}), NULL);
  peal_kit_action_run(&kit, &action, PEAL_OBJECT({"level", peal_int(-1)}),
                      NULL);
  peal_http_answer_json(req, 200, peal_int(asked));
}

static void on_log(const peal_log_record *record, void *user) {
  (void)record, (void)user;
}

static void *serve(void *user) {
  peal_http_server_run(user);
  return NULL;
}

static pthread_t thread;

static int set_up(void **state) {
  (void)state;
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/levels.db", folder);
  kit.log = (peal_log_opts){.fn = on_log};
  assert_int_equal(
      peal_http_server_new(&kit.http,
                           &(peal_http_server_opts){.host = "127.0.0.1",
                                                    .port = PEAL_PORT_ANY,
                                                    .log = kit.log}),
      PEAL_OK);
  kit.web = peal_web_new(kit.http, NULL);
  assert_non_null(kit.web);
  assert_int_equal(
      peal_store_open(
          &kit.store,
          &(peal_store_opts){.path = path,
                             .migrations = migrations,
                             .workers = peal_http_server_workers(kit.http),
                             .log = kit.log}),
      PEAL_OK);
  static const peal_web_route routes[] = {
      {.path = "/page", .on_request = on_page},
      {.path = "/file", .on_request = on_file},
      {.path = "/series", .on_request = on_series},
      {.path = "/nobody", .on_request = on_nobody}};
  assert_int_equal(peal_kit_add_routes(&kit, routes, 4, NULL, NULL, NULL),
                   PEAL_OK);
  assert_int_equal(
      peal_store_exec_sync(kit.store,
                           "INSERT INTO levels (ts, user_id, device_id, level)"
                           " VALUES (1000, 1, 'a', 111), (1000, 2, 'b', 222),"
                           " (2000, 2, 'a', 222), (2000, 1, 'b', 5)",
                           PEAL_NO_ARGS, NULL),
      PEAL_OK);
  return pthread_create(&thread, NULL, serve, kit.http);
}

static int tear_down(void **state) {
  (void)state;
  peal_workers_stop(peal_http_server_workers(kit.http), 0);
  pthread_join(thread, NULL);
  peal_store_close(kit.store);
  peal_web_free(kit.web);
  peal_http_server_free(kit.http);
  char command[80];
  snprintf(command, sizeof command, "rm -r %s", folder);
  return system(command) == 0 ? 0 : -1;
}

/* ---- asking ---------------------------------------------------------------- */

/* The answer to GET `target`, head and all; free(). */
static char *get(const char *target) {
  enum { MAX = 1 << 16 };

  char *text = calloc(1, MAX), head[256];
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port =
                               htons((uint16_t)peal_http_server_port(kit.http)),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  int len = snprintf(head, sizeof head,
                     "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                     target);
  assert_int_equal(write(fd, head, (size_t)len), len);
  size_t at = 0;
  for (ssize_t n; (n = read(fd, text + at, MAX - 1 - at)) > 0;)
    at += (size_t)n;
  close(fd);
  return text;
}

static void has(const char *target, const char *wanted, bool is_there) {
  char *text = get(target);
  if ((strstr(text, wanted) != NULL) != is_there)
    fail_msg("%s: %s%s\n%s", target, is_there ? "" : "no ", wanted, text);
  free(text);
}

/* ---- tests ----------------------------------------------------------------- */

static void nobody_reads_what_is_anothers(void **state) {
  (void)state;
  static const char *const ways[] = {"/page", "/file", "/file?format=json",
                                     "/series"};
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    char target[64], mark = strchr(ways[i], '?') ? '&' : '?';
    snprintf(target, sizeof target, "%s%cwho=1", ways[i], mark);
    has(target, " 200 ", true);
    has(target, "111", true);
    has(target, "222", false);
    snprintf(target, sizeof target, "%s%cwho=2", ways[i], mark);
    has(target, "111", false);
    has(target, "222", true);
    // an owner that was forgotten owns nothing
    has(ways[i], "111", false);
    has(ways[i], "222", false);
    snprintf(target, sizeof target, "%s%cwho=1&device_id=b", ways[i], mark);
    has(target, "111", false);
    snprintf(target, sizeof target, "%s%cwho=1&device_id=a", ways[i], mark);
    has(target, "111", true);
  }
  assert_int_equal(walks.count, 0);
}

static void nobody_may_ask(void **state) {
  (void)state;
  has("/nobody", "\r\n1", true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nobody_reads_what_is_anothers),
      cmocka_unit_test(nobody_may_ask),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
