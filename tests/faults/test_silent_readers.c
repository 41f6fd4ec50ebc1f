/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "faults_child.h"

#define READERS 100
#define BIG (64u << 20)

static char path[] = "/tmp/peal-faults-XXXXXX";

/* -- answers far larger than what a peer that does not read may hold ---------- */

static void on_file(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer_file(req, 200, NULL, open(path, O_RDONLY | O_CLOEXEC), 0,
                        BIG);
}

static void pump(peal_http_req *req, void *user) {
  static const char piece[32768];
  (void)user;
  while (peal_http_answer_write(req, (peal_slice){piece, sizeof(piece)}) ==
         PEAL_OK)
    continue;
}

static void on_abort(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer_end(req);
}

static void on_stream(peal_http_req *req, void *user) {
  peal_http_req_on_abort(req, on_abort, user);
  peal_http_answer_begin(req, 200, NULL, UINT64_MAX);
  peal_http_answer_on_drain(req, pump, user);
  pump(req, user);
}

static peal_bytes *shared;

static void on_shared(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer_bytes(req, 200, NULL, shared);
}

static void mount(http_fixture *it) {
  static char page[4u << 20];
  shared = peal_bytes_new((peal_slice){page, sizeof(page)});
  http_mount(it, "/", http_on_path, NULL);
  http_mount(it, "/file", on_file, NULL);
  http_mount(it, "/stream", on_stream, NULL);
  http_mount(it, "/shared", on_shared, NULL);
}

static int open_files(const faults_child *child) {
  char directory[64];
  uv_fs_t scan;
  snprintf(directory, sizeof(directory), "/proc/%d/fd", (int)child->pid);
  int count = uv_fs_scandir(NULL, &scan, directory, 0, NULL);
  uv_fs_req_cleanup(&scan);
  return count;
}

static void run(const char *request, long max_kib) {
  int fds[READERS];
  peal_http_server_opts opts = http_opts();
  opts.write_timeout_ms = 2000;
  faults_child child = faults_start(&opts, mount, 0);
  faults_expect_quick(child.port, 2500);
  long before = faults_memory(&child), most = before;
  for (int i = 0; i < READERS; i++) {
    fds[i] = net_connect(child.port);
    net_send_str(fds[i], request);
  }
  for (int i = 0; i < 10; i++) {
    uv_sleep(100);
    faults_expect_quick(child.port, 2500);
    long now = faults_memory(&child);
    most = now > most ? now : most;
  }
  print_message("%ld KiB for %d readers\n", most - before, READERS);
  if (!faults_sanitized())
    assert_in_range(most - before, 0, max_kib);
  /* They are cut, and what was open is closed. */
  for (int i = 0; i < 100 && open_files(&child) >= READERS / 2; i++)
    uv_sleep(100);
  assert_in_range(open_files(&child), 1, READERS / 2);
  for (int i = 0; i < READERS; i++)
    close(fds[i]);
  faults_stop(&child, NULL);
}

static void files_are_held_one_piece_at_a_time(void **state) {
  (void)state;
  run(HTTP_GET("/file"), READERS * 128);
}

static void streams_are_held_up_to_the_mark(void **state) {
  (void)state;
  run(HTTP_GET("/stream"), READERS * 512);
}

static void a_shared_body_is_held_once(void **state) {
  (void)state;
  run(HTTP_GET("/shared"), 4096);
}

static int make_file(void **state) {
  (void)state;
  int fd = mkstemp(path);
  return ftruncate(fd, BIG) || close(fd);
}

static int remove_file(void **state) {
  (void)state;
  return unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(files_are_held_one_piece_at_a_time),
      cmocka_unit_test(streams_are_held_up_to_the_mark),
      cmocka_unit_test(a_shared_body_is_held_once),
  };
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
