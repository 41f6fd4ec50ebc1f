/* SPDX-License-Identifier: MIT */
/* reserved: a program that was compiled for a newer library is refused where it
 * wants what this one does not know, and one that knows less gets defaults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <peal/config.h>
#include <peal/http.h>
#include <peal/store.h>
#include <peal/web.h>

#include "base/reserved.h"

static const peal_log_opts quiet = {.level = PEAL_LOG_OFF};

static void every_word_counts(void **state) {
  (void)state;
  uintptr_t words[4] = {0};
  assert_true(peal_reserved_are_zero(words, 4));
  for (size_t i = 0; i < 4; i++) {
    words[i] = (uintptr_t)1 << 63 >> i;
    assert_false(peal_reserved_are_zero(words, 4));
    words[i] = 0;
  }
}

static void no_server_ignores_an_option(void **state) {
  (void)state;
  peal_http_server_opts http = {.no_listen = true, .log = quiet};
  peal_http_server *server = NULL;
  http.reserved[0] = 1;
  assert_int_equal(peal_http_server_new(&server, &http), PEAL_ERR_OPTION);
  http = (peal_http_server_opts){.no_listen = true, .log = quiet};
  http.log.reserved[0] = 1;
  assert_int_equal(peal_http_server_new(&server, &http), PEAL_ERR_OPTION);
  peal_workers_opts workers = {.log = quiet};
  workers.reserved[0] = 1;
  assert_null(peal_workers_new(&workers));
}

static void nothing(peal_http_req *req, void *user) {
  (void)req, (void)user;
}

static void nothing_on_a_server_ignores_an_option(void **state) {
  (void)state;
  peal_http_server *server = NULL;
  peal_http_server_opts http = {.no_listen = true, .log = quiet};
  assert_int_equal(peal_http_server_new(&server, &http), PEAL_OK);
  peal_http_listen_opts place = {.port = PEAL_PORT_ANY, .reserved = {1}};
  assert_int_equal(peal_http_listen(server, &place, NULL), PEAL_ERR_OPTION);
  peal_web_opts wrong = {.reserved = {1}};
  assert_null(peal_web_new(server, &wrong));
  peal_web *app = peal_web_new(server, NULL);
  assert_non_null(app);
  peal_cors_opts cors = {.reserved = {1}};
  peal_web_route route = {.path = "/a", .reserved = {1}};
  route.on_request = nothing;
  assert_int_equal(peal_web_route_add(app, &route), PEAL_ERR_OPTION);
  route.reserved[0] = 0;
  route.cors = &cors;
  assert_int_equal(peal_web_route_add(app, &route), PEAL_ERR_OPTION);
  peal_web_static_opts folder = {.reserved = {1}};
  assert_int_equal(peal_web_static(app, "/", "/", &folder), PEAL_ERR_OPTION);
  peal_web_free(app);
  peal_http_server_free(server);
}

static void the_rest_of_the_web_layer_refuses_too(void **state) {
  (void)state;
  peal_store *store = NULL;
  peal_store_opts at = {.path = "never", .log = quiet, .reserved = {1}};
  assert_int_equal(peal_store_open(&store, &at), PEAL_ERR_OPTION);
  peal_logfile *file = NULL;
  peal_logfile_opts lines = {.path = "never", .reserved = {1}};
  assert_int_equal(peal_logfile_new(&file, &lines), PEAL_ERR_OPTION);
  assert_null(
      peal_web_limit_new(&(peal_web_limit_opts){.count = 1, .reserved = {1}}));
  peal_web_problem problem;
  assert_false(peal_web_fields_check(
      PEAL_OBJECT({"a", peal_int(1)}),
      &(peal_web_field){.name = "a", .type = PEAL_INT, .reserved = {1}}, 1,
      &problem));
  assert_string_equal(problem.field, "a");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_word_counts),
      cmocka_unit_test(no_server_ignores_an_option),
      cmocka_unit_test(nothing_on_a_server_ignores_an_option),
      cmocka_unit_test(the_rest_of_the_web_layer_refuses_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
