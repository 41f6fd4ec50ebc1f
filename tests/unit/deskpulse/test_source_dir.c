/* SPDX-License-Identifier: MIT */
#include "source_fixture.h"

static char folder[64];

static void write_file(const char *name, peal_slice bytes) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
  assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *name) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  unlink(path);
}

static int make_folder(void **state) {
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/peal-album-XXXXXX");
  return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state) {
  static const char *const names[] = {"a.jpg", "b.JPEG", "c.jpg",
                                      "n.txt", "film",   ".hidden.jpg"};
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    remove_file(names[i]);
  return rmdir(folder);
}

static uint32_t widths[8];
static unsigned seen;

static void note_width(heard *h) {
  if (seen < 8)
    widths[seen++] = h->last.width;
}

static void files_come_by_name_and_begin_again(void **state) {
  (void)state;
  heard *h = heard_new();
  seen = 0;
  h->on_frame = note_width;
  peal_bytes *wide = a_picture(80, 48, true), *narrow = a_picture(64, 48, true);
  write_file("b.JPEG", peal_bytes_slice(wide));
  write_file("a.jpg", peal_bytes_slice(narrow));
  write_file("n.txt", peal_bytes_slice(narrow));
  write_file(".hidden.jpg", peal_bytes_slice(narrow));
  write_file("c.jpg", PEAL_S("no picture"));
  source_opts opts = heard_opts(h, SOURCE_DIR);
  opts.path = folder;
  heard_start(h, &opts);
  HEAR_UNTIL(h, seen >= 4);
  // frames may be replaced on a slow machine, but not change their order
  for (unsigned i = 0; i < seen; i++)
    assert_true(widths[i] == 64 || widths[i] == 80);
  assert_int_equal(last_state(h), SOURCE_CONNECTED);
  assert_false(h->last.simulated);
  source_stats stats;
  source_stats_get(h->from, &stats);
  assert_true(stats.broken >= 1);
  peal_bytes_unref(wide);
  peal_bytes_unref(narrow);
  heard_free(h);
}

static void an_empty_folder_is_said_and_tried_again(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_DIR);
  opts.path = folder;
  heard_start(h, &opts);
  HEAR_UNTIL(h, strcmp(last_reason(h), "there is no JPEG file in the folder") ==
                    0);
  assert_int_equal(last_state(h), SOURCE_DISCONNECTED);
  peal_bytes *jpeg = a_picture(64, 48, true);
  write_file("a.jpg", peal_bytes_slice(jpeg));
  HEAR_UNTIL(h, h->frames >= 2);
  peal_bytes_unref(jpeg);
  heard_free(h);
}

static void a_folder_that_is_not_there_is_said(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_DIR);
  opts.path = "/nowhere/at/all";
  heard_start(h, &opts);
  HEAR_UNTIL(h, h->states >= 5);
  for (unsigned i = 0; i < h->states; i++)
    assert_int_equal(h->state[i], SOURCE_DISCONNECTED);
  assert_non_null(strstr(last_reason(h), "No such file"));
  assert_int_equal(h->retry_ms[h->states - 1], 30);
  heard_free(h);
}

static void a_film_is_shown_and_begins_again(void **state) {
  (void)state;
  heard *h = heard_new();
  peal_bytes *jpeg = a_picture(64, 48, true);
  peal_slice one = peal_bytes_slice(jpeg);
  char *film = malloc(one.len * 3 + 64);
  size_t len = 0;
  assert_non_null(film);
  for (int i = 0; i < 3; i++) {
    len += (size_t)sprintf(film + len, "--b\r\n\r\n");
    memcpy(film + len, one.ptr, one.len);
    len += one.len;
  }
  write_file("film", (peal_slice){film, len});
  char path[128];
  snprintf(path, sizeof path, "%s/film", folder);
  source_opts opts = heard_opts(h, SOURCE_DIR);
  opts.path = path;
  heard_start(h, &opts);
  source_stats stats = {0};
  HEAR_UNTIL(h, (source_stats_get(h->from, &stats), stats.captured >= 7));
  assert_int_equal(h->last_bytes, one.len);
  assert_int_equal(stats.broken, 0);
  assert_int_equal(stats.opened, 1);
  free(film);
  peal_bytes_unref(jpeg);
  heard_free(h);
}

static void a_file_without_pictures_is_said(void **state) {
  (void)state;
  heard *h = heard_new();
  write_file("film", PEAL_S("\xff\xd8\xff nothing"));
  char path[128];
  snprintf(path, sizeof path, "%s/film", folder);
  source_opts opts = heard_opts(h, SOURCE_DIR);
  opts.path = path;
  heard_start(h, &opts);
  HEAR_UNTIL(
      h, strcmp(last_reason(h), "there is no JPEG picture in the file") == 0);
  heard_free(h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(files_come_by_name_and_begin_again,
                                      make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(an_empty_folder_is_said_and_tried_again,
                                      make_folder, remove_folder),
      cmocka_unit_test(a_folder_that_is_not_there_is_said),
      cmocka_unit_test_setup_teardown(a_film_is_shown_and_begins_again,
                                      make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_file_without_pictures_is_said,
                                      make_folder, remove_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
