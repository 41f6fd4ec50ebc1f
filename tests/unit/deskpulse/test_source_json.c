/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "posture.h"
#include "source_fixture.h"

static char place[64]; /* a path for this test */

static int make_place(void **state) {
  (void)state;
  snprintf(place, sizeof place, "/tmp/peal-lines-XXXXXX");
  int fd = mkstemp(place);
  if (fd >= 0)
    close(fd);
  return fd < 0;
}

static int remove_place(void **state) {
  (void)state;
  unlink(place);
  return 0;
}

/* A line with a picture of somebody, and landmarks as JSON; malloc. */
static char *a_line(const char *marks) {
  peal_bytes *jpeg = a_picture(64, 48, true);
  peal_slice bytes = peal_bytes_slice(jpeg);
  char *line = malloc(bytes.len * 2 + strlen(marks) + 100);
  assert_non_null(line);
  size_t len = (size_t)sprintf(line, "{\"landmarks\":%s,\"frame\":\"", marks);
  len +=
      (size_t)EVP_EncodeBlock((unsigned char *)line + len,
                              (const unsigned char *)bytes.ptr, (int)bytes.len);
  sprintf(line + len, "\"}\n");
  peal_bytes_unref(jpeg);
  return line;
}

/* All of it, to whoever reads when he reads. */
static void write_all(int fd, const char *text, heard *h) {
  size_t len = strlen(text);
  while (len > 0) {
    ssize_t put = write(fd, text, len);
    if (put < 0 && errno == EAGAIN) {
      assert_int_equal(peal_workers_step(h->workers, 1), PEAL_OK);
      continue;
    }
    assert_true(put > 0);
    text += put;
    len -= (size_t)put;
  }
}

static void a_fifo_lives_on_when_its_writer_goes(void **state) {
  (void)state;
  heard *h = heard_new();
  unlink(place);
  assert_int_equal(mkfifo(place, 0600), 0);
  source_opts opts = heard_opts(h, SOURCE_JSON);
  opts.path = place;
  heard_start(h, &opts);
  HEAR_UNTIL(h, strcmp(last_reason(h), "waiting for the first frame") == 0);
  char *line = a_line("[]");
  for (unsigned round = 1; round <= 3; round++) {
    int fd = open(place, O_WRONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    write_all(fd, line, h);
    close(fd);
    HEAR_UNTIL(h, h->frames >= round);
    assert_true(h->last.decided && !h->last.marks.present);
    assert_int_equal(h->last.seen_by, SOURCE_SEEN_BY_ESTIMATOR);
  }
  assert_int_equal(last_state(h), SOURCE_CONNECTED);
  free(line);
  heard_free(h);
}

static void wrong_lines_are_counted_and_the_next_is_read(void **state) {
  (void)state;
  heard *h = heard_new();
  unlink(place);
  assert_int_equal(mkfifo(place, 0600), 0);
  source_opts opts = heard_opts(h, SOURCE_JSON);
  opts.path = place;
  opts.stall_ms = 200;
  heard_start(h, &opts);
  int fd = open(place, O_RDWR | O_NONBLOCK);
  assert_true(fd >= 0);
  char *line = a_line("null");
  write_all(fd, line, h);
  HEAR_UNTIL(h, h->frames == 1);
  assert_int_equal(h->last.seen_by, SOURCE_SEEN_BY_TRACKER);
  write_all(fd, "no JSON\n{\"frame\":1}\n", h);
  HEAR_UNTIL(h, last_state(h) != SOURCE_CONNECTED);
  write_all(fd, line, h);
  HEAR_UNTIL(h, h->frames == 2 && last_state(h) == SOURCE_CONNECTED);
  source_stats stats;
  source_stats_get(h->from, &stats);
  assert_true(stats.broken >= 1);
  free(line);
  close(fd);
  heard_free(h);
}

static void a_socket_that_closes_is_connected_again(void **state) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  (void)state;
  heard *h = heard_new();
  unlink(place);
  int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", place);
  assert_int_equal(bind(door, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(door, 4), 0);
  source_opts opts = heard_opts(h, SOURCE_JSON);
  opts.path = place;
  heard_start(h, &opts);
  char *line = a_line("[]");
  for (unsigned round = 1; round <= 2; round++) {
    int fd = accept(door, NULL, NULL);
    assert_true(fd >= 0);
    write_all(fd, line, h);
    HEAR_UNTIL(h, h->frames >= round);
    close(fd);
    HEAR_UNTIL(h, strcmp(last_reason(h), "the estimator has ended") == 0);
  }
  free(line);
  close(door);
  heard_free(h);
}

static void write_place(const char *text, int times) {
  FILE *file = fopen(place, "w");
  assert_non_null(file);
  for (int i = 0; i < times; i++)
    fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static void a_recorded_file_is_played_again_and_again(void **state) {
  (void)state;
  heard *h = heard_new();
  char *line = a_line("[]");
  write_place(line, 3);
  source_opts opts = heard_opts(h, SOURCE_JSON);
  opts.path = place;
  heard_start(h, &opts);
  source_stats stats = {0};
  HEAR_UNTIL(h, (source_stats_get(h->from, &stats), stats.captured >= 8));
  assert_int_equal(stats.opened, 1);
  assert_int_equal(stats.broken, 0);
  free(line);
  heard_free(h);
}

static void a_command_is_started_again_when_it_ends(void **state) {
  char command[200];
  (void)state;
  heard *h = heard_new();
  char *line = a_line("[]");
  write_place(line, 1);
  snprintf(command, sizeof command, "cat %s; exit 3", place);
  source_opts opts = heard_opts(h, SOURCE_JSON);
  opts.command = command;
  heard_start(h, &opts);
  source_stats stats = {0};
  HEAR_UNTIL(h, (source_stats_get(h->from, &stats), stats.opened >= 3));
  HEAR_UNTIL(h, h->frames >= 2);
  HEAR_UNTIL(h, strcmp(last_reason(h), "the estimator has ended") == 0);
  // it had brought a frame
  assert_int_equal(h->retry_ms[h->states - 1], 20);
  free(line);
  heard_free(h);
}

/* The group of the command's processes is gone. */
static bool has_gone(pid_t child) {
  return kill(-child, 0) != 0 && errno == ESRCH;
}

static void nothing_of_a_command_is_left_behind(void **state) {
  char command[300];
  (void)state;
  heard *h = heard_new();
  // a stubborn one that has a child of its own, and says who it is
  snprintf(command, sizeof command,
           "trap '' TERM; echo $$ > %s.pid; sleep 100 & while :; do sleep 1; "
           "done",
           place);
  source_opts opts = heard_opts(h, SOURCE_JSON);
  opts.command = command;
  heard_start(h, &opts);
  char path[100];
  snprintf(path, sizeof path, "%s.pid", place);
  int child = 0;
  FILE *file = NULL;
  HEAR_UNTIL(h, (file = fopen(path, "r")) != NULL &&
                    (fscanf(file, "%d", &child) == 1 || (fclose(file), false)));
  fclose(file);
  assert_false(has_gone(child));
  source_free(h->from);
  h->from = NULL;
  HEAR_UNTIL(h, has_gone(child));
  unlink(path);
  heard_free(h);
}

static unsigned heard_good, heard_bad, heard_nobody;
static posture judge;

static void judge_frame(heard *h) {
  assert_int_equal(h->last.seen_by, SOURCE_SEEN_BY_ESTIMATOR);
  posture_measures m =
      posture_measure(&h->last.marks, (double)h->last.width / h->last.height);
  posture_init(&judge, NULL);
  posture_verdict verdict = posture_feed(&judge, &m, h->last.captured_ms);
  heard_good += verdict.state == POSTURE_GOOD;
  heard_bad += verdict.state == POSTURE_BAD;
  heard_nobody += !verdict.present;
}

/* estimators/mediapipe_pose.py as a command, with recorded landmarks. */
static void the_estimator_that_comes_with_it_is_understood(void **state) {
  static const char command[] =
      "exec python3 " PEAL_TEST_DIR
      "/../apps/deskpulse/estimators/mediapipe_pose.py --loop --fps 60 "
      "--replay " PEAL_TEST_DIR "/apps/deskpulse/recorded.jsonl";
  (void)state;
  if (system("command -v python3 > /dev/null") != 0)
    skip();
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_JSON);
  opts.command = command;
  h->on_frame = judge_frame;
  heard_start(h, &opts);
  HEAR_UNTIL(h, heard_good > 2 && heard_bad > 2 && heard_nobody > 2);
  double age = source_wall() - h->last.captured_at;
  assert_true(age >= 0 && age < 5);
  source_stats stats;
  source_stats_get(h->from, &stats);
  assert_int_equal(stats.broken, 0);
  assert_int_equal(stats.opened, 1);
  heard_free(h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_fifo_lives_on_when_its_writer_goes,
                                      make_place, remove_place),
      cmocka_unit_test_setup_teardown(
          wrong_lines_are_counted_and_the_next_is_read, make_place,
          remove_place),
      cmocka_unit_test_setup_teardown(a_socket_that_closes_is_connected_again,
                                      make_place, remove_place),
      cmocka_unit_test_setup_teardown(a_recorded_file_is_played_again_and_again,
                                      make_place, remove_place),
      cmocka_unit_test_setup_teardown(a_command_is_started_again_when_it_ends,
                                      make_place, remove_place),
      cmocka_unit_test_setup_teardown(nothing_of_a_command_is_left_behind,
                                      make_place, remove_place),
      cmocka_unit_test(the_estimator_that_comes_with_it_is_understood),
  };
  signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
