/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/http1.h"
#include "wire_case.h"

/* -- wire cases: head, body, head, body, … ---------------------------------- */

typedef struct reader {
  const wire_case *test;
  wire_log *log;
  peal_http1_limits limits;
  peal_http1_scan scan;
  peal_http1_head head;
  peal_http1_body body;
  char in[1 << 16];
  size_t in_len;
  char data[1 << 12];
  size_t data_len;
  bool in_body;
  bool failed;
} reader;

static void log_error(reader *r, peal_err err, const char *what) {
  wire_log_add(r->log, "error %u %s", peal_err_http_status(err), what);
  r->failed = true;
}

static void log_start_line(reader *r) {
  const peal_http1_head *head = &r->head;
  const char *kept = head->keep_alive ? "keep-alive" : "close";
  const char *upgrade = head->upgrade ? " upgrade" : "";
  const char *expect = head->expect_continue ? " expect-continue" : "";
  if (head->status)
    wire_log_add(r->log, "response %u %.*s 1.%u %s%s%s", head->status,
                 PEAL_SFMT(head->reason), head->minor, kept, upgrade, expect);
  else
    wire_log_add(r->log, "request %.*s %.*s 1.%u %s%s%s",
                 PEAL_SFMT(head->method), PEAL_SFMT(head->target), head->minor,
                 kept, upgrade, expect);
}

static void log_head(reader *r) {
  const peal_http1_head *head = &r->head;
  log_start_line(r);
  if (wire_case_opt(r->test, "quiet")) {
    wire_log_add(r->log, "fields %zu", head->count);
  } else {
    for (size_t i = 0; i < head->count; i++) {
      char name[256];
      peal_slice text = head->fields[i].name;
      assert_true(text.len < sizeof(name) - 2);
      memcpy(name, text.ptr, text.len);
      memcpy(name + text.len, ":", 2);
      wire_log_add_bytes(r->log, name, head->fields[i].value);
    }
  }
  switch (head->framing) {
  case PEAL_HTTP1_NO_BODY:
    wire_log_add(r->log, "body none");
    break;
  case PEAL_HTTP1_LENGTH:
    wire_log_add(r->log, "body length %llu",
                 (unsigned long long)head->content_length);
    break;
  case PEAL_HTTP1_CHUNKED:
    wire_log_add(r->log, "body chunked");
    break;
  case PEAL_HTTP1_UNTIL_CLOSE:
    wire_log_add(r->log, "body until-close");
    break;
  }
}

static void drop_input(reader *r, size_t len) {
  r->in_len -= len;
  memmove(r->in, r->in + len, r->in_len);
}

static void log_data(reader *r) {
  if (r->data_len)
    wire_log_add_bytes(r->log, "data", (peal_slice){r->data, r->data_len});
  r->data_len = 0;
}

/* Returns false if more input is needed. */
static bool read_head(reader *r) {
  size_t len = 0;
  peal_slice in = {r->in, r->in_len};
  peal_err err = peal_http1_scan_feed(&r->scan, in, &r->limits, &len);
  if (err == PEAL_ERR_AGAIN)
    return false;
  if (err) {
    log_error(r, err, "scan");
    return false;
  }
  peal_err_info info = {PEAL_OK, NULL, 0};
  peal_slice head = {r->in, len};
  if (wire_case_opt(r->test, "response"))
    err = peal_http1_response_decode(&r->head, head, &r->limits,
                                     wire_case_opt(r->test, "head") != NULL,
                                     &info);
  else
    err = peal_http1_request_decode(&r->head, head, &r->limits, &info);
  if (err) {
    assert_int_equal(err, info.code);
    log_error(r, err, info.msg);
    return false;
  }
  log_head(r);
  peal_http1_body_init(&r->body, &r->head);
  drop_input(r, len);
  r->scan = (peal_http1_scan){0};
  r->in_body = true;
  return true;
}

static bool read_body(reader *r) {
  size_t used;
  peal_slice data;
  peal_slice in = {r->in, r->in_len};
  peal_err err = peal_http1_body_feed(&r->body, in, &used, &data);
  assert_true(r->data_len + data.len <= sizeof(r->data));
  if (data.len)
    memcpy(r->data + r->data_len, data.ptr, data.len);
  r->data_len += data.len;
  drop_input(r, used);
  if (err && err != PEAL_ERR_AGAIN) {
    log_data(r);
    log_error(r, err, "body");
    return false;
  }
  if (err == PEAL_ERR_AGAIN)
    return used > 0;
  assert_true(peal_http1_body_is_done(&r->body));
  log_data(r);
  wire_log_add(r->log, "end");
  r->in_body = false;
  return true;
}

static void run_case(const wire_case *test, wire_feed *feed, wire_log *log,
                     void *user) {
  (void)user;
  reader *r = calloc(1, sizeof(*r));
  assert_non_null(r);
  r->test = test;
  r->log = log;
  r->limits.head_bytes = (size_t)wire_case_opt_u64(test, "head", 0);
  r->limits.target_bytes = (size_t)wire_case_opt_u64(test, "target", 0);
  peal_slice piece;
  while (!r->failed && wire_feed_next(feed, &piece)) {
    assert_true(r->in_len + piece.len <= sizeof(r->in));
    if (piece.len)
      memcpy(r->in + r->in_len, piece.ptr, piece.len);
    r->in_len += piece.len;
    while (r->in_body ? read_body(r) : read_head(r)) {}
  }
  log_data(r);
  if (!r->failed && (r->in_len || r->in_body))
    wire_log_add(log, "more");
  free(r);
}

static void reads_all_wire_cases_at_every_split(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("http1", WIRE_CASE_SPLIT, run_case, NULL), 0);
}

/* -- decoding --------------------------------------------------------------- */

static peal_err decode(peal_http1_head *head, const char *text) {
  return peal_http1_request_decode(head, peal_slice_of(text), NULL, NULL);
}

static void refuses_a_head_that_is_not_complete(void **state) {
  (void)state;
  static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  peal_http1_head head;
  for (size_t len = 0; len < sizeof(text) - 1; len++)
    assert_int_equal(
        peal_http1_request_decode(&head, (peal_slice){text, len}, NULL, NULL),
        PEAL_ERR_HTTP_SYNTAX);
  assert_int_equal(decode(&head, text), PEAL_OK);
}

static void refuses_bytes_behind_the_head(void **state) {
  (void)state;
  peal_http1_head head;
  assert_int_equal(decode(&head, "GET / HTTP/1.0\r\n\r\nx"),
                   PEAL_ERR_HTTP_SYNTAX);
}

static void decoding_alone_is_as_strict_as_the_scan(void **state) {
  (void)state;
  static const char *const bad[] = {
      "GET / HTTP/1.0\r\nA : b\r\n\r\n",
      "GET / HTTP/1.0\r\nA: b\r\n c\r\n\r\n",
      "GET / HTTP/1.0\r\nA: b\n\r\n",
      "GET / HTTP/1.0\r\nA: \x01\r\n\r\n",
      "GET / HTTP/1.0\nA: b\r\n\r\n",
      "GET / HTTP/1.0\r\nA\r\n\r\n",
      "GET / HTTP/1.0\r\nA: b\r\r\n\r\n",
      "GET /\x7f HTTP/1.0\r\n\r\n",
      "(GET / HTTP/1.0\r\n\r\n",
      " GET / HTTP/1.0\r\n\r\n",
      "\r\n\r\nGET / HTTP/1.0\r\n\r\n",
      "GET /\xff HTTP/1.0\r\n\r\n",
  };
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    peal_http1_head head;
    size_t len;
    peal_http1_scan scan = {0};
    assert_int_equal(decode(&head, bad[i]), PEAL_ERR_HTTP_SYNTAX);
    assert_int_equal(
        peal_http1_scan_feed(&scan, peal_slice_of(bad[i]), NULL, &len),
        PEAL_ERR_HTTP_SYNTAX);
  }
}

static void tells_where_and_why(void **state) {
  (void)state;
  static const char text[] = "GET / HTTP/1.0\r\nA : b\r\n\r\n";
  peal_http1_head head;
  peal_err_info info = {PEAL_OK, NULL, 0};
  assert_int_equal(
      peal_http1_request_decode(&head, peal_slice_of(text), NULL, &info),
      PEAL_ERR_HTTP_SYNTAX);
  assert_int_equal(info.pos, 17);
  assert_string_equal(info.msg, "no colon directly behind a header name");
}

static void finds_fields_without_case(void **state) {
  (void)state;
  peal_http1_head head;
  assert_int_equal(decode(&head, "GET / HTTP/1.0\r\ncOOKIE: a\r\nCookie: b\r\n"
                                 "Empty:\r\n\r\n"),
                   PEAL_OK);
  assert_true(peal_slice_is(peal_http1_field_get(&head, "Cookie"), "a"));
  assert_non_null(peal_http1_field_get(&head, "empty").ptr);
  assert_int_equal(peal_http1_field_get(&head, "empty").len, 0);
  assert_null(peal_http1_field_get(&head, "Cook").ptr);
}

static void finds_tokens_in_lists_over_several_fields(void **state) {
  (void)state;
  peal_http1_head head;
  assert_int_equal(decode(&head, "GET / HTTP/1.0\r\nX: a , B,, c d\r\n"
                                 "x:\r\nX: e\r\n\r\n"),
                   PEAL_OK);
  static const char *const there[] = {"A", "b", "e", "c d", ""};
  static const char *const not_there[] = {"c", "d", "ab", "a , B"};
  for (size_t i = 0; i < sizeof(there) / sizeof(*there); i++)
    assert_true(peal_http1_field_has_token(&head, "X", there[i]));
  for (size_t i = 0; i < sizeof(not_there) / sizeof(*not_there); i++)
    assert_false(peal_http1_field_has_token(&head, "X", not_there[i]));
  assert_false(peal_http1_field_has_token(&head, "Y", "a"));
}

static bool is_tchar(unsigned c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') ||
         (c && c < 0x80 && strchr("!#$%&'*+-.^_`|~", (int)c));
}

static void knows_tokens_and_field_values_byte_by_byte(void **state) {
  (void)state;
  for (unsigned c = 0; c < 256; c++) {
    char byte = (char)c;
    peal_slice text = {&byte, 1};
    bool is_value = c == '\t' || (c >= 0x20 && c != 0x7f);
    assert_int_equal(peal_http1_is_token(text), is_tchar(c));
    assert_int_equal(peal_http1_is_field_value(text), is_value);
  }
  assert_false(peal_http1_is_token(PEAL_S("")));
  assert_true(peal_http1_is_field_value(PEAL_S("")));
  assert_false(peal_http1_is_field_value(PEAL_S("a\r\nSet-Cookie: b")));
}

static void notices_one_bad_byte_anywhere_in_a_long_value(void **state) {
  (void)state;
  char text[40];
  memset(text, 0x80, sizeof(text));
  for (size_t at = 0; at < sizeof(text); at++)
    for (unsigned c = 0; c < 256; c++) {
      peal_slice value = {text, sizeof(text)};
      text[at] = (char)c;
      assert_int_equal(peal_http1_is_field_value(value),
                       c == '\t' || (c >= 0x20 && c != 0x7f));
      text[at] = (char)0x80;
    }
}

/* -- scanning --------------------------------------------------------------- */

/* The byte at which a byte-by-byte scan fails; SIZE_MAX if it does not. */
static size_t fails_at(const char *text, peal_err *err) {
  peal_http1_scan scan = {0};
  size_t len;
  for (size_t i = 1; i <= strlen(text); i++) {
    *err = peal_http1_scan_feed(&scan, (peal_slice){text, i}, NULL, &len);
    if (*err && *err != PEAL_ERR_AGAIN)
      return i - 1;
  }
  return SIZE_MAX;
}

static void notices_trouble_at_the_first_wrong_byte(void **state) {
  (void)state;

  static const struct {
    const char *text;
    size_t at;
  } cases[] = {
      {"\x16\x03\x01", 0},
      {"\n", 0},
      {"\r\r", 1},
      {"\r\n\r\n", 2},
      {"GET\r\n", 3},
      {"GET  /", 4},
      {"GET /\x80", 5},
      {"GET / HTTP/1.1\n", 14},
      {"GET / HTTP/1.1\r\n ", 16},
      {"GET / HTTP/1.1\r\nA ", 17},
      {"GET / HTTP/1.1\r\nA:\x01", 18},
      {"GET / HTTP/1.1\r\nA:\n", 18},
      {"GET / HTTP/1.1\r\nA:\rb", 19},
      {"GET / HTTP/1.1\r\nA:b\r\n\rc", 22},
  };

  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    peal_err err;
    assert_int_equal(fails_at(cases[i].text, &err), cases[i].at);
    assert_int_equal(err, PEAL_ERR_HTTP_SYNTAX);
  }
}

static void a_scan_that_failed_stays_failed(void **state) {
  (void)state;
  static const char text[] = "GET  / HTTP/1.0\r\n\r\n";
  peal_http1_scan scan = {0};
  size_t len;
  for (size_t i = 5; i < sizeof(text); i++)
    assert_int_equal(
        peal_http1_scan_feed(&scan, (peal_slice){text, i}, NULL, &len),
        PEAL_ERR_HTTP_SYNTAX);
}

static void an_empty_scan_asks_for_more(void **state) {
  (void)state;
  peal_http1_scan scan = {0};
  size_t len;
  assert_int_equal(peal_http1_scan_feed(&scan, PEAL_S(""), NULL, &len),
                   PEAL_ERR_AGAIN);
}

/* -- bodies ----------------------------------------------------------------- */

static void a_body_that_failed_stays_failed(void **state) {
  (void)state;
  peal_http1_head head = {.framing = PEAL_HTTP1_CHUNKED};
  peal_http1_body body;
  size_t used;
  peal_slice data;
  peal_http1_body_init(&body, &head);
  assert_int_equal(peal_http1_body_feed(&body, PEAL_S("x"), &used, &data),
                   PEAL_ERR_HTTP_SYNTAX);
  assert_int_equal(
      peal_http1_body_feed(&body, PEAL_S("0\r\n\r\n"), &used, &data),
      PEAL_ERR_HTTP_SYNTAX);
  assert_int_equal(used, 0);
  assert_false(peal_http1_body_is_done(&body));
}

static void gives_content_without_a_copy_and_leaves_what_follows(void **state) {
  (void)state;
  peal_http1_head head = {.framing = PEAL_HTTP1_LENGTH, .content_length = 3};
  peal_http1_body body;
  peal_slice in = PEAL_S("abcGET");
  peal_slice data;
  size_t used;
  peal_http1_body_init(&body, &head);
  assert_int_equal(peal_http1_body_feed(&body, in, &used, &data), PEAL_OK);
  assert_int_equal(used, 3);
  assert_ptr_equal(data.ptr, in.ptr);
  assert_int_equal(data.len, 3);
  assert_int_equal(peal_http1_body_feed(&body, in, &used, &data), PEAL_OK);
  assert_int_equal(used, 0);
  assert_int_equal(data.len, 0);
}

static void a_body_until_close_never_ends_by_itself(void **state) {
  (void)state;
  peal_http1_head head = {.framing = PEAL_HTTP1_UNTIL_CLOSE};
  peal_http1_body body;
  peal_slice data;
  size_t used;
  peal_http1_body_init(&body, &head);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(peal_http1_body_feed(&body, PEAL_S("abc"), &used, &data),
                     PEAL_ERR_AGAIN);
    assert_int_equal(data.len, 3);
  }
  assert_false(peal_http1_body_is_done(&body));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_all_wire_cases_at_every_split),
      cmocka_unit_test(refuses_a_head_that_is_not_complete),
      cmocka_unit_test(refuses_bytes_behind_the_head),
      cmocka_unit_test(decoding_alone_is_as_strict_as_the_scan),
      cmocka_unit_test(tells_where_and_why),
      cmocka_unit_test(finds_fields_without_case),
      cmocka_unit_test(finds_tokens_in_lists_over_several_fields),
      cmocka_unit_test(knows_tokens_and_field_values_byte_by_byte),
      cmocka_unit_test(notices_one_bad_byte_anywhere_in_a_long_value),
      cmocka_unit_test(notices_trouble_at_the_first_wrong_byte),
      cmocka_unit_test(a_scan_that_failed_stays_failed),
      cmocka_unit_test(an_empty_scan_asks_for_more),
      cmocka_unit_test(a_body_that_failed_stays_failed),
      cmocka_unit_test(gives_content_without_a_copy_and_leaves_what_follows),
      cmocka_unit_test(a_body_until_close_never_ends_by_itself),
  };
  return cmocka_run_group_tests_name("http1", tests, NULL, NULL);
}
