/* SPDX-License-Identifier: MIT */
#include <peal/simple.h>

#include "client_fixture.h"

static peal_simple_opts simple_opts(const server_fixture *server) {
  return (peal_simple_opts){.client = fixture_opts(server)};
}

static bool is_event(const peal_doc *doc, const char *name, int64_t number) {
  peal_val all = peal_doc_val(doc);
  return peal_slice_is(peal_val_str(peal_val_at(all, 0)), name) &&
         peal_val_int(peal_val_at(all, 1), -1) == number;
}

static void a_program_from_top_to_bottom(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_simple_opts opts = simple_opts(&server);
  opts.auth = PEAL_OBJECT({"name", peal_str("simple")});
  peal_simple *simple;
  peal_doc *doc;
  char sid[64];
  assert_int_equal(peal_simple_open(&simple, &opts, NULL), PEAL_OK);
  assert_true(trace_has("server connect / auth simple\n"));
  assert_int_equal(strlen(peal_simple_sid(simple, sid, sizeof sid)), 20);
  assert_string_not_equal(peal_simple_transport(simple), "");
  assert_int_equal(
      peal_simple_call(simple, "echo", PEAL_ARGS(peal_int(1)), 0, &doc),
      PEAL_OK);
  assert_int_equal(peal_val_int(peal_val_at(peal_doc_val(doc), 0), 0), 1);
  peal_doc_free(doc);
  for (int i = 0; i < 3; i++)
    assert_int_equal(peal_simple_emit(simple, "echo", PEAL_ARGS(peal_int(i))),
                     PEAL_OK);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(peal_simple_receive(simple, 10000, &doc), PEAL_OK);
    assert_true(is_event(doc, "echo", i));
    peal_doc_free(doc);
  }
  assert_int_equal(peal_simple_receive(simple, 0, &doc), PEAL_ERR_TIMEOUT);
  assert_int_equal(peal_simple_receive(simple, 5, &doc), PEAL_ERR_TIMEOUT);
  assert_null(doc);
  peal_simple_close(simple);
  server_stop(&server);
}

static void an_open_that_fails_says_why(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_simple_opts opts = simple_opts(&server);
  peal_client_problem why;
  peal_simple *simple;
  opts.client.url = fixture_url(&server, "/nowhere");
  assert_int_equal(peal_simple_open(&simple, &opts, &why), PEAL_ERR_REFUSED);
  assert_string_equal(why.text, "Invalid namespace");
  assert_null(simple);
  fixture_end(&server);
  opts.client.url = fixture_url(&server, "");
  assert_int_equal(peal_simple_open(&simple, &opts, &why), PEAL_ERR_CONNECT);
  assert_non_null(strstr(why.text, "refused"));
  opts.retry_first = true;
  opts.open_timeout_ms = 50;
  assert_int_equal(peal_simple_open(&simple, &opts, &why), PEAL_ERR_CONNECT);
  opts.client.url = "ftp://x";
  assert_int_equal(peal_simple_open(&simple, &opts, &why), PEAL_ERR_USAGE);
  assert_non_null(strstr(why.text, "scheme"));
  opts.inbox_full = (peal_simple_full)7;
  assert_int_equal(peal_simple_open(&simple, &opts, &why), PEAL_ERR_OPTION);
  assert_int_equal(peal_simple_open(&simple, NULL, &why), PEAL_ERR_USAGE);
}

static void calls_wait_while_it_reconnects(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_simple_opts opts = simple_opts(&server);
  peal_simple *simple;
  peal_doc *doc;
  assert_int_equal(peal_simple_open(&simple, &opts, NULL), PEAL_OK);
  int port = (int)server.port;
  fixture_end(&server);
  server = fixture_serve_at(port);
  for (int i = 0; i < 10000 && *peal_simple_transport(simple); i++)
    usleep(100);
  assert_int_equal(
      peal_simple_call(simple, "echo", PEAL_ARGS(peal_int(4)), 0, &doc),
      PEAL_OK);
  assert_int_equal(peal_val_int(peal_val_at(peal_doc_val(doc), 0), 0), 4);
  peal_doc_free(doc);
  peal_simple_close(simple);
  fixture_end(&server);
}

static void when_it_is_over_everything_says_so(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_simple_opts opts = simple_opts(&server);
  peal_simple *simple;
  peal_doc *doc;
  assert_int_equal(peal_simple_open(&simple, &opts, NULL), PEAL_OK);
  assert_int_equal(peal_simple_emit(simple, "echo", PEAL_ARGS(peal_int(1))),
                   PEAL_OK);
  assert_int_equal(peal_simple_emit(simple, "bye", PEAL_NO_ARGS), PEAL_OK);
  /* What has come before is there still. */
  assert_int_equal(peal_simple_receive(simple, PEAL_OFF, &doc), PEAL_OK);
  assert_true(is_event(doc, "echo", 1));
  peal_doc_free(doc);
  assert_int_equal(peal_simple_receive(simple, PEAL_OFF, &doc),
                   PEAL_ERR_CLOSED);
  assert_int_equal(peal_simple_emit(simple, "echo", PEAL_NO_ARGS),
                   PEAL_ERR_CLOSED);
  assert_int_equal(peal_simple_call(simple, "echo", PEAL_NO_ARGS, 0, &doc),
                   PEAL_ERR_CLOSED);
  assert_string_equal(peal_simple_transport(simple), "");
  peal_simple_close(simple);
  server_stop(&server);
}

static void inbox_with(peal_simple_full full, int first) {
  server_fixture server = fixture_serve();
  peal_simple_opts opts = simple_opts(&server);
  peal_simple *simple;
  peal_doc *doc;
  opts.max_inbox_events = 4;
  opts.inbox_full = full;
  assert_int_equal(peal_simple_open(&simple, &opts, NULL), PEAL_OK);
  for (int i = 0; i < 10; i++)
    assert_int_equal(peal_simple_emit(simple, "echo", PEAL_ARGS(peal_int(i))),
                     PEAL_OK);
  /* Behind the answer of the last one all have come. */
  assert_int_equal(peal_simple_call(simple, "echo", PEAL_NO_ARGS, 0, NULL),
                   PEAL_OK);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(peal_simple_receive(simple, 0, &doc), PEAL_OK);
    assert_true(is_event(doc, "echo", first + i));
    peal_doc_free(doc);
  }
  assert_int_equal(peal_simple_dropped(simple), 6);
  peal_simple_close(simple);
  server_stop(&server);
}

static void the_inbox_is_bounded(void **state) {
  (void)state;
  inbox_with(PEAL_SIMPLE_DROP_OLDEST, 6);
  inbox_with(PEAL_SIMPLE_DROP_NEWEST, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_program_from_top_to_bottom),
      cmocka_unit_test(an_open_that_fails_says_why),
      cmocka_unit_test(calls_wait_while_it_reconnects),
      cmocka_unit_test(when_it_is_over_everything_says_so),
      cmocka_unit_test(the_inbox_is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
