/* SPDX-License-Identifier: MIT */
/* A hook that decides later: its request goes on once, and not at all if it
 * was answered. */
#include <peal/web.h>

#include "../http/http_fixture.h"

typedef enum way {
  AT_ONCE,
  LATER,
  OFTEN,
  ANSWER_AND_PASS,
  PASS_AND_ANSWER
} way;

static atomic_int handled;

static void decide(peal_http_req *req, way how) {
  if (how == ANSWER_AND_PASS)
    peal_web_error(req, 401, "no", NULL);
  for (int i = 0; i < (how == OFTEN ? 3 : 1); i++)
    peal_web_pass(req);
  if (how == PASS_AND_ANSWER)
    peal_web_error(req, 401, "no", NULL);
}

static void on_worker(peal_worker *worker, void *user) {
  peal_http_req *req = user;
  (void)worker;
  decide(req, *(const way *)peal_http_req_user(req));
}

static peal_web_verdict before(peal_http_req *req, void *user) {
  way *how = user;
  if (*how == AT_ONCE) {
    decide(req, OFTEN);
    return PEAL_WEB_LATER;
  }
  peal_http_req_set_user(req, how);
  if (peal_worker_post(peal_http_req_worker(req), on_worker, req))
    return PEAL_WEB_PASS;
  return PEAL_WEB_LATER;
}

static void on_request(peal_http_req *req, void *user) {
  (void)user;
  atomic_fetch_add(&handled, 1);
  peal_http_answer(req, 200, "text/plain", PEAL_S("in"));
}

static void a_request_goes_on_once(void **state) {
  (void)state;

  static const struct {
    way how;
    unsigned status;
    int handled;
  } cases[] = {{AT_ONCE, 200, 1},
               {LATER, 200, 1},
               {OFTEN, 200, 1},
               {ANSWER_AND_PASS, 401, 0},
               {PASS_AND_ANSWER, 200, 1}};

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    peal_http_server_opts opts = http_opts();
    http_fixture it = http_make(&opts);
    peal_web *app = peal_web_new(it.server, NULL);
    way how = cases[i].how;
    assert_non_null(app);
    atomic_store(&handled, 0);
    assert_int_equal(peal_web_before(app, "/", before, &how), PEAL_OK);
    assert_int_equal(peal_web_get(app, "/", on_request, NULL), PEAL_OK);
    http_run(&it);
    http_expect(it.port, HTTP_GET("/"), cases[i].status, NULL);
    http_expect(it.port, HTTP_GET("/"), cases[i].status, NULL);
    peal_workers_stop(it.net.workers, 300);
    net_fixture_join(&it.net);
    assert_int_equal(atomic_load(&handled), 2 * cases[i].handled);
    peal_web_free(app);
    http_check_accounts(it.server);
    peal_http_server_free(it.server);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_request_goes_on_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
