/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "web/web_cache.h"
#include "web/web_mime.h"
#include "web/web_open.h"

static char dir[64];

static void make(const char *command) {
  char text[512];
  snprintf(text, sizeof(text), "cd %s && %s", dir, command);
  assert_int_equal(system(text), 0);
}

static int setup(void **state) {
  (void)state;
  strcpy(dir, "/tmp/peal-open-XXXXXX");
  assert_non_null(mkdtemp(dir));
  make("mkdir -p site/sub site-other && echo a > site/a && echo b > site/sub/b"
       " && echo s > secret && echo o > site-other/o && mkfifo site/pipe"
       " && ln -s a site/inside && ln -s ../secret site/outside"
       " && ln -s /etc/passwd site/absolute && ln -s .. site/up"
       " && ln -s ../site-other site/beside && ln -s loop site/loop"
       " && ln -s ../a site/sub/back");
  return 0;
}

static int teardown(void **state) {
  char command[100];
  (void)state;
  snprintf(command, sizeof(command), "rm -rf %s", dir);
  return system(command);
}

static void opens_below_the_folder_and_nowhere_else(void **state) {
  static const struct {
    const char *path;
    bool opens;
  } cases[] = {{"a", true},
               {"sub/b", true},
               {"inside", true},
               {"sub/back", true},
               {"outside", false},
               {"absolute", false},
               {"up/secret", false},
               {"beside/o", false},
               {"../secret", false},
               {"/etc/passwd", false},
               {"loop", false},
               {"nothing", false},
               {"sub/../../secret", false}};

  char path[96];
  (void)state;
  snprintf(path, sizeof(path), "%s/site", dir);
  int folder = peal_web_open_folder(path);
  assert_true(folder >= 0);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    int fd = peal_web_open_at(folder, cases[i].path);
    if ((fd >= 0) != cases[i].opens)
      fail_msg("%s: %d", cases[i].path, fd);
    if (fd >= 0)
      close(fd);
  }
  close(folder);
}

static void does_not_wait_for_a_pipe(void **state) {
  char path[96];
  (void)state;
  snprintf(path, sizeof(path), "%s/site", dir);
  int folder = peal_web_open_folder(path);
  int fd = peal_web_open_at(folder, "pipe");
  assert_true(fd >= 0);
  close(fd);
  close(folder);
}

static void a_file_is_no_folder(void **state) {
  char path[96];
  (void)state;
  snprintf(path, sizeof(path), "%s/secret", dir);
  assert_int_equal(peal_web_open_folder(path), -ENOTDIR);
  assert_int_equal(peal_web_open_folder("/nowhere/at/all"), -ENOENT);
}

static void tells_types_by_the_ending(void **state) {
  static const struct {
    const char *name, *type;
  } cases[] = {{"a.html", "text/html; charset=utf-8"},
               {"a/b.JS", "text/javascript; charset=utf-8"},
               {"x.tar.gz", "application/gzip"},
               {"a.html/b", "application/octet-stream"},
               {"html", "application/octet-stream"},
               {".", "application/octet-stream"},
               {"", "application/octet-stream"}};

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    assert_string_equal(peal_web_mime_of(peal_slice_of(cases[i].name))->type,
                        cases[i].type);
}

static peal_bytes *bytes_of(size_t len) {
  char *data = calloc(1, len);
  peal_bytes *bytes = peal_bytes_new((peal_slice){data, len});
  free(data);
  return bytes;
}

static void put(peal_web_cache *cache, const char *name, const char *tag,
                size_t len) {
  peal_bytes *bytes = bytes_of(len);
  peal_web_cache_put(cache, name, PEAL_COMPRESS_GZIP, tag, bytes);
  peal_bytes_unref(bytes);
}

static bool has(peal_web_cache *cache, const char *name, const char *tag) {
  peal_bytes *bytes = peal_web_cache_get(cache, name, PEAL_COMPRESS_GZIP, tag);
  peal_bytes_unref(bytes);
  return bytes != NULL;
}

static void the_cache_keeps_the_newest_state_of_what_is_used(void **state) {
  (void)state;
  peal_web_cache *cache = peal_web_cache_new(10000);
  put(cache, "a", "1", 3000);
  put(cache, "b", "1", 3000);
  assert_true(has(cache, "a", "1"));
  assert_false(has(cache, "a", "2"));
  assert_null(peal_web_cache_get(cache, "a", PEAL_COMPRESS_DEFLATE, "1"));
  put(cache, "c", "1", 4000); /* b was used least */
  assert_true(has(cache, "a", "1"));
  assert_false(has(cache, "b", "1"));
  assert_true(has(cache, "c", "1"));
  put(cache, "a", "2", 3000);
  assert_false(has(cache, "a", "1"));
  assert_true(has(cache, "a", "2"));
  put(cache, "huge", "1", 9000);
  assert_false(has(cache, "huge", "1"));
  peal_web_cache_free(cache);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(opens_below_the_folder_and_nowhere_else),
      cmocka_unit_test(does_not_wait_for_a_pipe),
      cmocka_unit_test(a_file_is_no_folder),
      cmocka_unit_test(tells_types_by_the_ending),
      cmocka_unit_test(the_cache_keeps_the_newest_state_of_what_is_used),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
