/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/wait.h>

#include "wire/json.h"
#include "wire/msgpack.h"

#define ORACLE PEAL_TEST_DIR "/unit/wire/msgpack_oracle.js"
#define PACKAGES PEAL_TEST_DIR "/cluster"
#define NO_PACKAGES 77

typedef struct record {
  char what;
  peal_slice bytes, json;
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
  out->what = line[0];
  out->bytes.len = (size_t)strtol(line + 1, &end, 10);
  out->json.len = (size_t)strtol(end, NULL, 10);
  out->bytes.ptr = read_bytes(from, (long)out->bytes.len);
  out->json.ptr = read_bytes(from, (long)out->json.len);
  return true;
}

static void assert_text(peal_slice in, peal_slice want) {
  static peal_slice parts[4096];
  size_t count = 0;
  peal_buf text;
  peal_buf_init(&text, NULL, 0);
  assert_int_equal(peal_msgpack_binaries(in, &count), PEAL_OK);
  assert_true(count < 4096);
  assert_int_equal(peal_msgpack_to_json(&text, in, 0, parts), PEAL_OK);
  if (!peal_slice_eq(peal_buf_slice(&text), want))
    fail_msg("expected %.*s\ngot %.*s", PEAL_SFMT(want),
             PEAL_SFMT(peal_buf_slice(&text)));
  peal_buf_deinit(&text);
}

static void assert_written(peal_val value, const record *r) {
  peal_buf out;
  peal_buf_init(&out, NULL, 0);
  peal_msgpack_encode(
      &out, value, r->what == 'p' ? PEAL_MSGPACK_PLAIN : PEAL_MSGPACK_NOTEPACK);
  if (!peal_slice_eq(peal_buf_slice(&out), r->bytes))
    fail_msg("written otherwise: %.*s", PEAL_SFMT(r->json));
  peal_buf_deinit(&out);
}

/* What they refuse is refused here; more is, too. */
static void check(const record *r, peal_arena *arena, size_t *refused) {
  peal_val value;
  peal_arena_reset(arena);
  peal_err err = peal_msgpack_decode(&value, r->bytes, arena);
  *refused += err != PEAL_OK;
  if (r->what == 'x')
    assert_int_not_equal(err, PEAL_OK);
  if (r->what == 'x' || r->what == 'y')
    return;
  assert_int_equal(err, PEAL_OK);
  assert_text(r->bytes, r->json);
  if (r->what != 'd')
    assert_written(value, r);
}

static size_t compare(const char *arguments, size_t *refused) {
  char command[2048];
  record r;
  peal_arena arena;
  size_t count = 0;
  (void)snprintf(command, sizeof command, "node '%s' '%s' %s", ORACLE, PACKAGES,
                 arguments);
  if (system("node --version >/dev/null 2>&1") != 0)
    skip();
  FILE *from = popen(command, "r");
  assert_non_null(from);
  peal_arena_init(&arena, NULL, 0, 0);
  for (; read_record(from, &r); count++) {
    check(&r, &arena, refused);
    free((char *)(uintptr_t)r.bytes.ptr);
    free((char *)(uintptr_t)r.json.ptr);
  }
  int status = pclose(from);
  peal_arena_deinit(&arena);
  if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PACKAGES)
    skip();
  assert_int_equal(status, 0);
  return count;
}

static void random_values_are_read_and_written_as_both_libraries_do(
    void **state) {
  size_t refused = 0;
  (void)state;
  assert_int_equal(compare("1 1500 0", &refused), 6000);
  assert_int_equal(refused, 0);
}

static void what_notepack_refuses_is_refused(void **state) {
  size_t refused = 0;
  (void)state;
  assert_int_equal(compare("2 0 5000", &refused), 5000);
  assert_in_range(refused, 500, 4999);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_values_are_read_and_written_as_both_libraries_do),
      cmocka_unit_test(what_notepack_refuses_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
