/* SPDX-License-Identifier: MIT */
/* A process that stores and delivers is killed at each call to the system that
 * changes its files, or that call fails, for all of them; a checker then wants:
 * what was said stored is delivered, once for each id, in order.
 *
 * The calls of the library are led here by the linker (--wrap). */
#include <errno.h>
#include <signal.h>

#include <fcntl.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "outbox_fixture.h"

enum { EVENTS = 40, MAX_BYTES = 8192 };

/* -- the calls --------------------------------------------------------------------- */

typedef enum mischief { NONE, KILL, KILL_HALF, FAIL_ONCE, FAIL_LONG } mischief;

static struct {
  mischief kind;
  int at; /* the call that is hit, counted from 1 */
  atomic_int calls;
} plan;

ssize_t __real_write(int fd, const void *data, size_t len);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __real_ftruncate(int fd, off_t len);
int __real_unlinkat(int fd, const char *path, int flags);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_ftruncate(int fd, off_t len);
int __wrap_unlinkat(int fd, const char *path, int flags);

/* What the machine's power would take: the file with bytes that were not synced,
 * and how often one was left like that for another. */
static struct {
  int fd; /* -1: none */
  atomic_int left, folders, files;
} dirty = {.fd = -1};

static void note_write(int fd) {
  if (dirty.fd >= 0 && dirty.fd != fd)
    atomic_fetch_add(&dirty.left, 1);
  dirty.fd = fd;
}

static void die(void) {
  kill(getpid(), SIGKILL);
}

/* True: this call fails. */
static bool strikes(void) {
  int call = atomic_fetch_add(&plan.calls, 1) + 1;
  bool hit = call == plan.at;
  if (plan.kind == KILL && hit)
    die();
  return (plan.kind == FAIL_ONCE && hit) ||
         (plan.kind == FAIL_LONG && call >= plan.at && call < plan.at + 7);
}

static int fails(void) {
  errno = plan.at % 2 ? ENOSPC : EIO;
  return -1;
}

ssize_t __wrap_write(int fd, const void *data, size_t len) {
  note_write(fd);
  bool strike = strikes();
  bool is_half = plan.kind == KILL_HALF && atomic_load(&plan.calls) == plan.at;
  if (!strike && !is_half)
    return __real_write(fd, data, len);
  // half of it arrives
  ssize_t done = __real_write(fd, data, len / 2);
  if (is_half)
    die();
  return done > 0 && plan.at % 3 == 0 ? done : fails();
}

/* What is asked for is to survive the process, not the machine. */
int __wrap_fsync(int fd) {
  (void)fd;
  atomic_fetch_add(&dirty.folders, 1);
  return strikes() ? fails() : 0;
}

int __wrap_fdatasync(int fd) {
  dirty.fd = dirty.fd == fd ? -1 : dirty.fd;
  atomic_fetch_add(&dirty.files, 1);
  return strikes() ? fails() : 0;
}

int __wrap_ftruncate(int fd, off_t len) {
  return strikes() ? fails() : __real_ftruncate(fd, len);
}

int __wrap_unlinkat(int fd, const char *path, int flags) {
  return strikes() ? fails() : __real_unlinkat(fd, path, flags);
}

/* -- the process ----------------------------------------------------------------------- */

/* What it said and what came goes into files beside the outbox's. */
static int said_fd, seen_fd;

static void note(int fd, int n) {
  struct iovec piece = {&n, sizeof n};
  if (writev(fd, &piece, 1) != sizeof n)
    _exit(90);
}

static void on_event(const char *id, int64_t n) {
  if (atoi(id) != n)
    _exit(91);
  note(seen_fd, (int)n);
}

/* Acknowledgements are lost now and then. */
static peal_err fate(size_t k, int64_t n) {
  (void)n;
  return k % 4 == 0 ? PEAL_ERR_TIMEOUT : PEAL_OK;
}

static void open_notes(const char *dir) {
  char path[128];
  snprintf(path, sizeof path, "%s.said", dir);
  said_fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
  snprintf(path, sizeof path, "%s.seen", dir);
  seen_fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
  if (said_fd < 0 || seen_fd < 0)
    _exit(92);
}

static const peal_outbox_opts base = {
    .max_bytes = MAX_BYTES, .id_name = "id", .retry_ms = 1, .retry_max_ms = 1};

/* Emits from `first` to `last`, and delivers if `sends`. Exit code 0: all
 * done. */
static void child_run(const char *dir, int first, int last, bool sends) {
  static peal_client_nsp end;
  peal_outbox_opts opts = base;
  peal_outbox *outbox;
  char id[16];
  opts.dir = dir;
  open_notes(dir);
  while (peal_outbox_new(&outbox, &opts, NULL)) {
    if (plan.kind != FAIL_ONCE && plan.kind != FAIL_LONG)
      _exit(93);
  }
  end_open(&end);
  end.on_event = on_event;
  end.fate = fate;
  if (sends && peal_outbox_attach(outbox, &end))
    _exit(94);
  for (int n = first; n <= last; n++) {
    snprintf(id, sizeof id, "%d", n);
    peal_err err = emit_n(outbox, n, id);
    for (int i = 0; err == PEAL_ERR_QUEUE_FULL && sends && i < 10000; i++) {
      usleep(100); // there will be room
      err = emit_n(outbox, n, id);
    }
    if (err == PEAL_OK)
      note(said_fd, n);
    else if (err != PEAL_ERR_IO && err != PEAL_ERR_QUEUE_FULL)
      _exit(95);
  }
  if (sends && !outbox_wait(outbox))
    _exit(96);
  peal_outbox_free(outbox);
  end_close(&end);
  _exit(0);
}

static int run_child(const char *dir, mischief kind, int at, int first,
                     int last, bool sends) {
  int status;
  pid_t pid = fork();
  if (!pid) {
    plan.kind = kind;
    plan.at = at;
    atomic_store(&plan.calls, 0);
    child_run(dir, first, last, sends);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  if (WIFSIGNALED(status)) {
    assert_int_equal(WTERMSIG(status), SIGKILL);
    return -1;
  }
  if (WEXITSTATUS(status))
    print_error("mischief %d at %d: exit %d\n", (int)kind, at,
                WEXITSTATUS(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  return 0;
}

/* -- the checker ------------------------------------------------------------------------- */

static size_t read_notes(const char *dir, const char *name, int *out,
                         size_t max) {
  char path[128];
  snprintf(path, sizeof path, "%s.%s", dir, name);
  int fd = open(path, O_RDONLY);
  ssize_t got = fd < 0 ? 0 : read(fd, out, max * sizeof *out);
  close(fd);
  assert_true(got >= 0 && (size_t)got < max * sizeof *out);
  return (size_t)got / sizeof *out;
}

static void check(const char *dir, mischief kind, int at) {
  static int said[EVENTS * 4], seen[EVENTS * 40];
  bool first_seen[EVENTS * 4] = {false};
  size_t said_count = read_notes(dir, "said", said, EVENTS * 4);
  size_t seen_count = read_notes(dir, "seen", seen, EVENTS * 40);
  int last = 0;
  for (size_t i = 0; i < seen_count; i++) {
    bool is_new = !first_seen[seen[i]];
    first_seen[seen[i]] = true;
    if (!is_new)
      continue;
    if (seen[i] <= last)
      print_error("mischief %d at %d: %d behind %d\n", (int)kind, at, seen[i],
                  last);
    assert_true(seen[i] > last);
    last = seen[i];
  }
  for (size_t i = 0; i < said_count; i++) {
    if (!first_seen[said[i]])
      print_error("mischief %d at %d: %d was said stored and is lost\n",
                  (int)kind, at, said[i]);
    assert_true(first_seen[said[i]]);
  }
}

/* The first process is hit, a second one may be, the last one is not. Returns
 * false when `at` is beyond the calls of the first. */
static bool try_at(mischief kind, int at, bool sends) {
  fixture_dir dir;
  char path[128];
  dir_make(dir);
  snprintf(path, sizeof path, "%s/box", dir);
  int first = run_child(path, kind, at, 1, EVENTS, sends);
  if (first < 0)
    run_child(path, kind, at % 11 + 1, EVENTS + 1, EVENTS + 2, true);
  run_child(path, NONE, 0, EVENTS + 3, EVENTS + 4, true);
  check(path, kind, at);
  dir_remove(path);
  dir_remove(dir);
  return first < 0;
}

static void killed_at_any_call_while_it_stores_and_delivers(void **state) {
  (void)state;
  int at = 1;
  while (try_at(KILL, at, true))
    at++;
  assert_in_range(at, 100, 1000);
}

static void killed_at_any_call_while_it_stores(void **state) {
  (void)state;
  int at = 1;
  while (try_at(KILL, at, false))
    at++;
  assert_in_range(at, 60, 1000);
}

static void killed_when_half_of_a_record_is_written(void **state) {
  (void)state;
  int killed = 0;
  for (int at = 1; at <= 160; at++)
    killed += try_at(KILL_HALF, at, true);
  assert_in_range(killed, 40, 160);
}

static void calls_that_fail_lose_nothing_that_was_said_stored(void **state) {
  (void)state;
  for (int at = 1; at <= 160; at++) {
    try_at(FAIL_ONCE, at, true);
    if (at % 3 == 0)
      try_at(FAIL_LONG, at, true);
  }
}

static void killed_at_any_moment(void **state) {
  (void)state;
  for (int i = 0; i < 30; i++) {
    fixture_dir dir;
    char path[128];
    dir_make(dir);
    snprintf(path, sizeof path, "%s/box", dir);
    pid_t pid = fork();
    if (!pid)
      child_run(path, 1, EVENTS, true);
    usleep((useconds_t)(500 * i));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    run_child(path, NONE, 0, EVENTS + 3, EVENTS + 4, true);
    check(path, KILL, i);
    dir_remove(path);
    dir_remove(dir);
  }
}

/* -- the power ------------------------------------------------------------------------ */

static void no_file_is_left_unsynced_for_the_next(void **state) {
  (void)state;
  static const peal_outbox_sync how[] = {PEAL_OUTBOX_SYNC_ALWAYS,
                                         PEAL_OUTBOX_SYNC_INTERVAL};
  for (size_t i = 0; i < 2; i++) {
    fixture_dir dir;
    peal_outbox *outbox;
    peal_outbox_opts opts = base;
    dir_make(dir);
    opts.dir = dir;
    opts.sync = how[i];
    opts.sync_interval_ms = 600000;
    plan.kind = NONE;
    dirty.fd = -1;
    atomic_store(&dirty.left, 0);
    atomic_store(&dirty.folders, 0);
    assert_int_equal(peal_outbox_new(&outbox, &opts, NULL), PEAL_OK);
    assert_int_equal(atomic_load(&dirty.folders), 2); // it, and its parent
    for (int n = 1; n <= EVENTS; n++)
      assert_int_equal(emit_n(outbox, n, NULL), PEAL_OK);
    peal_outbox_free(outbox);
    assert_true(dir_each(dir, NULL) > 2);
    assert_int_equal(atomic_load(&dirty.left), 0);
    assert_int_equal(dirty.fd, -1);

    // who was here before may have been killed before it synced
    int before = atomic_load(&dirty.files);
    assert_int_equal(peal_outbox_new(&outbox, &opts, NULL), PEAL_OK);
    assert_int_equal(atomic_load(&dirty.files), before + 1);
    peal_outbox_free(outbox);
    dir_remove(dir);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(killed_at_any_call_while_it_stores_and_delivers),
      cmocka_unit_test(killed_at_any_call_while_it_stores),
      cmocka_unit_test(killed_when_half_of_a_record_is_written),
      cmocka_unit_test(calls_that_fail_lose_nothing_that_was_said_stored),
      cmocka_unit_test(killed_at_any_moment),
      cmocka_unit_test(no_file_is_left_unsynced_for_the_next),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
