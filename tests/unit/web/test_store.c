/* SPDX-License-Identifier: MIT */
/* The store against real files: commits, failures, other processes. Started
 * with arguments it is that other process. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <peal/store.h>

static const char *const migrations[] = {
    "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, data)", NULL};

typedef struct scene {
  char dir[64];
  char path[96];
  peal_workers *workers;
  peal_store *store;
  peal_store_result last; /* without pointers */
  unsigned done, ok, expected;
  void (*step)(struct scene *s);
} scene;

static void quiet(const peal_log_record *record, void *user) {
  (void)record;
  (void)user;
}

static peal_store_opts opts_of(scene *s) {
  return (peal_store_opts){.path = s->path,
                           .migrations = migrations,
                           .workers = s->workers,
                           .busy_ms = 100,
                           .log.fn = quiet};
}

static int setup(void **state) {
  scene *s = calloc(1, sizeof(*s));
  strcpy(s->dir, "/tmp/peal-store-XXXXXX");
  assert_non_null(mkdtemp(s->dir));
  snprintf(s->path, sizeof(s->path), "%s/x.db", s->dir);
  s->workers = peal_workers_new(&(peal_workers_opts){.log.fn = quiet});
  assert_non_null(s->workers);
  *state = s;
  return 0;
}

static int teardown(void **state) {
  scene *s = *state;
  char command[128];
  peal_store_close(s->store);
  peal_workers_free(s->workers);
  snprintf(command, sizeof(command), "rm -rf %s", s->dir);
  int code = system(command);
  free(s);
  return code;
}

static void open_store(scene *s, const peal_store_opts *opts) {
  assert_int_equal(peal_store_open(&s->store, opts), PEAL_OK);
}

static void begin(peal_worker *worker, void *user) {
  scene *s = user;
  (void)worker;
  s->step(s);
}

/* Run `step` on a worker until `expected` results have come. */
static void run(scene *s, void (*step)(scene *s), unsigned expected) {
  s->step = step;
  s->done = s->ok = 0;
  s->expected = expected;
  peal_worker *worker = peal_workers_get(s->workers, 0);
  assert_int_equal(peal_worker_post(worker, begin, s), PEAL_OK);
  assert_int_equal(peal_workers_run(s->workers), 0);
}

static void on_result(const peal_store_result *result, void *user) {
  scene *s = user;
  s->last = *result;
  s->last.message = NULL;
  s->done++;
  s->ok += !result->err;
  if (s->done == s->expected)
    peal_workers_stop(s->workers, 0);
}

static void write_name(scene *s, const char *name) {
  assert_int_equal(peal_store_write(s->store, "INSERT INTO t(name) VALUES(?)",
                                    PEAL_ARGS(peal_str(name)), on_result, s),
                   PEAL_OK);
}

static int64_t count_rows(scene *s) {
  peal_doc *rows = NULL;
  assert_int_equal(peal_store_exec_sync(s->store, "SELECT count(*) AS n FROM t",
                                        PEAL_NO_ARGS, &rows),
                   PEAL_OK);
  int64_t count =
      peal_val_int(peal_val_get(peal_val_at(peal_doc_val(rows), 0), "n"), -1);
  peal_doc_free(rows);
  return count;
}

/* -- values ------------------------------------------------------------------ */

static void gives_values_back_as_they_came(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  peal_doc *rows = NULL;
  open_store(s, &opts);
  assert_int_equal(
      peal_store_exec_sync(
          s->store,
          "SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e, ? AS f, ? AS g",
          PEAL_ARGS(peal_null(), peal_int(INT64_MIN), peal_double(0.5),
                    peal_str("h\303\251"), peal_binary(PEAL_S("\0\1")),
                    PEAL_OBJECT({"k", PEAL_ARRAY(peal_int(1))}), peal_str("")),
          &rows),
      PEAL_OK);
  peal_val row = peal_val_at(peal_doc_val(rows), 0);
  assert_true(peal_val_is(peal_val_get(row, "a"), PEAL_NULL));
  assert_true(peal_val_int(peal_val_get(row, "b"), 0) == INT64_MIN);
  assert_true(peal_val_double(peal_val_get(row, "c"), 0) == 0.5);
  assert_true(peal_slice_is(peal_val_str(peal_val_get(row, "d")), "h\303\251"));
  assert_true(
      peal_slice_eq(peal_val_binary(peal_val_get(row, "e")), PEAL_S("\0\1")));
  assert_true(
      peal_slice_is(peal_val_str(peal_val_get(row, "f")), "{\"k\":[1]}"));
  assert_true(peal_val_is(peal_val_get(row, "g"), PEAL_STRING));
  peal_doc_free(rows);
}

static void makes_its_file_for_the_owner_only(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  struct stat stat_of;
  open_store(s, &opts);
  assert_int_equal(stat(s->path, &stat_of), 0);
  assert_int_equal(stat_of.st_mode & 0777, 0600);
}

/* -- schema ------------------------------------------------------------------ */

static void brings_the_schema_up_to_date_once(void **state) {
  static const char *const more[] = {
      "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, data)",
      "ALTER TABLE t ADD COLUMN age INTEGER; CREATE TABLE u(id)", NULL};
  static const char *const broken[] = {"SELECT 1", "SELECT 2",
                                       "CREATE TABLE v(id); nonsense", NULL};
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  open_store(s, &opts);
  peal_store_close(s->store);
  opts.migrations = more;
  open_store(s, &opts);
  assert_int_equal(peal_store_exec_sync(s->store,
                                        "INSERT INTO t(age) VALUES(1)",
                                        PEAL_NO_ARGS, NULL),
                   PEAL_OK);
  peal_store_close(s->store);
  opts.migrations = migrations; /* an older program */
  assert_int_equal(peal_store_open(&s->store, &opts), PEAL_ERR_USAGE);
  assert_null(s->store);
  opts.migrations = broken;
  assert_int_equal(peal_store_open(&s->store, &opts), PEAL_ERR_STORE);
  opts.migrations = more; /* nothing of the broken step is left */
  open_store(s, &opts);
  assert_int_equal(
      peal_store_exec_sync(s->store, "SELECT * FROM v", PEAL_NO_ARGS, NULL),
      PEAL_ERR_USAGE);
}

static void refuses_a_file_that_is_no_database(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  FILE *file = fopen(s->path, "w");
  fprintf(file, "%4096d", 7);
  fclose(file);
  assert_int_equal(peal_store_open(&s->store, &opts), PEAL_ERR_STORE);
  opts.path = "/nowhere/at/all.db";
  assert_int_equal(peal_store_open(&s->store, &opts), PEAL_ERR_STORE);
  opts.path = NULL;
  assert_int_equal(peal_store_open(&s->store, &opts), PEAL_ERR_USAGE);
}

/* -- statements -------------------------------------------------------------- */

static void refuses_what_is_no_single_statement(void **state) {
  static const char *const bad[] = {"nonsense",
                                    "",
                                    "-- only a comment",
                                    "SELECT 1; SELECT 2",
                                    "SELECT ?",
                                    "INSERT INTO nowhere VALUES(1)",
                                    "BEGIN",
                                    "COMMIT",
                                    "SAVEPOINT x",
                                    "ATTACH 'y' AS y"};
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  open_store(s, &opts);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_int_equal(peal_store_exec_sync(s->store, bad[i], PEAL_NO_ARGS, NULL),
                     PEAL_ERR_USAGE);
  assert_int_equal(
      peal_store_exec_sync(s->store, "SELECT 1; -- done", PEAL_NO_ARGS, NULL),
      PEAL_OK);
}

static void bounds_a_result(void **state) {
  static const char *const many =
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c LIMIT 100)"
      " SELECT x, zeroblob(?) AS z FROM c";
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  opts.max_rows = 100;
  opts.max_result_bytes = 1 << 20;
  open_store(s, &opts);
  assert_int_equal(
      peal_store_exec_sync(s->store, many, PEAL_ARGS(peal_int(10)), NULL),
      PEAL_OK);
  assert_int_equal(
      peal_store_exec_sync(s->store, many, PEAL_ARGS(peal_int(20000)), NULL),
      PEAL_ERR_TOO_LONG);
  peal_store_close(s->store);
  opts.max_rows = 99;
  open_store(s, &opts);
  assert_int_equal(
      peal_store_exec_sync(s->store, many, PEAL_ARGS(peal_int(10)), NULL),
      PEAL_ERR_TOO_LONG);
}

/* -- batches ----------------------------------------------------------------- */

static void write_many(scene *s) {
  for (int i = 0; i < 200; i++) {
    char name[16];
    snprintf(name, sizeof(name), "%d", i == 150 ? 7 : i);
    write_name(s, name);
  }
}

static void small_writes_share_a_commit_and_fail_alone(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  peal_store_stats stats;
  open_store(s, &opts);
  run(s, write_many, 200);
  assert_int_equal(s->done, 200);
  assert_int_equal(s->ok, 199);
  peal_store_stats_get(s->store, &stats);
  assert_int_equal(stats.writes, 200);
  assert_int_equal(stats.errors, 1);
  assert_in_range(stats.commits, 1, 20);
  assert_int_equal(count_rows(s), 199);
}

static void write_groups(scene *s) {
  const peal_store_stmt good[] = {
      {"INSERT INTO t(name) VALUES(?)", PEAL_ARGS(peal_str("a"))},
      {"UPDATE t SET data = ? WHERE name = 'a'", PEAL_ARGS(peal_int(5))}};
  const peal_store_stmt bad[] = {
      {"INSERT INTO t(name) VALUES(?)", PEAL_ARGS(peal_str("b"))},
      {"INSERT INTO t(name) VALUES(?)", PEAL_ARGS(peal_str("a"))}};
  assert_int_equal(peal_store_write_all(s->store, good, 2, on_result, s),
                   PEAL_OK);
  write_name(s, "c");
  assert_int_equal(peal_store_write_all(s->store, bad, 2, on_result, s),
                   PEAL_OK);
}

static void several_statements_are_done_all_or_none(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  open_store(s, &opts);
  run(s, write_groups, 3);
  assert_int_equal(s->ok, 2);
  assert_int_equal(s->last.err, PEAL_ERR_EXISTS);
  assert_int_equal(count_rows(s), 2);
}

static void on_written(const peal_store_result *result, void *user) {
  scene *s = user;
  assert_int_equal(result->err, PEAL_OK);
  assert_int_equal(result->changes, 1);
  assert_int_equal(peal_store_read(s->store, "SELECT name FROM t WHERE id = ?",
                                   PEAL_ARGS(peal_int(result->last_id)),
                                   on_result, s),
                   PEAL_OK);
}

static void write_then_read(scene *s) {
  assert_int_equal(peal_store_write(s->store, "INSERT INTO t(name) VALUES('x')",
                                    PEAL_NO_ARGS, on_written, s),
                   PEAL_OK);
}

static void a_read_sees_what_was_acknowledged(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  open_store(s, &opts);
  run(s, write_then_read, 1);
  assert_int_equal(s->ok, 1);
  assert_int_equal(s->last.rows.len, 1);
}

static void read_a_write(scene *s) {
  assert_int_equal(peal_store_read(s->store, "INSERT INTO t(name) VALUES('x')",
                                   PEAL_NO_ARGS, on_result, s),
                   PEAL_OK);
}

static void a_read_cannot_change_anything(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  open_store(s, &opts);
  run(s, read_a_write, 1);
  assert_int_equal(s->ok, 0);
  assert_int_equal(count_rows(s), 0);
}

static void write_and_leave(scene *s) {
  write_name(s, "a");
  write_name(s, "b");
  peal_workers_stop(s->workers, 0);
}

static void closing_finishes_what_is_queued(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  opts.batch_ms = 5000;
  open_store(s, &opts);
  run(s, write_and_leave, 99);
  peal_store_close(s->store);
  assert_int_equal(s->done, 2);
  assert_int_equal(s->ok, 2);
  open_store(s, &opts);
  assert_int_equal(count_rows(s), 2);
}

/* -- another process --------------------------------------------------------- */

typedef struct other {
  pid_t pid;
  int to, from;
} other;

static other start_other(const char *mode, const char *path) {
  int to[2], from[2];
  assert_int_equal(pipe(to), 0);
  assert_int_equal(pipe(from), 0);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(to[0], 0);
    dup2(from[1], 1);
    close(to[1]);
    close(from[0]);
    execl("/proc/self/exe", "test_store", mode, path, (char *)NULL);
    _exit(9);
  }
  close(to[0]);
  close(from[1]);
  return (other){pid, to[1], from[0]};
}

static void wait_byte(int fd) {
  char byte;
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  assert_int_equal(poll(&wait, 1, 20000), 1);
  assert_int_equal(read(fd, &byte, 1), 1);
}

static void end_other(other *o) {
  close(o->to);
  close(o->from);
  waitpid(o->pid, NULL, 0);
}

/* Hold the write lock until stdin ends or brings a byte. */
static int hold_lock(const char *path) {
  sqlite3 *db = NULL;
  char byte = 'x';
  if (sqlite3_open(path, &db) ||
      sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL))
    return 1;
  if (write(1, &byte, 1) != 1 || read(0, &byte, 1) < 0)
    return 2;
  sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
  sqlite3_close(db);
  byte = 'y';
  return write(1, &byte, 1) != 1;
}

static void write_two(scene *s) {
  write_name(s, "a");
  write_name(s, "b");
}

static void a_lock_held_by_another_process_is_told_and_overcome(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  open_store(s, &opts);
  other o = start_other("lock", s->path);
  wait_byte(o.from);
  run(s, write_two, 2);
  assert_int_equal(s->done, 2);
  assert_int_equal(s->ok, 0);
  assert_int_equal(s->last.err, PEAL_ERR_STORE);
  assert_true(s->last.is_locked);
  assert_int_equal(
      peal_store_exec_sync(s->store, "SELECT 1", PEAL_NO_ARGS, NULL),
      PEAL_ERR_STORE);
  assert_int_equal(write(o.to, "x", 1), 1);
  wait_byte(o.from);
  end_other(&o);
  assert_int_equal(peal_store_exec_sync(s->store,
                                        "INSERT INTO t(name) VALUES('a')",
                                        PEAL_NO_ARGS, NULL),
                   PEAL_OK);
}

static void flood(scene *s) {
  peal_err err;
  unsigned taken = 0;
  do {
    err = peal_store_write(s->store, "INSERT INTO t(data) VALUES(1)",
                           PEAL_NO_ARGS, on_result, s);
    taken += !err;
  } while (!err && taken < 1000);
  assert_int_equal(err, PEAL_ERR_QUEUE_FULL);
  /* some may have been taken by the writer already */
  assert_in_range(taken, 10, 30);
  s->expected = taken;
}

static void a_full_queue_refuses(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  opts.max_queue = 10;
  opts.batch_max = 10;
  opts.batch_ms = 1000;
  open_store(s, &opts);
  other o = start_other("lock", s->path);
  wait_byte(o.from);
  run(s, flood, 1000);
  assert_int_equal(s->done, s->expected);
  end_other(&o);
}

/* Writes without end; each acknowledged id goes to stdout. */
static void write_next(scene *s);

static void on_acknowledged(const peal_store_result *result, void *user) {
  uint32_t id = (uint32_t)result->last_id;
  if (result->err || write(1, &id, sizeof(id)) != sizeof(id))
    _exit(3);
  write_next(user);
}

static void write_next(scene *s) {
  if (peal_store_write(s->store, "INSERT INTO t(data) VALUES(randomblob(200))",
                       PEAL_NO_ARGS, on_acknowledged, s))
    _exit(4);
}

static void write_eight(scene *s) {
  for (int i = 0; i < 8; i++)
    write_next(s);
}

static int write_forever(const char *path) {
  scene s = {.workers = peal_workers_new(NULL), .step = write_eight};
  snprintf(s.path, sizeof(s.path), "%s", path);
  peal_store_opts opts = opts_of(&s);
  if (peal_store_open(&s.store, &opts) ||
      peal_worker_post(peal_workers_get(s.workers, 0), begin, &s))
    return 5;
  return peal_workers_run(s.workers);
}

/* Reads what the other acknowledges, kills it after `count`, reads the rest.
 * Returns the largest id. */
static uint32_t read_and_kill(other *o, unsigned count) {
  uint32_t id, largest = 0;
  while (read(o->from, &id, sizeof(id)) == sizeof(id)) {
    if (id > largest)
      largest = id;
    if (count && --count == 0)
      kill(o->pid, SIGKILL);
  }
  return largest;
}

static void what_was_acknowledged_survives_a_kill(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  for (unsigned round = 0; round < 3; round++) {
    other o = start_other("write", s->path);
    uint32_t largest = read_and_kill(&o, 100 + round * 57);
    end_other(&o);
    assert_true(largest >= 100);
    open_store(s, &opts);
    /* ids are given in order: all up to the largest must be there */
    assert_true(count_rows(s) >= (int64_t)largest);
    peal_store_close(s->store);
    s->store = NULL;
  }
}

/* -- disk full --------------------------------------------------------------- */

static void write_small_big_small(scene *s) {
  const char *big = "INSERT INTO t(data) VALUES(randomblob(1000000))";
  write_name(s, "small");
  assert_int_equal(peal_store_write(s->store, big, PEAL_NO_ARGS, on_result, s),
                   PEAL_OK);
  write_name(s, "other");
}

static void renew_workers(scene *s) {
  peal_store_close(s->store);
  s->store = NULL;
  peal_workers_free(s->workers);
  s->workers = peal_workers_new(&(peal_workers_opts){.log.fn = quiet});
}

static void full_disk(scene *s, void (*free_space)(void *), void *user) {
  run(s, write_small_big_small, 3);
  assert_int_equal(s->done, 3);
  assert_int_equal(s->ok, 2); /* only the big one is concerned */
  assert_int_equal(count_rows(s), 2);
  free_space(user);
  assert_int_equal(
      peal_store_exec_sync(s->store,
                           "INSERT INTO t(data) VALUES(randomblob(1000000))",
                           PEAL_NO_ARGS, NULL),
      PEAL_OK);
  assert_int_equal(count_rows(s), 3);
}

static void lift_limit(void *user) {
  assert_int_equal(setrlimit(RLIMIT_FSIZE, user), 0);
}

static void a_write_that_finds_no_room_fails_alone(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  struct rlimit before, tight;
  signal(SIGXFSZ, SIG_IGN);
  open_store(s, &opts);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  tight = before;
  tight.rlim_cur = 400000;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
  full_disk(s, lift_limit, &before);
}

static void remove_ballast(void *user) {
  assert_int_equal(unlink(user), 0);
}

static void a_full_disk_is_told_and_overcome(void **state) {
  scene *s = *state;
  char ballast[128], mount_point[80];
  snprintf(mount_point, sizeof(mount_point), "%s/small", s->dir);
  assert_int_equal(mkdir(mount_point, 0700), 0);
  if (mount("tmpfs", mount_point, "tmpfs", 0, "size=6m")) {
    print_message("no right to mount a small disk\n");
    skip();
  }
  snprintf(s->path, sizeof(s->path), "%s/x.db", mount_point);
  snprintf(ballast, sizeof(ballast), "%s/ballast", mount_point);
  peal_store_opts opts = opts_of(s);
  open_store(s, &opts);
  static char block[4096];
  FILE *file = fopen(ballast, "w");
  for (int i = 0; i < 1400; i++)
    fwrite(block, 1, sizeof(block), file);
  fclose(file);
  full_disk(s, remove_ballast, ballast);
  renew_workers(s);
  assert_int_equal(umount(mount_point), 0);
}

/* -- probe, misuse ----------------------------------------------------------- */

static void probe(scene *s) {
  assert_int_equal(peal_store_probe(s->store, on_result, s), PEAL_OK);
}

static void a_probe_tells_whether_it_is_well(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  open_store(s, &opts);
  run(s, probe, 1);
  assert_int_equal(s->ok, 1);
  renew_workers(s);
  opts = opts_of(s);
  open_store(s, &opts);
  other o = start_other("lock", s->path);
  wait_byte(o.from);
  run(s, probe, 1);
  assert_int_equal(s->ok, 0);
  end_other(&o);
}

static void without_a_worker_only_the_waiting_functions_work(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  opts.workers = NULL;
  open_store(s, &opts);
  assert_int_equal(
      peal_store_write(s->store, "SELECT 1", PEAL_NO_ARGS, on_result, s),
      PEAL_ERR_USAGE);
  assert_int_equal(
      peal_store_exec_sync(s->store, "SELECT 1", PEAL_NO_ARGS, NULL), PEAL_OK);
}

/* The workers never run: the result waits for the end of the group. */
static void a_result_may_be_told_when_the_store_has_closed(void **state) {
  scene *s = *state;
  peal_store_opts opts = opts_of(s);
  open_store(s, &opts);
  s->expected = 1;
  write_name(s, "a");
  peal_store_close(s->store);
  s->store = NULL;
  assert_int_equal(s->done, 0);
  peal_workers_free(s->workers);
  s->workers = NULL;
  assert_int_equal(s->done, 1);
  assert_int_equal(s->ok, 1);
}

static void without_a_store_nothing_happens(void **state) {
  scene *s = *state;
  peal_store_stats stats = {.writes = 7};
  peal_store_stats_get(NULL, &stats);
  assert_true(stats.writes == 0);
  peal_store_stats_get(NULL, NULL);
  peal_store_close(NULL);
  assert_int_equal(peal_store_probe(NULL, on_result, s), PEAL_ERR_USAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "lock") == 0)
    return hold_lock(argv[2]);
  if (argc == 3 && strcmp(argv[1], "write") == 0)
    return write_forever(argv[2]);
  const struct CMUnitTest tests[] = {
      TEST(gives_values_back_as_they_came),
      TEST(makes_its_file_for_the_owner_only),
      TEST(brings_the_schema_up_to_date_once),
      TEST(refuses_a_file_that_is_no_database),
      TEST(refuses_what_is_no_single_statement),
      TEST(bounds_a_result),
      TEST(small_writes_share_a_commit_and_fail_alone),
      TEST(several_statements_are_done_all_or_none),
      TEST(a_read_sees_what_was_acknowledged),
      TEST(a_read_cannot_change_anything),
      TEST(closing_finishes_what_is_queued),
      TEST(a_lock_held_by_another_process_is_told_and_overcome),
      TEST(a_full_queue_refuses),
      TEST(what_was_acknowledged_survives_a_kill),
      TEST(a_write_that_finds_no_room_fails_alone),
      TEST(a_full_disk_is_told_and_overcome),
      TEST(a_probe_tells_whether_it_is_well),
      TEST(without_a_worker_only_the_waiting_functions_work),
      TEST(a_result_may_be_told_when_the_store_has_closed),
      TEST(without_a_store_nothing_happens),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
