/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/log_text.h"
#include "net/log_queue.h"
#include "net/log_repeat.h"
#include "net/logger.h"

typedef struct heard {
  int count, sums;
  char text[2048], peer[64], sid[64], area[16];
  size_t len;
  peal_log_level level;
  int64_t time_ms;
} heard;

static void hear(const peal_log_record *record, void *user) {
  heard *to = user;
  to->count++;
  to->len = record->text.len;
  to->level = record->level;
  to->time_ms = record->time_ms;
  snprintf(to->text, sizeof(to->text), "%.*s", PEAL_SFMT(record->text));
  if (strstr(to->text, "more like this in the last second: no cat"))
    to->sums++;
  snprintf(to->peer, sizeof(to->peer), "%.*s", PEAL_SFMT(record->peer));
  snprintf(to->sid, sizeof(to->sid), "%.*s", PEAL_SFMT(record->sid));
  snprintf(to->area, sizeof(to->area), "%s", record->area);
}

static void tells_what_it_was_told(void **state) {
  (void)state;
  heard to = {0};
  peal_logger *logger =
      peal_logger_new(&(peal_log_opts){.fn = hear, .user = &to});
  peal_logger_write(logger, PEAL_LOG_WARN, "http", PEAL_S("10.0.0.1"),
                    PEAL_S("abc"), "%d bytes of %s", 12, "junk");
  assert_int_equal(to.count, 1);
  assert_string_equal(to.text, "12 bytes of junk");
  assert_string_equal(to.peer, "10.0.0.1");
  assert_string_equal(to.sid, "abc");
  assert_string_equal(to.area, "http");
  assert_int_equal(to.level, PEAL_LOG_WARN);
  assert_true(to.time_ms > INT64_C(1500000000000));
  peal_logger_free(logger);
}

static void leaves_out_what_is_below_its_level(void **state) {
  (void)state;
  const peal_slice none = {NULL, 0};
  heard to = {0};
  peal_logger *logger = peal_logger_new(
      &(peal_log_opts){.fn = hear, .user = &to, .level = PEAL_LOG_WARN});
  peal_logger_write(logger, PEAL_LOG_INFO, "x", none, none, "no");
  assert_int_equal(to.count, 0);
  assert_true(peal_logger_wants(logger, PEAL_LOG_ERROR));
  assert_false(peal_logger_wants(logger, PEAL_LOG_DEBUG));
  peal_logger_free(logger);
  logger = peal_logger_new(
      &(peal_log_opts){.fn = hear, .user = &to, .level = PEAL_LOG_OFF});
  assert_false(peal_logger_wants(logger, PEAL_LOG_ERROR));
  peal_logger_free(logger);
  peal_logger_free(NULL);
}

static void cuts_long_lines_and_replaces_control_characters(void **state) {
  (void)state;
  const peal_slice none = {NULL, 0};
  heard to = {0};
  char big[5000];
  memset(big, 'a', sizeof(big) - 1);
  big[sizeof(big) - 1] = 0;
  peal_logger *logger =
      peal_logger_new(&(peal_log_opts){.fn = hear, .user = &to});
  peal_logger_write(logger, PEAL_LOG_INFO, "x", none, none, "%s", big);
  assert_in_range(to.len, 1000, 1024);
  peal_logger_write(logger, PEAL_LOG_INFO, "x", none, none, "%s",
                    "a\r\nb\x1b[31m\x7f");
  assert_string_equal(to.text, "a??b?[31m?");
  peal_logger_free(logger);
}

static void expect_clean(const char *text, const char *expected) {
  char mine[64];
  size_t len = strlen(text);
  memcpy(mine, text, len + 1);
  peal_log_text_clean(mine, len);
  assert_string_equal(mine, expected);
}

static void no_control_character_of_any_kind_is_left(void **state) {
  (void)state;
  expect_clean("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", /* as it is */
               "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
  expect_clean("a\xc2\x9b"
               "31m",
               "a??31m"); /* U+009B, CSI */
  expect_clean("a\xc2\x85"
               "b",
               "a??b");                 /* U+0085, NEL */
  expect_clean("\xc2\xa0", "\xc2\xa0"); /* U+00A0 is none */
  expect_clean("a\x9b"
               "31m",
               "a?31m");     /* a lone byte */
  expect_clean("\xc3", "?"); /* cut */
  expect_clean("\xe2\x82", "??");
  expect_clean("\xc0\x9b", "??"); /* a longer form of U+001B */
  expect_clean("\xe0\x82\x9b", "???");
  expect_clean("\xed\xa0\x80", "???"); /* a surrogate */
  expect_clean("\xf4\x90\x80\x80", "????");
  expect_clean("\xff\xfe", "??");
}

/* -- repeats ---------------------------------------------------------------- */

static void lines_of_one_kind_are_summed_up_within_a_second(void **state) {
  (void)state;
  peal_log_repeats repeats = {0};
  peal_log_repeat over;
  int written = 0;
  for (int i = 0; i < 1000; i++) {
    bool may = peal_log_repeat_ask(&repeats, "kind", "x", PEAL_LOG_INFO,
                                   1000 + (uint64_t)i / 2, &over);
    if (may)
      peal_log_repeat_note(&repeats, "kind", PEAL_S("the text"));
    written += may;
    assert_int_equal(over.more, 0);
  }
  assert_int_equal(written, PEAL_LOG_REPEAT_LINES);
  assert_int_equal(peal_log_repeat_next_ms(&repeats), 2000);
  assert_false(peal_log_repeat_take(&repeats, 1999, &over));
  assert_true(peal_log_repeat_take(&repeats, 2000, &over));
  assert_int_equal(over.more, 1000 - PEAL_LOG_REPEAT_LINES);
  assert_int_equal(over.len, strlen("the text"));
  assert_false(peal_log_repeat_take(&repeats, UINT64_MAX, &over));
  assert_int_equal(peal_log_repeat_next_ms(&repeats), UINT64_MAX);
}

static void a_new_second_tells_what_the_old_one_had(void **state) {
  (void)state;
  peal_log_repeats repeats = {0};
  peal_log_repeat over;
  for (int i = 0; i < 8; i++)
    (void)peal_log_repeat_ask(&repeats, "kind", "x", PEAL_LOG_WARN, 5, &over);
  assert_true(
      peal_log_repeat_ask(&repeats, "kind", "x", PEAL_LOG_WARN, 1005, &over));
  assert_int_equal(over.more, 3);
  assert_int_equal(over.level, PEAL_LOG_WARN);
}

static void a_kind_that_makes_room_is_told(void **state) {
  (void)state;
  static const char kinds[PEAL_LOG_REPEAT_KINDS + 1];
  peal_log_repeats repeats = {0};
  peal_log_repeat over;
  for (size_t i = 0; i < PEAL_LOG_REPEAT_KINDS; i++)
    for (int line = 0; line < 9; line++)
      (void)peal_log_repeat_ask(&repeats, &kinds[i], "x", PEAL_LOG_INFO, i,
                                &over);
  assert_true(peal_log_repeat_ask(&repeats, &kinds[PEAL_LOG_REPEAT_KINDS], "x",
                                  PEAL_LOG_INFO, 100, &over));
  assert_int_equal(over.more, 4);
  assert_ptr_equal(over.format, &kinds[0]);
}

/* -- the queue -------------------------------------------------------------- */

static void a_queue_is_bounded_and_counts_what_does_not_fit(void **state) {
  (void)state;
  peal_log_queue queue = {0};
  char text[1000];
  memset(text, 't', sizeof(text));
  peal_log_record record = {.area = "x", .text = {text, sizeof(text)}};
  assert_true(peal_log_queue_put(&queue, &record));
  for (int i = 1; i < 1000; i++)
    assert_false(peal_log_queue_put(&queue, &record));
  assert_true(queue.bytes <= PEAL_LOG_QUEUE_BYTES);
  assert_true(queue.dropped > 700);
  size_t dropped = queue.dropped;
  size_t kept = 0;
  free(peal_log_queue_take(&queue));
  kept++;
  assert_false(peal_log_queue_put(&queue, &record));
  assert_int_equal(queue.dropped, 0);
  size_t told = 0;
  for (;;) {
    peal_log_entry *entry = peal_log_queue_take(&queue);
    if (!entry)
      break;
    told += entry->dropped;
    kept++;
    free(entry);
  }
  assert_int_equal(told, dropped);
  assert_int_equal(kept + dropped, 1001);
  assert_int_equal(queue.bytes, 0);
}

/* -- the thread ------------------------------------------------------------- */

typedef struct gate {
  uv_sem_t open;
  atomic_int lines, dropped;
  bool order_is_wrong;
  int next;
} gate;

static void hear_slowly(const peal_log_record *record, void *user) {
  gate *it = user;
  if (atomic_fetch_add(&it->lines, 1) == 0)
    uv_sem_wait(&it->open);
  int number = 0;
  if (sscanf(record->text.ptr, "%d lines dropped", &number) == 1 &&
      strcmp(record->area, "log") == 0) {
    atomic_fetch_add(&it->dropped, number);
    it->next += number;
  } else if (sscanf(record->text.ptr, "line %d", &number) == 1) {
    it->order_is_wrong |= number != it->next++;
  }
}

/* The callback stands still; the writer does not. */
static void a_log_that_hangs_stops_no_writer(void **state) {
  (void)state;
  const peal_slice none = {NULL, 0};
  gate it = {.next = 0};
  uv_sem_init(&it.open, 0);
  peal_logger *logger =
      peal_logger_new(&(peal_log_opts){.fn = hear_slowly, .user = &it});
  peal_logger_start(logger);
  for (int i = 0; i < 20000; i++)
    peal_logger_write_each(logger, PEAL_LOG_INFO, "x", none, none,
                           "line %d of very many", i);
  uv_sem_post(&it.open);
  peal_logger_stop(logger);
  assert_int_equal(it.next, 20000);
  assert_false(it.order_is_wrong);
  assert_true(atomic_load(&it.dropped) > 0);
  peal_logger_free(logger);
  uv_sem_destroy(&it.open);
}

static peal_logger *talking;

static void hear_and_talk(const peal_log_record *record, void *user) {
  const peal_slice none = {NULL, 0};
  (void)record;
  atomic_fetch_add((atomic_int *)user, 1);
  peal_logger_write(talking, PEAL_LOG_ERROR, "x", none, none, "from inside");
}

static void a_callback_that_logs_neither_hangs_nor_recurs(void **state) {
  (void)state;
  const peal_slice none = {NULL, 0};
  atomic_int lines = 0;
  talking =
      peal_logger_new(&(peal_log_opts){.fn = hear_and_talk, .user = &lines});
  peal_logger_write(talking, PEAL_LOG_INFO, "x", none, none, "one");
  assert_int_equal(atomic_load(&lines), 1);
  peal_logger_start(talking);
  peal_logger_write(talking, PEAL_LOG_INFO, "x", none, none, "two");
  peal_logger_stop(talking);
  assert_int_equal(atomic_load(&lines), 2);
  peal_logger_free(talking);
}

static void sums_come_when_the_log_ends_at_the_latest(void **state) {
  (void)state;
  const peal_slice none = {NULL, 0};
  for (int started = 0; started < 2; started++) {
    heard to = {0};
    peal_logger *logger =
        peal_logger_new(&(peal_log_opts){.fn = hear, .user = &to});
    if (started)
      peal_logger_start(logger);
    for (int i = 0; i < 50; i++)
      peal_logger_write(logger, PEAL_LOG_INFO, "x", none, none, "no %s", "cat");
    peal_logger_free(logger);
    assert_true(to.count <= 50);
    assert_true(to.sums > 0);
  }
}

static void debug_lines_are_never_summed(void **state) {
  (void)state;
  const peal_slice none = {NULL, 0};
  heard to = {0};
  peal_logger *logger = peal_logger_new(
      &(peal_log_opts){.fn = hear, .user = &to, .level = PEAL_LOG_DEBUG});
  for (int i = 0; i < 50; i++)
    peal_logger_write(logger, PEAL_LOG_DEBUG, "x", none, none, "step");
  assert_int_equal(to.count, 50);
  peal_logger_free(logger);
}

/* A child whose standard error output is a pipe that nobody reads: it gets to
 * its end all the same, with a thread for the log and without one. */
static void write_to_unread_pipe(bool started) {
  const peal_slice none = {NULL, 0};
  int ends[2], status = 0;
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    alarm(60);
    dup2(ends[1], STDERR_FILENO);
    peal_logger *logger = peal_logger_new(NULL);
    if (started)
      peal_logger_start(logger);
    for (int i = 0; i < 5000; i++)
      peal_logger_write_each(logger, PEAL_LOG_INFO, "x", none, none,
                             "line %d fills the pipe a little more", i);
    peal_logger_stop(logger);
    peal_logger_free(logger);
    _exit(7);
  }
  close(ends[1]);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 7);
  char start[64];
  assert_int_equal(read(ends[0], start, sizeof(start)), sizeof(start));
  assert_non_null(memmem(start, sizeof(start), "info x: line 0 fills", 20));
  close(ends[0]);
}

static void an_unread_pipe_stops_nobody(void **state) {
  (void)state;
  write_to_unread_pipe(true);
  write_to_unread_pipe(false);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_what_it_was_told),
      cmocka_unit_test(leaves_out_what_is_below_its_level),
      cmocka_unit_test(cuts_long_lines_and_replaces_control_characters),
      cmocka_unit_test(no_control_character_of_any_kind_is_left),
      cmocka_unit_test(lines_of_one_kind_are_summed_up_within_a_second),
      cmocka_unit_test(a_new_second_tells_what_the_old_one_had),
      cmocka_unit_test(a_kind_that_makes_room_is_told),
      cmocka_unit_test(a_queue_is_bounded_and_counts_what_does_not_fit),
      cmocka_unit_test(a_log_that_hangs_stops_no_writer),
      cmocka_unit_test(a_callback_that_logs_neither_hangs_nor_recurs),
      cmocka_unit_test(sums_come_when_the_log_ends_at_the_latest),
      cmocka_unit_test(debug_lines_are_never_summed),
      cmocka_unit_test(an_unread_pipe_stops_nobody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
