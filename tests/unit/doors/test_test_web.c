/* SPDX-License-Identifier: MIT */
/* Routes of the web layer on a server under test: asked in memory,
 * files and a store by their threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <unistd.h>

#include <peal/store.h>
#include <peal/test.h>
#include <peal/web.h>

typedef struct app {
  peal_server *server;
  peal_web *web;
  peal_test *test;
} app;

static void quiet(const peal_log_record *record, void *user) {
  (void)record, (void)user;
}

static void on_device(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer(req, 200, "text/plain", peal_web_param(req, "id"));
}

static void on_body(peal_http_req *req, peal_val body, void *user) {
  peal_nsp_emit(user, NULL, "reading", PEAL_ARGS(body));
  peal_http_answer(req, 202, "text/plain", PEAL_S("thanks"));
}

static app begin(void) {
  app it = {.server = peal_server_new(
                &(peal_server_opts){.no_listen = true, .log.fn = quiet})};
  assert_non_null(it.server);
  it.web = peal_web_new(peal_server_http(it.server), NULL);
  assert_non_null(it.web);
  peal_nsp *nsp = peal_server_of(it.server, "/");
  assert_int_equal(peal_web_get(it.web, "/devices/:id", on_device, NULL),
                   PEAL_OK);
  assert_int_equal(peal_web_json(it.web, "POST", "/readings", on_body, nsp),
                   PEAL_OK);
  assert_int_equal(
      peal_web_static(it.web, "/files", PEAL_TEST_DIR "/unit/doors", NULL),
      PEAL_OK);
  assert_int_equal(peal_test_new(&it.test, it.server), PEAL_OK);
  return it;
}

static void end(app *it) {
  peal_test_free(it->test);
  peal_web_free(it->web);
  peal_server_free(it->server);
}

static void a_route_answers(void **state) {
  (void)state;
  app it = begin();
  peal_test_response *got = peal_test_get(it.test, "/devices/seven");
  assert_int_equal(peal_test_response_status(got), 200);
  assert_true(peal_slice_is(peal_test_response_body(got), "seven"));
  assert_true(
      peal_slice_is(peal_test_response_field(got, "Content-Length"), "5"));
  peal_test_response_free(got);
  got = peal_test_get(it.test, "/nowhere");
  assert_int_equal(peal_test_response_status(got), 404);
  peal_test_response_free(got);
  end(&it);
}

static void what_is_posted_reaches_the_sockets(void **state) {
  static const peal_client_field type = {"Content-Type", "application/json"};
  (void)state;
  app it = begin();
  peal_test_client *client = peal_test_connect(it.test, NULL);
  peal_test_response *got = peal_test_ask(
      it.test, &(peal_test_request){.method = "POST",
                                    .target = "/readings",
                                    .headers = &type,
                                    .header_count = 1,
                                    .body = peal_slice_of("{\"celsius\":21}")});
  assert_int_equal(peal_test_response_status(got), 202);
  peal_test_response_free(got);
  peal_test_event event;
  assert_true(peal_test_received(client, 0, &event));
  assert_int_equal(
      peal_val_int(peal_val_get(event.args.items[0], "celsius"), 0), 21);
  end(&it);
}

static void a_file_comes_whole(void **state) {
  (void)state;
  app it = begin();
  peal_test_response *got = peal_test_get(it.test, "/files/test_test_web.c");
  assert_int_equal(peal_test_response_status(got), 200);
  assert_true(peal_test_response_body(got).len > 1000);
  peal_test_response_free(got);
  end(&it);
}

static void on_rows(const peal_store_result *result, void *user) {
  peal_reply_send(user, PEAL_ARGS(peal_int((int64_t)result->rows.len)));
}

static void on_count(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  assert_int_equal(peal_store_read(user, "SELECT 1 UNION SELECT 2",
                                   PEAL_NO_ARGS, on_rows,
                                   peal_ack_later(event)),
                   PEAL_OK);
}

static void a_store_is_waited_for(void **state) {
  char dir[] = "/tmp/peal-test-web-XXXXXX", path[64];
  (void)state;
  assert_non_null(mkdtemp(dir));
  snprintf(path, sizeof path, "%s/db", dir);
  app it = {.server = peal_server_new(
                &(peal_server_opts){.no_listen = true, .log.fn = quiet})};
  peal_store *store = NULL;
  assert_int_equal(
      peal_store_open(&store, &(peal_store_opts){.path = path,
                                                 .workers = peal_server_workers(
                                                     it.server)}),
      PEAL_OK);
  assert_int_equal(
      peal_on(peal_server_of(it.server, "/"), "count", on_count, store),
      PEAL_OK);
  assert_int_equal(peal_test_new(&it.test, it.server), PEAL_OK);
  peal_test_client *client = peal_test_connect(it.test, NULL);
  for (int i = 0; i < 20; i++) {
    peal_args answer;
    assert_int_equal(
        peal_test_emit_ack(client, NULL, "count", PEAL_NO_ARGS, 0, &answer),
        PEAL_OK);
    assert_int_equal(peal_val_int(answer.items[0], 0), 2);
  }
  peal_test_free(it.test);
  peal_store_close(store);
  peal_server_free(it.server);
  (void)unlink(path);
  snprintf(path, sizeof path, "%s/db.lock", dir);
  (void)unlink(path);
  assert_int_equal(rmdir(dir), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_route_answers),
      cmocka_unit_test(what_is_posted_reaches_the_sockets),
      cmocka_unit_test(a_file_comes_whole),
      cmocka_unit_test(a_store_is_waited_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
