/* SPDX-License-Identifier: MIT */
/* The status page over HTTP: its files, who may see figures, what they are. */
#include "admin_fixture.h"

static const char json_field[] = "Content-Type: application/json\r\n";
/* "admin:secret" */
static const char basic[] = "Authorization: Basic YWRtaW46c2VjcmV0\r\n";

static admin_fixture with_page(const peal_server_opts *server,
                               const peal_admin_opts *more) {
  peal_admin_opts opts = more ? *more : (peal_admin_opts){0};
  opts.page = "/_peal/";
  admin_fixture all = admin_make(server, &opts);
  server_run(&all.it);
  return all;
}

/* The status; the body in *body, to be freed, if it is asked for. */
static unsigned ask(const admin_fixture *all, const char *method,
                    const char *target, const char *fields, const char *sent,
                    char **body) {
  unsigned status = 0;
  char *text =
      sio_client_http(all->it.port, method, target, fields, sent, &status);
  if (body)
    *body = text;
  else
    free(text);
  return status;
}

static unsigned get(const admin_fixture *all, const char *target,
                    const char *fields) {
  return ask(all, "GET", target, fields, NULL, NULL);
}

/* A request on a connection of its own; its stream. */
static int begin(const admin_fixture *all, const char *method,
                 const char *target, const char *fields, const char *body) {
  char text[2048];
  int fd = sio_client_dial(all->it.port);
  assert_true(fd >= 0);
  snprintf(text, sizeof text,
           "%s %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n%s\r\n%s",
           method, target, strlen(body), fields, body);
  assert_true(sio_client_write(fd, text, strlen(text)));
  return fd;
}

/* Read until `part` has come; what came so far is in `out`. */
static bool read_until(int fd, char *out, size_t cap, const char *part) {
  size_t len = strlen(out);
  while (!strstr(out, part)) {
    ssize_t got = len + 1 < cap ? read(fd, out + len, cap - len - 1) : 0;
    if (got <= 0)
      return false;
    len += (size_t)got;
    out[len] = 0;
  }
  return true;
}

/* Log in; "Cookie: …\r\n" in `cookie`. */
static void log_in(const admin_fixture *all, char cookie[100]) {
  char head[4096] = "";
  int fd = begin(all, "POST", "/_peal/login", json_field, ADMIN_LOGIN);
  assert_true(read_until(fd, head, sizeof head, "\r\n\r\n"));
  close(fd);
  assert_memory_equal(head, "HTTP/1.1 204", 12);
  const char *set = strstr(head, "Set-Cookie: peal_admin=");
  assert_non_null(set);
  assert_non_null(strstr(set, "; Path=/_peal; Max-Age=86400; HttpOnly; "
                              "SameSite=Strict\r\n"));
  snprintf(cookie, 100, "Cookie: %.27s\r\n", set + 12);
}

/* -- files ------------------------------------------------------------------- */

static void serves_the_page_and_its_parts(void **state) {
  static const char *const files[] = {
      "/_peal/",         "/_peal/page.css",       "/_peal/page.js",
      "/_peal/base.css", "/_peal/parts.css",      "/_peal/dom.js",
      "/_peal/theme.js", "/_peal/theme-early.js", "/_peal/favicon.svg"};
  (void)state;
  admin_fixture all = with_page(NULL, NULL);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    assert_int_equal(get(&all, files[i], NULL), 200);
  char head[8192] = "";
  int fd = begin(&all, "GET", "/_peal", "", "");
  assert_true(read_until(fd, head, sizeof head, "\r\n\r\n"));
  close(fd);
  assert_memory_equal(head, "HTTP/1.1 308", 12);
  assert_non_null(strstr(head, "\r\nLocation: _peal/\r\n"));
  *head = 0;
  fd = begin(&all, "HEAD", "/_peal/", "", "");
  assert_true(read_until(fd, head, sizeof head, "\r\n\r\n"));
  close(fd);
  assert_non_null(strstr(head, "Content-Security-Policy: default-src 'none';"));
  assert_non_null(strstr(head, "X-Content-Type-Options: nosniff"));
  assert_int_equal(get(&all, "/_peal/none", NULL), 404);
  assert_int_equal(get(&all, "/_pealx", NULL), 404);
  assert_int_equal(ask(&all, "POST", "/_peal/", NULL, "", NULL), 405);
  assert_int_equal(get(&all, "/_peal/login", NULL), 405);
  assert_int_equal(ask(&all, "POST", "/_peal/stats.json", basic, "", NULL),
                   405);
  admin_stop(&all);
}

static void ignore(peal_http_req *req, void *user) {
  (void)req;
  (void)user;
}

static void a_path_that_is_taken_is_refused(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  const peal_http_mount mine = {.path = "/_peal", .on_request = ignore};
  assert_int_equal(peal_http_server_mount(peal_server_http(it.server), &mine),
                   PEAL_OK);
  assert_null(peal_admin_new(
      it.server, &(peal_admin_opts){.no_auth = true, .page = "/_peal"}));
  server_free(&it);
}

/* -- who may see -------------------------------------------------------------- */

static void figures_are_for_those_who_are_known(void **state) {
  (void)state;
  char cookie[100], *body = NULL;
  admin_fixture all = with_page(NULL, NULL);
  assert_int_equal(get(&all, "/_peal/stats.json", NULL), 401);
  assert_int_equal(get(&all, "/_peal/events", NULL), 401);
  assert_int_equal(get(&all, "/_peal/events", basic), 401);
  assert_int_equal(get(&all, "/_peal/stats.json", basic), 200);
  /* "admin:wrong", what is no base64, nothing */
  assert_int_equal(get(&all, "/_peal/stats.json",
                       "Authorization: Basic YWRtaW46d3Jvbmc=\r\n"),
                   401);
  assert_int_equal(
      get(&all, "/_peal/stats.json", "Authorization: Basic !!\r\n"), 401);
  assert_int_equal(get(&all, "/_peal/stats.json", "Authorization: Basic\r\n"),
                   401);
  assert_int_equal(
      get(&all, "/_peal/stats.json", "Authorization: Bearer a\r\n"), 401);
  log_in(&all, cookie);
  assert_int_equal(get(&all, "/_peal/stats.json", cookie), 200);
  assert_int_equal(ask(&all, "GET", "/_peal/session", cookie, NULL, &body),
                   200);
  assert_non_null(strstr(body, "{\"needed\":true,\"known\":true}"));
  free(body);
  assert_int_equal(ask(&all, "POST", "/_peal/logout", cookie, "", NULL), 204);
  assert_int_equal(get(&all, "/_peal/stats.json", cookie), 401);
  admin_stop(&all);
}

static void a_wrong_login_is_refused(void **state) {
  (void)state;
  admin_fixture all = with_page(NULL, NULL);
  assert_int_equal(ask(&all, "POST", "/_peal/login",
                       "Content-Type: text/plain\r\n", ADMIN_LOGIN, NULL),
                   415);
  assert_int_equal(ask(&all, "POST", "/_peal/login", json_field, "{", NULL),
                   400);
  char large[4000];
  memset(large, ' ', sizeof large - 1);
  large[sizeof large - 1] = 0;
  assert_int_equal(ask(&all, "POST", "/_peal/login", json_field, large, NULL),
                   413);
  for (int i = 0; i < 6; i++)
    assert_int_equal(ask(&all, "POST", "/_peal/login", json_field,
                         "{\"username\":\"admin\",\"password\":\"x\"}", NULL),
                     401);
  assert_int_equal(
      ask(&all, "POST", "/_peal/login", json_field, ADMIN_LOGIN, NULL), 429);
  admin_stop(&all);
}

static void nobody_is_asked_where_no_auth_is(void **state) {
  (void)state;
  char *body = NULL;
  admin_fixture all = with_page(NULL, &(peal_admin_opts){.no_auth = true});
  assert_int_equal(get(&all, "/_peal/stats.json", NULL), 200);
  assert_int_equal(ask(&all, "GET", "/_peal/session", NULL, NULL, &body), 200);
  assert_non_null(strstr(body, "{\"needed\":false,\"known\":true}"));
  free(body);
  admin_stop(&all);
}

/* -- what they see ------------------------------------------------------------- */

static peal_err join_rooms(peal_socket *socket, void *user) {
  (void)user;
  (void)peal_join(socket, "hall");
  return peal_join(socket, peal_socket_id(socket)[0] < 'a' ? "low" : "high");
}

static void figures_are_those_of_all_workers(void **state) {
  enum { CLIENTS = 9 };

  (void)state;
  peal_server_opts opts = server_opts();
  opts.workers = 3;
  admin_fixture all = admin_make(
      &opts, &(peal_admin_opts){.page = "/_peal", .server_id = "here"});
  assert_int_equal(peal_on_connect(all.it.root, join_rooms, NULL), PEAL_OK);
  server_run(&all.it);
  sio_client clients[CLIENTS];
  for (int i = 0; i < CLIENTS; i++)
    assert_true(sio_client_start(&clients[i], all.it.port,
                                 i < 3 ? SIO_POLLING : SIO_WEBSOCKET));
  char *body = NULL;
  assert_int_equal(ask(&all, "GET", "/_peal/stats.json", basic, NULL, &body),
                   200);
  const char *at = strchr(body, '{');
  peal_doc *doc = NULL;
  assert_non_null(at);
  const char *last = strrchr(at, '}');
  assert_int_equal(
      peal_doc_from_json(&doc, (peal_slice){at, (size_t)(last - at) + 1}, NULL),
      PEAL_OK);
  peal_val it = peal_doc_val(doc);
  peal_val clients_val = peal_val_get(it, "clients");
  assert_int_equal(peal_val_int(peal_val_get(clients_val, "total"), -1), 9);
  assert_int_equal(peal_val_int(peal_val_get(clients_val, "polling"), -1), 3);
  assert_int_equal(peal_val_int(peal_val_get(clients_val, "websocket"), -1), 6);
  assert_int_equal(peal_val_int(peal_val_get(it, "sockets"), -1), 9);
  assert_int_equal(peal_val_get(it, "workers").len, 3);
  peal_val room = peal_val_at(peal_val_get(it, "rooms"), 0);
  assert_true(peal_slice_is(peal_val_str(peal_val_get(room, "name")), "hall"));
  assert_int_equal(peal_val_int(peal_val_get(room, "sockets"), -1), 9);
  /* A room on all workers is one; of the two others at least one is there. */
  peal_val root = peal_val_at(peal_val_get(it, "namespaces"), 0);
  int64_t rooms = peal_val_int(peal_val_get(root, "rooms"), -1);
  assert_true(rooms == 2 || rooms == 3);
  assert_int_equal((int64_t)peal_val_get(it, "rooms").len, rooms);
  assert_true(peal_slice_is(
      peal_val_str(peal_val_get(peal_val_get(it, "server"), "id")), "here"));
  assert_true(
      peal_val_int(peal_val_get(peal_val_get(it, "memory"), "resident_bytes"),
                   0) > 0);
  assert_true(peal_val_is(peal_val_get(it, "cluster"), PEAL_UNDEFINED));
  peal_doc_free(doc);
  free(body);
  for (int i = 0; i < CLIENTS; i++)
    sio_client_close(&clients[i]);
  admin_stop(&all);
}

static void reports_come_until_the_session_ends(void **state) {
  (void)state;
  static char text[1 << 16];
  char cookie[100];
  admin_fixture all = with_page(NULL, NULL);
  log_in(&all, cookie);
  int fd = begin(&all, "GET", "/_peal/events", cookie, "");
  *text = 0;
  assert_true(read_until(fd, text, sizeof text, "data: {\"server\":"));
  assert_non_null(strstr(text, "Content-Type: text/event-stream"));
  assert_non_null(strstr(text, "retry: 2000\n\n"));
  *text = 0;
  assert_true(read_until(fd, text, sizeof text, "data: {\"server\":"));
  assert_int_equal(ask(&all, "POST", "/_peal/logout", cookie, "", NULL), 204);
  *text = 0;
  assert_true(read_until(fd, text, sizeof text, "0\r\n\r\n"));
  close(fd);
  admin_stop(&all);
}

/* Those who go, who are too many, who are open when the run ends. */
static void there_are_only_so_many_pages(void **state) {
  enum { MOST = 64 };

  (void)state;
  int fds[MOST];
  peal_server_opts opts = server_opts();
  opts.workers = 2;
  admin_fixture all = with_page(&opts, &(peal_admin_opts){.no_auth = true});
  for (int i = 0; i < MOST; i++) {
    char head[1024] = "";
    fds[i] = begin(&all, "GET", "/_peal/events", "", "");
    assert_true(read_until(fds[i], head, sizeof head, "retry"));
  }
  assert_int_equal(get(&all, "/_peal/events", NULL), 503);
  close(fds[0]);
  for (int i = 0;; i++) {
    char head[1024] = "";
    assert_true(i < 1000);
    int fd = begin(&all, "GET", "/_peal/events", "", "");
    bool is_in = read_until(fd, head, sizeof head, "\r\n\r\n") &&
                 strncmp(head, "HTTP/1.1 200", 12) == 0;
    close(fd);
    if (is_in)
      break;
    usleep(2000);
  }
  admin_stop(&all);
  for (int i = 1; i < MOST; i++)
    close(fds[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(serves_the_page_and_its_parts),
      cmocka_unit_test(a_path_that_is_taken_is_refused),
      cmocka_unit_test(figures_are_for_those_who_are_known),
      cmocka_unit_test(a_wrong_login_is_refused),
      cmocka_unit_test(nobody_is_asked_where_no_auth_is),
      cmocka_unit_test(figures_are_those_of_all_workers),
      cmocka_unit_test(reports_come_until_the_session_ends),
      cmocka_unit_test(there_are_only_so_many_pages),
  };
  return cmocka_run_group_tests_name("admin_page", tests, NULL, NULL);
}
