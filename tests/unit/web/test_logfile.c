/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include <peal/web.h>

static char dir[64];
static char path[96];

static int setup(void **state) {
  (void)state;
  strcpy(dir, "/tmp/peal-log-XXXXXX");
  assert_non_null(mkdtemp(dir));
  snprintf(path, sizeof(path), "%s/x.log", dir);
  return 0;
}

static int teardown(void **state) {
  char command[100];
  (void)state;
  snprintf(command, sizeof(command), "rm -rf %s", dir);
  return system(command);
}

static void log_text(peal_logfile *file, const char *text) {
  peal_logfile_log(&(peal_log_record){.level = PEAL_LOG_INFO,
                                      .area = "test",
                                      .text = peal_slice_of(text),
                                      .peer = PEAL_S("::1"),
                                      .time_ms = 1000},
                   file);
}

static long size_of(unsigned number) {
  char name[120];
  struct stat stat_of;
  snprintf(name, sizeof(name), number ? "%s.%u" : "%s", path, number);
  return stat(name, &stat_of) == 0 ? (long)stat_of.st_size : -1;
}

static void writes_one_line_per_record(void **state) {
  peal_logfile *file = NULL;
  char text[200] = "";
  (void)state;
  assert_int_equal(peal_logfile_new(&file, &(peal_logfile_opts){.path = path}),
                   PEAL_OK);
  log_text(file, "hello");
  peal_logfile_log(&(peal_log_record){.level = PEAL_LOG_ERROR,
                                      .area = "a",
                                      .text = PEAL_S("b"),
                                      .sid = PEAL_S("s")},
                   file);
  peal_logfile_free(file);
  FILE *in = fopen(path, "r");
  assert_true(fread(text, 1, sizeof(text) - 1, in) > 0);
  fclose(in);
  assert_string_equal(text,
                      "1970-01-01T00:00:01.000Z info test: hello peer=::1\n"
                      "1970-01-01T00:00:00.000Z error a: b sid=s\n");
}

static void rotates_by_size_and_keeps_so_many(void **state) {
  peal_logfile *file = NULL;
  char line[101];
  (void)state;
  memset(line, 'x', 100);
  line[100] = 0;
  assert_int_equal(
      peal_logfile_new(
          &file,
          &(peal_logfile_opts){.path = path, .max_bytes = 1000, .count = 2}),
      PEAL_OK);
  for (int i = 0; i < 60; i++)
    log_text(file, line);
  peal_logfile_free(file);
  for (unsigned i = 0; i < 3; i++) {
    long size = size_of(i);
    assert_true(size > 0 && size <= 1000 + 200);
    assert_int_equal(size % 146, 0); /* whole lines */
  }
  assert_int_equal(size_of(3), -1);
}

static size_t lines_of(unsigned number) {
  char name[120];
  size_t lines = 0;
  snprintf(name, sizeof(name), number ? "%s.%u" : "%s", path, number);
  FILE *in = fopen(name, "r");
  for (int c = in ? getc(in) : EOF; c != EOF; c = getc(in))
    lines += c == '\n';
  if (in)
    fclose(in);
  return lines;
}

/* And it ends: the thread does not try for ever. */
static void writes_on_where_a_folder_stands_in_the_way(void **state) {
  peal_logfile *file = NULL;
  char line[101], folder[120];
  (void)state;
  memset(line, 'x', 100);
  line[100] = 0;
  snprintf(folder, sizeof(folder), "%s.1", path);
  assert_int_equal(mkdir(folder, 0700), 0);
  assert_int_equal(
      peal_logfile_new(
          &file,
          &(peal_logfile_opts){.path = path, .max_bytes = 1000, .count = 1}),
      PEAL_OK);
  for (int i = 0; i < 60; i++)
    log_text(file, line);
  peal_logfile_free(file);
  size_t said = lines_of(0) - 60;
  assert_true(said > 0 && said < 20);
  assert_int_equal(rmdir(folder), 0);
}

static void writes_the_form_that_was_asked_for(void **state) {
  static const char *const expected[] = {
      [PEAL_LOG_TEXT] = "1970-01-01T00:00:01.000Z info test: say \"hi\""
                        " peer=::1\n",
      [PEAL_LOG_KEYS] = "time=1970-01-01T00:00:01.000Z level=info area=\"test\""
                        " peer=\"::1\" msg=\"say \\\"hi\\\"\"\n",
      [PEAL_LOG_JSON] = "{\"time\":\"1970-01-01T00:00:01.000Z\",\"level\":"
                        "\"info\",\"area\":\"test\",\"peer\":\"::1\","
                        "\"msg\":\"say \\\"hi\\\"\"}\n"};
  (void)state;
  for (unsigned i = 0; i < 3; i++) {
    peal_logfile *file = NULL;
    char text[300] = "";
    assert_int_equal(
        peal_logfile_new(
            &file,
            &(peal_logfile_opts){.path = path, .format = (peal_log_format)i}),
        PEAL_OK);
    log_text(file, "say \"hi\"");
    peal_logfile_free(file);
    FILE *in = fopen(path, "r");
    assert_true(fread(text, 1, sizeof(text) - 1, in) > 0);
    fclose(in);
    assert_string_equal(text, expected[i]);
    assert_int_equal(unlink(path), 0);
  }
}

static void goes_on_in_a_file_that_exists(void **state) {
  peal_logfile *file = NULL;
  (void)state;
  for (int i = 0; i < 2; i++) {
    assert_int_equal(
        peal_logfile_new(&file, &(peal_logfile_opts){.path = path}), PEAL_OK);
    log_text(file, "hello");
    peal_logfile_free(file);
  }
  assert_int_equal(size_of(0), 2 * 51);
}

static void needs_a_place(void **state) {
  peal_logfile *file = NULL;
  (void)state;
  assert_int_equal(peal_logfile_new(&file, &(peal_logfile_opts){0}),
                   PEAL_ERR_USAGE);
  assert_int_equal(
      peal_logfile_new(&file, &(peal_logfile_opts){.path = "/nowhere/x"}),
      PEAL_ERR_SYSTEM);
  peal_logfile_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(writes_one_line_per_record),
      TEST(rotates_by_size_and_keeps_so_many),
      TEST(writes_on_where_a_folder_stands_in_the_way),
      TEST(writes_the_form_that_was_asked_for),
      TEST(goes_on_in_a_file_that_exists),
      TEST(needs_a_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
