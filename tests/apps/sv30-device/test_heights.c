/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heights.h"

static char dir[64], path[128];

static int set_up(void **state) {
  (void)state;
  static const char name[] = "/tmp/peal-heights-XXXXXX";
  memcpy(dir, name, sizeof name);
  if (!mkdtemp(dir))
    return 1;
  snprintf(path, sizeof path, "%s/h", dir);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  unlink(path);
  return rmdir(dir);
}

static void put(const char *text, int flags) {
  int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  close(fd);
}

static void lines_are_numbers_or_objects(void **state) {
  (void)state;
  heights_found found;
  assert_true(heights_read(&found, PEAL_S("212.5")));
  assert_true(found.mm == 212.5 && found.t_s == -1);
  assert_true(heights_read(&found, PEAL_S(" {\"t_s\":60,\"height_mm\":0}\r")));
  assert_true(found.mm == 0 && found.t_s == 60);
  static const char *const wrong[] = {"",
                                      "x",
                                      "-1",
                                      "2001",
                                      "null",
                                      "[1]",
                                      "{}",
                                      "\"3\"",
                                      "1e999",
                                      "1 2",
                                      "{\"height_mm\":\"1\"}"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_false(heights_read(&found, peal_slice_of(wrong[i])));
}

static void a_file_that_grows_gives_its_youngest_line(void **state) {
  (void)state;
  heights it;
  heights_found found = {0};
  heights_init(&it, path);
  assert_false(heights_poll(&it, &found)); // not there yet
  put("300\n299\nbad\n", 0);
  assert_true(heights_poll(&it, &found));
  assert_true(found.mm == 299);
  assert_false(heights_poll(&it, &found));
  put("29", O_APPEND);
  assert_false(heights_poll(&it, &found)); // not ended
  put("8.5\n", O_APPEND);
  assert_true(heights_poll(&it, &found));
  assert_true(found.mm == 298.5);
  heights_deinit(&it);
}

static void a_file_that_is_written_anew_gives_what_it_holds(void **state) {
  (void)state;
  heights it;
  heights_found found = {0};
  char next[140];
  heights_init(&it, path);
  put("300", O_TRUNC);
  assert_true(heights_poll(&it, &found));
  assert_true(found.mm == 300);
  usleep(20000); // so that its time is another one
  put("299", O_TRUNC);
  assert_true(heights_poll(&it, &found));
  assert_true(found.mm == 299);
  snprintf(next, sizeof next, "%s.next", path);
  int fd = open(next, O_WRONLY | O_CREAT, 0600);
  assert_int_equal(write(fd, "250.5\n", 6), 6);
  close(fd);
  assert_int_equal(rename(next, path), 0);
  assert_true(heights_poll(&it, &found));
  assert_true(found.mm == 250.5);
  heights_deinit(&it);
}

static void a_fifo_is_emptied_and_holds_up_no_writer(void **state) {
  (void)state;
  heights it;
  heights_found found = {0};
  assert_int_equal(mkfifo(path, 0600), 0);
  heights_init(&it, path);
  assert_false(heights_poll(&it, &found));
  assert_true(heights_fd(&it) >= 0);
  for (int writer = 0; writer < 3; writer++) { // one after the other
    int fd = open(path, O_WRONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    for (int i = 0; i < 500; i++)
      assert_int_equal(write(fd, "123.25\n", 7), 7);
    close(fd);
    assert_true(heights_poll(&it, &found));
    assert_true(found.mm == 123.25);
  }
  assert_false(heights_poll(&it, &found));
  heights_deinit(&it);
}

static void a_line_without_an_end_takes_no_memory(void **state) {
  (void)state;
  heights it;
  heights_found found = {0};
  heights_init(&it, path);
  put("\n", 0);
  for (int i = 0; i < 1000; i++)
    put("0000000000000000000000", O_APPEND);
  put("\n77\n", O_APPEND);
  assert_true(heights_poll(&it, &found));
  assert_true(found.mm == 77);
  heights_deinit(&it);
}

static void a_fifo_that_is_made_anew_is_read_too(void **state) {
  (void)state;
  heights it;
  heights_found found = {0};
  assert_int_equal(mkfifo(path, 0600), 0);
  heights_init(&it, path);
  assert_false(heights_poll(&it, &found));
  assert_int_equal(unlink(path), 0);
  assert_false(heights_poll(&it, &found));
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_false(heights_poll(&it, &found));
  int fd = open(path, O_WRONLY | O_NONBLOCK);
  assert_true(fd >= 0); /* ENXIO: nobody reads */
  assert_int_equal(write(fd, "7\n", 2), 2);
  assert_true(heights_poll(&it, &found));
  assert_true(found.mm == 7);
  close(fd);
  heights_deinit(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_are_numbers_or_objects),
      cmocka_unit_test_setup_teardown(a_file_that_grows_gives_its_youngest_line,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(
          a_file_that_is_written_anew_gives_what_it_holds, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_fifo_is_emptied_and_holds_up_no_writer,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_fifo_that_is_made_anew_is_read_too,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_line_without_an_end_takes_no_memory,
                                      set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
