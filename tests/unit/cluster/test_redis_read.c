/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/cluster_limits.h"
#include "cluster/redis_ask.h"
#include "cluster/redis_read.h"
#include "torture.h"

#define MAX_BYTES 65536u

/* A reply in one line: (1 "a" +OK -ERR x nil). */
static void print(char *out, size_t cap, const peal_redis_reply *reply) {
  size_t len = strlen(out);
  switch (reply->kind) {
  case PEAL_REDIS_NIL:
    snprintf(out + len, cap - len, "nil");
    break;
  case PEAL_REDIS_INTEGER:
    snprintf(out + len, cap - len, "%lld", (long long)reply->number);
    break;
  case PEAL_REDIS_STRING:
    snprintf(out + len, cap - len, "\"%.*s\"", PEAL_SFMT(reply->text));
    break;
  case PEAL_REDIS_STATUS:
    snprintf(out + len, cap - len, "+%.*s", PEAL_SFMT(reply->text));
    break;
  case PEAL_REDIS_ERROR:
    snprintf(out + len, cap - len, "-%.*s", PEAL_SFMT(reply->text));
    break;
  case PEAL_REDIS_ARRAY:
    snprintf(out + len, cap - len, "(");
    for (size_t i = 0; i < reply->count; i++) {
      print(out, cap, reply->items[i]);
      if (i + 1 < reply->count)
        strcat(out, " ");
    }
    strcat(out, ")");
    break;
  }
}

/* All that can be read of `bytes`, given in pieces of `step`; why it ended. */
static peal_err read_all(peal_redis_read *read, peal_slice bytes, size_t step,
                         char *out, size_t cap) {
  const peal_redis_reply *reply;
  peal_err err = PEAL_ERR_AGAIN;
  for (size_t at = 0; at < bytes.len && err == PEAL_ERR_AGAIN; at += step) {
    size_t len = bytes.len - at < step ? bytes.len - at : step;
    /* A block of its own, so that a sanitizer sees what is kept. */
    char *piece = malloc(len);
    memcpy(piece, bytes.ptr + at, len);
    err = peal_redis_read_feed(read, (peal_slice){piece, len});
    free(piece);
    while (!err && !(err = peal_redis_read_next(read, &reply))) {
      print(out, cap, reply);
      strcat(out, "\n");
    }
  }
  return err;
}

static peal_err read_text(const char *bytes, char *out, size_t cap) {
  size_t len = strlen(bytes);
  char again[4096];
  peal_err err = PEAL_OK;
  for (size_t step = len; step; step /= 2) { /* whole to byte by byte */
    peal_redis_read *read = peal_redis_read_new(peal_mem_libc(), MAX_BYTES);
    again[0] = 0;
    err = read_all(read, (peal_slice){bytes, len}, step, again, sizeof(again));
    if (step < len)
      assert_string_equal(again, out);
    snprintf(out, cap, "%s", again);
    peal_redis_read_free(read);
  }
  return err;
}

static void replies_come_whole_however_they_are_cut(void **state) {
  char out[4096] = "";
  (void)state;
  assert_int_equal(
      read_text("+OK\r\n-WRONGPASS no\r\n:-12\r\n$3\r\na\r\n\r\n$0\r\n\r\n"
                "$-1\r\n*0\r\n*-1\r\n*2\r\n:1\r\n*2\r\n$1\r\nx\r\n*0\r\n+half",
                out, sizeof(out)),
      PEAL_ERR_AGAIN);
  assert_string_equal(out, "+OK\n-WRONGPASS no\n-12\n\"a\r\n\"\n\"\"\nnil\n()\n"
                           "nil\n(1 (\"x\" ()))\n");
}

static void what_is_no_reply_is_said(void **state) {
  static const char *const bad[] = {
      "HTTP/1.1 400 Bad Request\r\n", "*2\r\n:1\r\nx\r\n", "$x\r\n\r\n",
      "*x\r\n", "$-2\r\n", "*-2\r\n", ":1x\r\n", "\r\n",
      /* deeper than any hiredis reads */
      "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
      "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"};
  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    char out[4096] = "";
    assert_int_equal(read_text(bad[i], out, sizeof(out)), PEAL_ERR_ANSWER);
    assert_string_equal(out, "");
  }
}

static void arrays_may_lie_in_arrays(void **state) {
  char out[4096] = "";
  (void)state;
  /* XREAD: streams, entries, fields. */
  assert_int_equal(
      read_text("*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf"
                "\r\n$1\r\nv\r\n",
                out, sizeof(out)),
      PEAL_ERR_AGAIN);
  assert_string_equal(out, "((\"s\" ((\"1-0\" (\"f\" \"v\")))))\n");
}

static void a_reply_over_its_ceiling_is_refused(void **state) {
  static const char *const bad[] = {"*9000\r\n", "*1048577\r\n",
                                    "*1000000000\r\n", "*2147483647\r\n",
                                    "*9223372036854775807\r\n"};
  char out[4096] = "", head[32];
  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    peal_err err = read_text(bad[i], out, sizeof(out));
    /* hiredis has a ceiling of its own, far above, that differs. */
    assert_true(err == PEAL_ERR_TOO_LONG || (i > 1 && err == PEAL_ERR_ANSWER));
  }
  /* A string that is announced, and comes without an end. */
  static char endless[MAX_BYTES + 4096];
  for (int kind = 0; kind < 2; kind++) {
    memset(endless, 'x', sizeof(endless));
    peal_redis_read *read = peal_redis_read_new(peal_mem_libc(), MAX_BYTES);
    int len = snprintf(head, sizeof(head), kind ? "+" : "$400000000\r\n");
    memcpy(endless, head, (size_t)len);
    assert_int_equal(read_all(read, (peal_slice){endless, sizeof(endless)},
                              1000, out, sizeof(out)),
                     PEAL_ERR_TOO_LONG);
    peal_redis_read_free(read);
  }
  /* Many that are small: the tree is more than the bytes. */
  peal_redis_read *read = peal_redis_read_new(peal_mem_libc(), MAX_BYTES);
  size_t len = (size_t)snprintf(endless, sizeof(endless), "*2000\r\n");
  for (int i = 0; i < 2000; i++, len += 4)
    memcpy(endless + len, ":1\r\n", 4);
  assert_int_equal(
      read_all(read, (peal_slice){endless, len}, 4096, out, sizeof(out)),
      PEAL_ERR_TOO_LONG);
  peal_redis_read_free(read);
}

/* What was needed for a large one is given back. */
static void memory_goes_when_the_next_is_read(void **state) {
  torture memory;
  static char text[40000];
  const peal_redis_reply *reply;
  (void)state;
  torture_init(&memory, 0);
  peal_redis_read *read = peal_redis_read_new(&memory.mem, MAX_BYTES);
  size_t len = (size_t)snprintf(text, sizeof(text), "$39000\r\n");
  memset(text + len, 'x', 39000);
  memcpy(text + len + 39000, "\r\n", 2);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(
        peal_redis_read_feed(read, (peal_slice){text, len + 39002}), PEAL_OK);
    assert_int_equal(peal_redis_read_next(read, &reply), PEAL_OK);
    assert_int_equal(reply->text.len, 39000);
    assert_int_equal(peal_redis_read_next(read, &reply), PEAL_ERR_AGAIN);
    assert_true(memory.bytes < 10000);
  }
  peal_redis_read_free(read);
  assert_int_equal(memory.live, 0);
}

static peal_err read_once(const peal_mem *mem, void *user) {
  const char *bytes = "*3\r\n$5\r\nhello\r\n*2\r\n:1\r\n$-1\r\n-ERR\r\n+OK\r\n";
  const peal_redis_reply *reply;
  peal_redis_read *read = peal_redis_read_new(mem, MAX_BYTES);
  peal_err err = PEAL_ERR_NOMEM;
  (void)user;
  if (!read)
    return err;
  err = peal_redis_read_feed(read, peal_slice_of(bytes));
  while (!err)
    err = peal_redis_read_next(read, &reply);
  peal_redis_read_free(read);
  return err == PEAL_ERR_AGAIN ? PEAL_OK : err;
}

static peal_err ask_once(const peal_mem *mem, void *user) {
  const peal_slice argv[3] = {PEAL_S("SET"), PEAL_S(""), PEAL_S("a\r\nb")};
  peal_redis_ask *ask = peal_redis_ask_new(mem, argv, 3);
  (void)user;
  if (!ask)
    return PEAL_ERR_NOMEM;
  assert_int_equal(ask->len, strlen("*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\r\nb"
                                    "\r\n"));
  assert_memory_equal(
      ask->text, "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\r\nb\r\n", ask->len);
  assert_true(peal_slice_is(peal_redis_ask_last(ask, 4), "a\r\nb"));
  mem->release(mem->user, ask);
  return PEAL_OK;
}

static void memory_may_be_out_at_any_time(void **state) {
  size_t count;
  (void)state;
  assert_true(torture_run(read_once, NULL, false, &count));
  assert_true(count >= 2);
  assert_true(torture_run(ask_once, NULL, false, &count));
  assert_int_equal(count, 1);
}

static void a_reply_is_looked_at_without_care(void **state) {
  peal_redis_reply seven = {.kind = PEAL_REDIS_INTEGER, .number = 7};
  peal_redis_reply eight = {.kind = PEAL_REDIS_STRING, .text = PEAL_S("8")};
  peal_redis_reply error = {.kind = PEAL_REDIS_ERROR,
                            .text = PEAL_S("MOVED 1 a:2")};
  peal_redis_reply *items[] = {&seven, &eight};
  peal_redis_reply array = {
      .kind = PEAL_REDIS_ARRAY, .items = items, .count = 2};
  int64_t number = 0;
  (void)state;
  assert_null(peal_redis_reply_at(NULL, 0));
  assert_null(peal_redis_reply_at(&seven, 0));
  assert_null(peal_redis_reply_at(&array, 2));
  assert_null(peal_redis_reply_text_at(&array, 0).ptr);
  assert_true(peal_slice_is(peal_redis_reply_text_at(&array, 1), "8"));
  assert_true(peal_redis_reply_number(&seven, &number) && number == 7);
  assert_true(peal_redis_reply_number(&eight, &number) && number == 8);
  assert_false(peal_redis_reply_number(NULL, &number));
  assert_false(peal_redis_reply_number(&array, &number));
  assert_true(peal_redis_reply_is_error(&error, "MOVED"));
  assert_false(peal_redis_reply_is_error(&error, "MOVE"));
  assert_false(peal_redis_reply_is_error(&eight, "8"));
  assert_false(peal_redis_reply_is_error(NULL, "MOVED"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(replies_come_whole_however_they_are_cut),
      cmocka_unit_test(what_is_no_reply_is_said),
      cmocka_unit_test(arrays_may_lie_in_arrays),
      cmocka_unit_test(a_reply_over_its_ceiling_is_refused),
      cmocka_unit_test(memory_goes_when_the_next_is_read),
      cmocka_unit_test(memory_may_be_out_at_any_time),
      cmocka_unit_test(a_reply_is_looked_at_without_care),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
