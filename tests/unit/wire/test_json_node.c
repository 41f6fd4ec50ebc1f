/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/json.h"

#define ORACLE PEAL_TEST_DIR "/unit/wire/json_oracle.js"
#define REFUSED (-1)
#define ACCEPTED (-2)

typedef struct record {
  char *text;
  char *expected;
  long text_len;
  long expected_len; /* or REFUSED, ACCEPTED */
} record;

static char *read_bytes(FILE *from, long len) {
  char *bytes = malloc(len > 0 ? (size_t)len : 1);
  assert_non_null(bytes);
  if (len > 0)
    assert_int_equal(fread(bytes, 1, (size_t)len, from), len);
  return bytes;
}

static bool read_record(FILE *from, record *out) {
  char line[64];
  if (!fgets(line, sizeof line, from))
    return false;
  char *end = NULL;
  out->text_len = strtol(line, &end, 10);
  out->expected_len = strtol(end, NULL, 10);
  out->text = read_bytes(from, out->text_len);
  out->expected = read_bytes(from, out->expected_len);
  return true;
}

/* What JavaScript writes comes back as it is, and is remembered if it is long
 * enough. */
static void check_same(peal_slice text, peal_arena *arena, peal_buf *buf) {
  peal_val value;
  peal_buf_reset(buf);
  if (peal_json_decode_utf8(&value, text, arena, NULL) != PEAL_OK)
    fail_msg("%.*s", PEAL_SFMT(text));
  peal_json_encode(buf, value, NULL);
  if (!peal_slice_eq(peal_buf_slice(buf), text))
    fail_msg("%.*s:\ngot %.*s", PEAL_SFMT(text),
             PEAL_SFMT(peal_buf_slice(buf)));
}

static void check_record(const record *r, peal_arena *arena, peal_buf *buf) {
  peal_slice text = {r->text, (size_t)r->text_len};
  peal_val value;
  peal_arena_reset(arena);
  peal_buf_reset(buf);
  peal_err err = peal_json_decode(&value, text, arena, NULL);
  if ((err != PEAL_OK) != (r->expected_len == REFUSED))
    fail_msg("%s: %.*s", peal_err_name(err), PEAL_SFMT(text));
  if (err != PEAL_OK || r->expected_len == ACCEPTED)
    return;
  peal_slice expected = {r->expected, (size_t)r->expected_len};
  peal_json_encode(buf, value, NULL);
  if (!peal_slice_eq(peal_buf_slice(buf), expected))
    fail_msg("%.*s:\nexpected %.*s\ngot %.*s", PEAL_SFMT(text),
             PEAL_SFMT(expected), PEAL_SFMT(peal_buf_slice(buf)));
  check_same(expected, arena, buf);
}

/* Returns how many records there were. */
static size_t compare(const char *arguments) {
  char command[1024];
  (void)snprintf(command, sizeof command, "node '%s' %s", ORACLE, arguments);
  FILE *from = popen(command, "r");
  assert_non_null(from);
  size_t count = 0;
  record r = {0};
  peal_arena arena;
  peal_buf buf;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_buf_init(&buf, NULL, 0);
  while (read_record(from, &r)) {
    check_record(&r, &arena, &buf);
    free(r.text);
    free(r.expected);
    count++;
  }
  assert_int_equal(pclose(from), 0);
  peal_arena_deinit(&arena);
  peal_buf_deinit(&buf);
  return count;
}

static void need_node(void) {
  if (system("node --version >/dev/null 2>&1") != 0)
    skip();
}

static void values_come_out_as_javascript_writes_them(void **state) {
  (void)state;
  need_node();
  assert_int_equal(compare("1 20000 0 0"), 20000);
}

static void what_javascript_refuses_is_refused_and_nothing_else(void **state) {
  (void)state;
  need_node();
  assert_int_equal(compare("2 0 20000 0"), 20000);
}

static void doubles_are_printed_as_javascript_prints_them(void **state) {
  (void)state;
  need_node();
  assert_int_equal(compare("3 0 0 200000"), 2000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_come_out_as_javascript_writes_them),
      cmocka_unit_test(what_javascript_refuses_is_refused_and_nothing_else),
      cmocka_unit_test(doubles_are_printed_as_javascript_prints_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
