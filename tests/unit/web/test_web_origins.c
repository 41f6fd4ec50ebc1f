/* SPDX-License-Identifier: MIT */
/* on_origin of an application and of a route: who waits for it, and that hooks
 * and handlers come behind it. */
#include <peal/web.h>

#include "../http/http_fixture.h"

static peal_cors_ask *asked;
static peal_worker *asked_on;
static atomic_int questions, handled;

static void on_origin(const peal_http_req *req, peal_slice origin,
                      peal_cors_ask *ask, void *user) {
  (void)origin;
  (void)user;
  asked = ask;
  asked_on = peal_http_req_worker(req);
  atomic_fetch_add(&questions, 1);
}

static void refuse_at_once(const peal_http_req *req, peal_slice origin,
                           peal_cors_ask *ask, void *user) {
  (void)req;
  (void)origin;
  (void)user;
  peal_cors_ask_refuse(ask);
}

static void allow(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_cors_ask_allow(asked);
}

static void on_request(peal_http_req *req, void *user) {
  (void)user;
  atomic_fetch_add(&handled, 1);
  peal_http_answer(req, 200, "text/plain", PEAL_S("done"));
}

static void expect(int fd, unsigned status, const char *origin) {
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, status);
  const char *named = http_header(&answer, "access-control-allow-origin");
  assert_int_equal(named != NULL, origin != NULL);
  if (named)
    assert_string_equal(named, origin);
  http_answer_free(&answer);
  close(fd);
}

static int ask(unsigned port, const char *method, const char *path) {
  char request[256];
  int fd = net_connect(port);
  snprintf(request, sizeof(request),
           "%s %s HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n"
           "Access-Control-Request-Method: GET\r\n\r\n",
           method, path);
  net_send_str(fd, request);
  return fd;
}

static atomic_int warnings;

static void on_log(const peal_log_record *record, void *user) {
  (void)user;
  char text[512];
  snprintf(text, sizeof(text), "%.*s", PEAL_SFMT(record->text));
  if (strstr(text, "origin http://b refused") && strstr(text, "cors.origins"))
    atomic_fetch_add(&warnings, 1);
}

/* Its browser hides why; a form sees no answer anyway. */
static void pages_that_see_no_answer_are_told_in_the_log(void **state) {
  (void)state;
  peal_http_server_opts opts = http_opts();
  opts.log = (peal_log_opts){.fn = on_log, .level = PEAL_LOG_WARN};
  http_fixture it = http_make(&opts);
  peal_web *app = peal_web_new(it.server, NULL);
  assert_non_null(app);
  assert_int_equal(peal_web_get(app, "/a", on_request, NULL), PEAL_OK);
  http_run(&it);
  expect(ask(it.port, "POST", "/a"), 405, NULL);
  expect(ask(it.port, "GET", "/a"), 200, NULL);
  assert_true(net_wait(&warnings, 1));
  expect(ask(it.port, "OPTIONS", "/a"), 204, NULL);
  assert_true(net_wait(&warnings, 2));
  peal_workers_stop(it.net.workers, 300);
  net_fixture_join(&it.net);
  peal_web_free(app);
  peal_http_server_free(it.server);
  assert_int_equal(atomic_load(&warnings), 2);
}

static void answers_wait_for_the_verdict(void **state) {
  (void)state;

  static const struct {
    const char *method, *path;
    unsigned status;
    int handled;
  } rows[] = {{"GET", "/a", 200, 1},
              {"OPTIONS", "/a", 204, 1},
              {"GET", "/missing", 404, 1}};

  const peal_http_server_opts opts = http_opts();
  http_fixture it = http_make(&opts);
  peal_cors_opts own = {.on_origin = refuse_at_once};
  peal_web *app = peal_web_new(
      it.server, &(peal_web_opts){.cors = {.on_origin = on_origin}});
  assert_non_null(app);
  assert_int_equal(peal_web_get(app, "/a", on_request, NULL), PEAL_OK);
  assert_int_equal(
      peal_web_route_add(app, &(peal_web_route){.method = "GET",
                                                .path = "/own",
                                                .on_request = on_request,
                                                .cors = &own}),
      PEAL_OK);
  http_run(&it);
  for (size_t i = 0; i < 3; i++) {
    int fd = ask(it.port, rows[i].method, rows[i].path);
    assert_true(net_wait(&questions, (int)i + 1));
    assert_int_equal(atomic_load(&handled), i ? 1 : 0);
    assert_int_equal(peal_worker_post(asked_on, allow, NULL), PEAL_OK);
    expect(fd, rows[i].status, "http://b");
    assert_int_equal(atomic_load(&handled), rows[i].handled);
  }
  /* The route's own rules; the web layer announces, it does not refuse. */
  expect(ask(it.port, "GET", "/own"), 200, NULL);
  assert_int_equal(atomic_load(&questions), 3);
  peal_workers_stop(it.net.workers, 300);
  net_fixture_join(&it.net);
  peal_web_free(app);
  peal_http_server_free(it.server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_wait_for_the_verdict),
      cmocka_unit_test(pages_that_see_no_answer_are_told_in_the_log),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
