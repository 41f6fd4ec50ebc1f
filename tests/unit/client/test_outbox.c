/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "outbox_fixture.h"
#include "shared_torture.h"

static peal_outbox *open_outbox(const peal_outbox_opts *opts) {
  peal_outbox *outbox = NULL;
  peal_outbox_problem why;
  peal_err err = peal_outbox_new(&outbox, opts, &why);
  if (err)
    print_error("%s\n", why.text);
  assert_int_equal(err, PEAL_OK);
  assert_non_null(outbox);
  return outbox;
}

static void assert_seen(const peal_client_nsp *end, int64_t first,
                        int64_t last) {
  assert_int_equal(end->seen_count, last - first + 1);
  for (size_t i = 0; i < end->seen_count; i++)
    assert_int_equal(end->seen[i], first + (int64_t)i);
}

static void events_wait_in_the_folder_for_whoever_sends_them(void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  dir_make(dir);
  peal_outbox *outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
  for (int64_t n = 1; n <= 20; n++)
    assert_int_equal(emit_n(outbox, n, NULL), PEAL_OK);
  assert_int_equal(peal_outbox_pending(outbox), 20);
  peal_outbox_free(outbox);

  outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
  assert_int_equal(peal_outbox_pending(outbox), 20);
  assert_int_equal(emit_n(outbox, 21, NULL), PEAL_OK);
  end_open(&end);
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_ERR_USAGE);
  assert_true(outbox_wait(outbox));
  peal_outbox_free(outbox);
  end_close(&end);
  assert_seen(&end, 1, 21);

  outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
  assert_int_equal(peal_outbox_pending(outbox), 0);
  peal_outbox_free(outbox);
  dir_remove(dir);
}

/* -- ids ------------------------------------------------------------------------------ */

static char ids[64][64];
static size_t id_count;

static void keep_id(const char *id, int64_t n) {
  (void)n;
  if (id_count < 64)
    strcpy(ids[id_count++], id);
}

static peal_err lost_twice(size_t k, int64_t n) {
  (void)n;
  return k <= 2 ? PEAL_ERR_TIMEOUT : PEAL_OK;
}

static void an_id_is_the_same_at_each_try_and_another_for_each_event(
    void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  dir_make(dir);
  id_count = 0;
  for (int run = 0; run < 2; run++) {
    peal_outbox *outbox =
        open_outbox(&(peal_outbox_opts){.dir = dir, .id_name = "id"});
    end_open(&end);
    end.on_event = keep_id;
    end.fate = lost_twice;
    assert_int_equal(emit_n(outbox, 1, NULL), PEAL_OK);
    assert_int_equal(emit_n(outbox, 2, run ? "mine" : NULL), PEAL_OK);
    assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
    assert_true(outbox_wait(outbox));
    peal_outbox_free(outbox);
    end_close(&end);
    assert_seen(&end, 1, 2);
  }
  assert_int_equal(id_count, 8);
  assert_string_equal(ids[0], ids[1]);
  assert_string_equal(ids[0], ids[2]);
  assert_string_not_equal(ids[0], ids[3]);
  assert_string_not_equal(ids[0], ids[4]);
  assert_string_equal(ids[7], "mine");
  dir_remove(dir);
}

/* -- refusals and losses ------------------------------------------------------------------ */

static peal_err mixed(size_t k, int64_t n) {
  (void)n;
  return k % 3 == 1 ? PEAL_ERR_TIMEOUT : k % 7 == 2 ? PEAL_ERR_CLOSED : PEAL_OK;
}

static bool refused_at_times(size_t k) {
  return k % 5 != 0;
}

static atomic_int stored, delivered, problems;

static peal_outbox_verdict on_accept(peal_slice id, peal_args args,
                                     void *user) {
  assert_true(id.len > 0);
  assert_ptr_equal(user, &stored);
  return peal_val_bool(args.items[0], false) ? PEAL_OUTBOX_DONE
                                             : PEAL_OUTBOX_AGAIN;
}

static void on_stored(peal_outbox *outbox, peal_slice id, void *user) {
  (void)outbox;
  assert_true(id.len > 0);
  atomic_fetch_add((atomic_int *)user, 1);
}

static void on_delivered(peal_outbox *outbox, peal_slice id, void *user) {
  (void)user;
  assert_non_null(outbox);
  assert_true(id.len > 0);
  atomic_fetch_add(&delivered, 1);
}

static void on_problem(peal_outbox *outbox, const peal_outbox_problem *problem,
                       void *user) {
  (void)outbox;
  (void)user;
  assert_true(strlen(problem->text) > 0);
  atomic_fetch_add(&problems, 1);
}

static void what_is_late_lost_or_refused_comes_again_in_order(void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  dir_make(dir);
  atomic_store(&stored, 0);
  atomic_store(&delivered, 0);
  atomic_store(&problems, 0);
  peal_outbox *outbox =
      open_outbox(&(peal_outbox_opts){.dir = dir,
                                      .retry_ms = 1,
                                      .retry_max_ms = 2,
                                      .accept = on_accept,
                                      .on_stored = on_stored,
                                      .on_delivered = on_delivered,
                                      .on_problem = on_problem,
                                      .user = &stored});
  end_open(&end);
  end.fate = mixed;
  end.accepts = refused_at_times;
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  for (int64_t n = 1; n <= 50; n++)
    assert_int_equal(emit_n(outbox, n, NULL), PEAL_OK);
  assert_true(outbox_wait(outbox));
  peal_outbox_stats stats;
  peal_outbox_stats_get(outbox, &stats);
  assert_int_equal(stats.delivered, 50);
  peal_outbox_free(outbox);
  end_close(&end);
  int64_t last = 0; // repeats of the last one apart, all in order
  for (size_t i = 0; i < end.seen_count; i++) {
    assert_in_range(end.seen[i], last, last + 1);
    last = end.seen[i];
  }
  assert_int_equal(last, 50);
  assert_int_equal(atomic_load(&stored), 50);
  assert_int_equal(atomic_load(&delivered), 50);
  assert_int_equal(atomic_load(&problems), 0);
  dir_remove(dir);
}

/* -- what is given up ---------------------------------------------------------------- */

static atomic_int given_up;

static peal_outbox_verdict gives_up(peal_slice id, peal_args args, void *user) {
  (void)id, (void)user;
  return peal_val_bool(args.items[0], false) ? PEAL_OUTBOX_DONE
                                             : PEAL_OUTBOX_GIVE_UP;
}

static bool first_four_are_refused(size_t k) {
  return k > 4;
}

/* The second time is the second event: it is not to be given up then. */
static peal_outbox_verdict on_given_up(peal_outbox *outbox, peal_slice id,
                                       peal_slice event, peal_args args,
                                       void *user) {
  (void)user;
  int64_t n =
      args.count ? peal_val_int(peal_val_get(args.items[0], "n"), 0) : 0;
  int k = atomic_fetch_add(&given_up, 1) + 1;
  assert_int_equal(n, k < 3 ? k : k - 1);
  assert_true(id.len > 0);
  assert_true(event.len > 0);
  assert_int_equal(peal_outbox_pending(outbox), n == 1 ? 4 : n == 2 ? 3 : 2);
  return k == 2 ? PEAL_OUTBOX_AGAIN : PEAL_OUTBOX_DONE;
}

static void what_is_given_up_is_handed_over_before_it_is_over(void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  dir_make(dir);
  atomic_store(&given_up, 0);
  atomic_store(&delivered, 0);
  peal_outbox *outbox =
      open_outbox(&(peal_outbox_opts){.dir = dir,
                                      .retry_ms = 1,
                                      .accept = gives_up,
                                      .on_delivered = on_delivered,
                                      .on_given_up = on_given_up});
  for (int64_t n = 1; n <= 4; n++)
    assert_int_equal(emit_n(outbox, n, NULL), PEAL_OK);
  end_open(&end);
  end.accepts = first_four_are_refused;
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  assert_true(outbox_wait(outbox));
  peal_outbox_stats stats;
  peal_outbox_stats_get(outbox, &stats);
  assert_int_equal(stats.given_up, 3);
  assert_int_equal(stats.delivered, 1);
  peal_outbox_free(outbox);
  end_close(&end);
  assert_int_equal(atomic_load(&given_up), 4);
  assert_int_equal(atomic_load(&delivered), 1);
  static const int64_t sent[] = {1, 2, 2, 3, 4};
  assert_int_equal(end.seen_count, 5);
  assert_memory_equal(end.seen, sent, sizeof sent);
  outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
  assert_int_equal(peal_outbox_pending(outbox), 0);
  peal_outbox_free(outbox);
  dir_remove(dir);
}

static peal_outbox_verdict free_when_given_up(peal_outbox *outbox,
                                              peal_slice id, peal_slice event,
                                              peal_args args, void *user) {
  (void)id, (void)event, (void)args, (void)user;
  peal_outbox_free(outbox);
  atomic_fetch_add(&given_up, 1);
  return PEAL_OUTBOX_DONE;
}

static void it_may_be_freed_when_an_event_is_given_up(void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  dir_make(dir);
  atomic_store(&given_up, 0);
  peal_outbox *outbox = open_outbox(&(peal_outbox_opts){
      .dir = dir, .accept = gives_up, .on_given_up = free_when_given_up});
  assert_int_equal(emit_n(outbox, 1, NULL), PEAL_OK);
  end_open(&end);
  end.accepts = first_four_are_refused;
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  peal_err err = PEAL_ERR_EXISTS;
  for (int tries = 0; err == PEAL_ERR_EXISTS && tries < 5000; tries++) {
    usleep(1000);
    outbox = NULL;
    if (atomic_load(&given_up))
      err = peal_outbox_new(&outbox, &(peal_outbox_opts){.dir = dir}, NULL);
  }
  assert_int_equal(err, PEAL_OK);
  assert_int_equal(peal_outbox_pending(outbox), 0);
  peal_outbox_free(outbox);
  end_close(&end);
  dir_remove(dir);
}

static void a_client_that_takes_nothing_is_asked_again_and_not_at_once(
    void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  dir_make(dir);
  peal_outbox *outbox =
      open_outbox(&(peal_outbox_opts){.dir = dir, .retry_ms = 30});
  end_open(&end);
  end.refuses = PEAL_ERR_QUEUE_FULL;
  assert_int_equal(emit_n(outbox, 1, NULL), PEAL_OK);
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  usleep(20000);
  pthread_mutex_lock(&end.lock);
  end.refuses = PEAL_OK;
  pthread_mutex_unlock(&end.lock);
  assert_true(outbox_wait(outbox));
  peal_outbox_free(outbox);
  end_close(&end);
  assert_seen(&end, 1, 1);
  dir_remove(dir);
}

/* -- threads ------------------------------------------------------------------------------- */

typedef struct sender {
  peal_outbox *outbox;
  int64_t from;
} sender;

static void *send_many(void *user) {
  const sender *it = user;
  for (int64_t n = 0; n < 50; n++)
    if (emit_n(it->outbox, it->from + n, NULL))
      return (void *)1;
  return NULL;
}

static void many_threads_store_and_each_keeps_its_order(void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  pthread_t threads[4];
  sender senders[4];
  dir_make(dir);
  peal_outbox *outbox = open_outbox(&(peal_outbox_opts){
      .dir = dir, .window = 8, .sync = PEAL_OUTBOX_SYNC_NEVER});
  end_open(&end);
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  for (int i = 0; i < 4; i++) {
    senders[i] = (sender){outbox, 1000 * i};
    pthread_create(&threads[i], NULL, send_many, &senders[i]);
  }
  for (int i = 0; i < 4; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  assert_true(outbox_wait(outbox));
  peal_outbox_free(outbox);
  end_close(&end);
  assert_int_equal(end.seen_count, 200);
  int64_t next[4] = {0, 1000, 2000, 3000};
  for (size_t i = 0; i < end.seen_count; i++)
    assert_int_equal(end.seen[i], next[end.seen[i] / 1000]++);
  dir_remove(dir);
}

/* The outbox's thread is held in its callback: who waited for it would wait for
 * ever. */
typedef struct holder {
  peal_outbox *outbox;
  atomic_bool may_go, is_held;
  peal_err err;
} holder;

static void hold(peal_outbox *outbox, peal_slice id, void *user) {
  holder *it = user;
  (void)outbox, (void)id;
  atomic_store(&it->is_held, true);
  for (int i = 0; i < 30000 && !atomic_load(&it->may_go); i++)
    usleep(1000);
}

static void emit_on_worker(peal_worker *worker, void *user) {
  holder *it = user;
  for (int i = 0; i < 30000 && !atomic_load(&it->is_held); i++)
    usleep(1000);
  it->err = emit_n(it->outbox, 2, NULL);
  atomic_store(&it->may_go, true);
  peal_workers_stop(peal_worker_group(worker), 0);
}

static void a_worker_does_not_wait_for_the_disk(void **state) {
  (void)state;
  fixture_dir dir;
  holder it = {.err = PEAL_ERR_USAGE};
  dir_make(dir);
  it.outbox = open_outbox(
      &(peal_outbox_opts){.dir = dir, .on_stored = hold, .user = &it});
  assert_int_equal(emit_n(it.outbox, 1, NULL), PEAL_OK);
  peal_workers *workers = peal_workers_new(&(peal_workers_opts){
      .lag_warn_ms = UINT32_MAX, .log = {.level = PEAL_LOG_OFF}});
  assert_non_null(workers);
  assert_int_equal(
      peal_worker_post(peal_workers_get(workers, 0), emit_on_worker, &it),
      PEAL_OK);
  assert_int_equal(peal_workers_run(workers), 0);
  peal_workers_free(workers);
  assert_int_equal(it.err, PEAL_OK);
  assert_true(atomic_load(&it.may_go));
  peal_outbox_free(it.outbox);
  peal_outbox *outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
  assert_int_equal(peal_outbox_pending(outbox), 2);
  peal_outbox_free(outbox);
  dir_remove(dir);
}

/* -- orders of calls -------------------------------------------------------------------------- */

static void free_inside(peal_outbox *outbox, peal_slice id, void *user) {
  (void)id;
  atomic_int *gone = user;
  assert_int_equal(emit_n(outbox, 2, NULL), PEAL_OK);
  peal_outbox_free(outbox);
  atomic_store(gone, 1);
}

static void it_may_be_freed_in_its_own_callback(void **state) {
  (void)state;
  fixture_dir dir;
  atomic_int gone = 0;
  dir_make(dir);
  peal_outbox *outbox = open_outbox(&(peal_outbox_opts){
      .dir = dir, .behind = true, .on_stored = free_inside, .user = &gone});
  assert_int_equal(emit_n(outbox, 1, NULL), PEAL_OK);
  for (int i = 0; i < 30000 && !atomic_load(&gone); i++)
    usleep(1000);
  assert_int_equal(atomic_load(&gone), 1);
  // the thread gives the folder back behind its callback
  peal_err err = PEAL_ERR_EXISTS;
  for (int i = 0; i < 30000 && err == PEAL_ERR_EXISTS; i++) {
    err = peal_outbox_new(&outbox, &(peal_outbox_opts){.dir = dir}, NULL);
    usleep(1000);
  }
  assert_int_equal(err, PEAL_OK);
  assert_in_range(peal_outbox_pending(outbox), 1, 2);
  peal_outbox_free(outbox);
  dir_remove(dir);
}

typedef struct accepter {
  peal_outbox *outbox;
  atomic_int calls;
} accepter;

static peal_outbox_verdict free_in_accept(peal_slice id, peal_args args,
                                          void *user) {
  accepter *it = user;
  (void)id, (void)args;
  peal_outbox_free(it->outbox);
  atomic_fetch_add(&it->calls, 1);
  return PEAL_OUTBOX_DONE;
}

static void it_may_be_freed_while_an_answer_is_read(void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  accepter it = {.calls = 0};
  dir_make(dir);
  it.outbox = open_outbox(
      &(peal_outbox_opts){.dir = dir, .accept = free_in_accept, .user = &it});
  end_open(&end);
  assert_int_equal(emit_n(it.outbox, 1, NULL), PEAL_OK);
  assert_int_equal(peal_outbox_attach(it.outbox, &end), PEAL_OK);
  for (int i = 0; i < 30000 && !atomic_load(&it.calls); i++)
    usleep(1000);
  end_close(&end);
  assert_int_equal(atomic_load(&it.calls), 1);
  // the answer came too late: the event is there
  peal_outbox *outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
  assert_int_equal(peal_outbox_pending(outbox), 1);
  peal_outbox_free(outbox);
  dir_remove(dir);
}

static void a_client_that_is_freed_first_is_forgotten(void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  dir_make(dir);
  peal_outbox *outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
  end_open(&end);
  end.holds = true;
  assert_int_equal(emit_n(outbox, 1, NULL), PEAL_OK);
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  for (int i = 0; i < 30000 && !end_has(&end); i++)
    usleep(1000);
  end_close(&end); // what waits there is answered: closed, and nobody is there
  assert_int_equal(emit_n(outbox, 2, NULL), PEAL_OK);
  end_open(&end);
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  assert_true(outbox_wait(outbox));
  peal_outbox_free(outbox);
  end_close(&end);
  assert_seen(&end, 1, 2);
  dir_remove(dir);
}

static void it_is_detached_and_attached_while_events_are_on_their_way(
    void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp ends[2];
  dir_make(dir);
  peal_outbox *outbox = open_outbox(
      &(peal_outbox_opts){.dir = dir, .sync = PEAL_OUTBOX_SYNC_INTERVAL});
  end_open(&ends[0]);
  end_open(&ends[1]);
  peal_outbox_detach(outbox);
  for (int64_t n = 1; n <= 300; n++) {
    assert_int_equal(emit_n(outbox, n, NULL), PEAL_OK);
    if (n % 10 == 0)
      assert_int_equal(peal_outbox_attach(outbox, &ends[n / 10 % 2]), PEAL_OK);
    if (n % 10 == 5)
      peal_outbox_detach(outbox);
  }
  assert_true(outbox_wait(outbox));
  peal_outbox_free(outbox);
  end_close(&ends[0]);
  end_close(&ends[1]);
  static bool seen[301];
  for (int i = 0; i < 2; i++)
    for (size_t k = 0; k < ends[i].seen_count; k++)
      seen[ends[i].seen[k]] = true;
  for (int n = 1; n <= 300; n++)
    assert_true(seen[n]);
  dir_remove(dir);
}

static void without_an_object_nothing_happens(void **state) {
  (void)state;
  peal_outbox_stats stats = {.pending = 1};
  peal_outbox *outbox = (peal_outbox *)&stats;
  peal_outbox_problem why;
  assert_int_equal(peal_outbox_new(NULL, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_outbox_new(&outbox, NULL, &why), PEAL_ERR_USAGE);
  assert_null(outbox);
  assert_int_equal(
      peal_outbox_new(
          &outbox, &(peal_outbox_opts){.dir = "/tmp/x", .reserved = {1}}, &why),
      PEAL_ERR_OPTION);
  assert_int_equal(
      peal_outbox_new(
          &outbox, &(peal_outbox_opts){.dir = "/tmp/x", .max_bytes = 1}, &why),
      PEAL_ERR_USAGE);
  assert_int_equal(
      peal_outbox_new(&outbox, &(peal_outbox_opts){.dir = "/nowhere/x"}, &why),
      PEAL_ERR_IO);
  assert_non_null(strstr(why.text, "/nowhere/x cannot be made"));
  peal_outbox_free(NULL);
  peal_outbox_detach(NULL);
  assert_int_equal(peal_outbox_attach(NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_outbox_emit(NULL, "x", PEAL_NO_ARGS, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_outbox_pending(NULL), 0);
  peal_outbox_stats_get(NULL, &stats);
  assert_int_equal(stats.pending, 0);
}

/* -- the disk ---------------------------------------------------------------------------------- */

static void a_folder_has_one_owner(void **state) {
  (void)state;
  fixture_dir dir;
  peal_outbox_problem why;
  peal_outbox *second;
  dir_make(dir);
  peal_outbox *outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
  assert_int_equal(
      peal_outbox_new(&second, &(peal_outbox_opts){.dir = dir}, &why),
      PEAL_ERR_EXISTS);
  assert_non_null(strstr(why.text, "another"));
  pid_t pid = fork();
  if (!pid) // another process
    _exit(peal_outbox_new(&second, &(peal_outbox_opts){.dir = dir}, &why) ==
                  PEAL_ERR_EXISTS
              ? 0
              : 1);
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  peal_outbox_free(outbox);
  outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
  peal_outbox_free(outbox);
  dir_remove(dir);
}

static void files_of_two_outboxes_are_refused(void **state) {
  (void)state;
  fixture_dir dir;
  peal_outbox_problem why;
  char other[128];
  dir_make(dir);
  peal_outbox *outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
  assert_int_equal(emit_n(outbox, 1, NULL), PEAL_OK);
  peal_outbox_free(outbox);
  snprintf(other, sizeof other, "%s/%016d-%016d.outbox", dir, 1, 7);
  FILE *file = fopen(other, "wb");
  assert_non_null(file);
  fclose(file);
  assert_int_equal(
      peal_outbox_new(&outbox, &(peal_outbox_opts){.dir = dir}, &why),
      PEAL_ERR_IO);
  assert_null(outbox);
  assert_non_null(strstr(why.text, "two outboxes"));
  assert_int_equal(dir_each(dir, NULL), 2);
  unlink(other);
  outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
  assert_int_equal(peal_outbox_pending(outbox), 1);
  peal_outbox_free(outbox);
  dir_remove(dir);
}

static void a_full_folder_refuses_or_drops_as_it_was_told(void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  dir_make(dir);
  peal_outbox *outbox =
      open_outbox(&(peal_outbox_opts){.dir = dir, .max_bytes = 8192});
  int64_t count = 0;
  peal_err err;
  while ((err = emit_n(outbox, count + 1, NULL)) == PEAL_OK)
    count++;
  assert_int_equal(err, PEAL_ERR_QUEUE_FULL);
  assert_in_range(count, 30, 60);
  peal_outbox_free(outbox);

  atomic_store(&problems, 0);
  outbox = open_outbox(&(peal_outbox_opts){.dir = dir,
                                           .max_bytes = 8192,
                                           .full = PEAL_OUTBOX_DROP_OLDEST,
                                           .on_problem = on_problem});
  for (int64_t n = count + 1; n <= 200; n++)
    assert_int_equal(emit_n(outbox, n, NULL), PEAL_OK);
  peal_outbox_stats stats;
  peal_outbox_stats_get(outbox, &stats);
  assert_int_equal(stats.dropped + stats.pending, 200);
  assert_true(stats.bytes <= 8192);
  end_open(&end);
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  assert_true(outbox_wait(outbox));
  peal_outbox_free(outbox);
  end_close(&end);
  assert_true(atomic_load(&problems) > 0);
  assert_seen(&end, 201 - (int64_t)stats.pending, 200);
  dir_remove(dir);
}

static void an_event_that_never_fits_is_refused(void **state) {
  (void)state;
  fixture_dir dir;
  char *text = calloc(1, 70000);
  dir_make(dir);
  assert_non_null(text);
  memset(text, 'x', 69999);
  peal_outbox *outbox =
      open_outbox(&(peal_outbox_opts){.dir = dir, .max_bytes = 65536});
  assert_int_equal(
      peal_outbox_emit(outbox, "x", PEAL_ARGS(peal_str(text)), NULL),
      PEAL_ERR_LIMIT);
  assert_int_equal(peal_outbox_emit(outbox, "x", PEAL_NO_ARGS, text),
                   PEAL_ERR_LIMIT);
  assert_int_equal(peal_outbox_emit(outbox, "connect", PEAL_NO_ARGS, NULL),
                   PEAL_ERR_RESERVED);
  assert_int_equal(peal_outbox_pending(outbox), 0);
  peal_outbox_free(outbox);
  free(text);
  dir_remove(dir);
}

/* In a child: the system lets no file become longer than this. */
static void child_with_a_full_disk(const char *dir) {
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit limit, none;
  if (getrlimit(RLIMIT_FSIZE, &none))
    _exit(2);
  peal_outbox *outbox;
  atomic_store(&problems, 0);
  if (peal_outbox_new(&outbox,
                      &(peal_outbox_opts){.dir = dir, .on_problem = on_problem},
                      NULL))
    _exit(3);
  limit = none;
  limit.rlim_cur = 2000;
  if (setrlimit(RLIMIT_FSIZE, &limit))
    _exit(4);
  int64_t n = 1;
  while (emit_n(outbox, n, NULL) == PEAL_OK)
    n++;
  // what is not waited for stays in memory until there is room
  if (emit_n(outbox, n, NULL) != PEAL_ERR_IO || n < 5 || n > 30)
    _exit(5);
  if (setrlimit(RLIMIT_FSIZE, &none) || emit_n(outbox, n, NULL) != PEAL_OK)
    _exit(6);
  peal_outbox_free(outbox);
  _exit(atomic_load(&problems) == 2 ? (int)n + 100 : 7);
}

static void a_full_disk_is_told_and_recovered_from(void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  int status;
  dir_make(dir);
  pid_t pid = fork();
  if (!pid)
    child_with_a_full_disk(dir);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) > 100);
  peal_outbox *outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
  end_open(&end);
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  assert_true(outbox_wait(outbox));
  peal_outbox_stats stats;
  peal_outbox_stats_get(outbox, &stats);
  assert_int_equal(stats.torn, 0); // it was cut where it happened
  peal_outbox_free(outbox);
  end_close(&end);
  assert_seen(&end, 1, WEXITSTATUS(status) - 100);
  dir_remove(dir);
}

/* In a child: what nobody waits for stays in memory until there is room. */
static void child_behind_a_full_disk(const char *dir) {
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit none, limit;
  peal_outbox *outbox;
  peal_outbox_stats stats;
  if (getrlimit(RLIMIT_FSIZE, &none) ||
      peal_outbox_new(&outbox, &(peal_outbox_opts){.dir = dir, .behind = true},
                      NULL))
    _exit(2);
  limit = none;
  limit.rlim_cur = 1000;
  if (setrlimit(RLIMIT_FSIZE, &limit))
    _exit(3);
  for (int64_t n = 1; n <= 50; n++)
    if (emit_n(outbox, n, NULL) != PEAL_OK)
      _exit(4);
  usleep(20000);
  peal_outbox_stats_get(outbox, &stats);
  if (!stats.queued || stats.queued + stats.pending != 50)
    _exit(5);
  if (setrlimit(RLIMIT_FSIZE, &none))
    _exit(6);
  for (int i = 0; i < 30000 && stats.queued; i++) {
    usleep(1000);
    peal_outbox_stats_get(outbox, &stats);
  }
  peal_outbox_free(outbox);
  _exit(stats.pending == 50 ? 0 : 7);
}

static void what_nobody_waits_for_waits_for_the_disk(void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  int status;
  dir_make(dir);
  pid_t pid = fork();
  if (!pid)
    child_behind_a_full_disk(dir);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  peal_outbox *outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
  end_open(&end);
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  assert_true(outbox_wait(outbox));
  peal_outbox_free(outbox);
  end_close(&end);
  assert_seen(&end, 1, 50);
  dir_remove(dir);
}

static size_t damage_at;

static void damage(const char *path) {
  if (!strstr(path, ".outbox"))
    return;
  int fd = open(path, O_RDWR);
  char byte = 0;
  assert_true(fd >= 0);
  assert_int_equal(pread(fd, &byte, 1, (off_t)damage_at), 1);
  byte = (char)(byte ^ 0x11);
  assert_int_equal(pwrite(fd, &byte, 1, (off_t)damage_at), 1);
  close(fd);
}

static void damage_costs_the_event_that_it_hits(void **state) {
  (void)state;
  for (damage_at = 3; damage_at < 800; damage_at += 97) {
    fixture_dir dir;
    static peal_client_nsp end;
    dir_make(dir);
    peal_outbox *outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
    for (int64_t n = 1; n <= 10; n++)
      assert_int_equal(emit_n(outbox, n, NULL), PEAL_OK);
    peal_outbox_free(outbox);
    assert_int_equal(dir_each(dir, damage), 1);
    outbox = open_outbox(&(peal_outbox_opts){.dir = dir});
    assert_int_equal(peal_outbox_pending(outbox), 9);
    end_open(&end);
    assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
    assert_true(outbox_wait(outbox));
    peal_outbox_stats stats;
    peal_outbox_stats_get(outbox, &stats);
    assert_int_equal(stats.damaged, 1);
    peal_outbox_free(outbox);
    end_close(&end);
    assert_int_equal(end.seen_count, 9);
    dir_remove(dir);
  }
}

static void damage_that_comes_later_is_noticed_when_the_event_is_sent(
    void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  dir_make(dir);
  atomic_store(&problems, 0);
  peal_outbox *outbox =
      open_outbox(&(peal_outbox_opts){.dir = dir, .on_problem = on_problem});
  for (int64_t n = 1; n <= 3; n++)
    assert_int_equal(emit_n(outbox, n, NULL), PEAL_OK);
  damage_at = 60;
  assert_int_equal(dir_each(dir, damage), 1);
  end_open(&end);
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  assert_true(outbox_wait(outbox));
  peal_outbox_free(outbox);
  end_close(&end);
  assert_seen(&end, 2, 3);
  assert_int_equal(atomic_load(&problems), 1);
  dir_remove(dir);
}

/* -- memory -------------------------------------------------------------------------------------- */

static void every_failing_allocation_leaves_what_was_stored(void **state) {
  (void)state;
  bool failed = true;
  for (size_t at = 1; failed; at++) {
    fixture_dir dir;
    static peal_client_nsp end;
    static shared_torture memory;
    dir_make(dir);
    shared_init(&memory);
    arm(&memory, at);
    peal_outbox_opts opts = {
        .dir = dir, .id_name = "id", .mem = &memory.mem, .retry_ms = 1};
    peal_outbox *outbox;
    int64_t count = 0;
    peal_err err = peal_outbox_new(&outbox, &opts, NULL);
    assert_true(err == PEAL_OK || err == PEAL_ERR_NOMEM);
    end_open(&end);
    bool attached = !err && peal_outbox_attach(outbox, &end) == PEAL_OK;
    for (int64_t n = 1; !err && n <= 4; n++)
      count += emit_n(outbox, count + 1, NULL) == PEAL_OK;
    if (attached)
      assert_true(outbox_wait(outbox));
    failed = disarm(&memory);
    peal_outbox_free(err ? NULL : outbox);
    end_close(&end);
    if (attached)
      assert_seen(&end, 1, count);
    assert_int_equal(memory.torture.live, 0);
    dir_remove(dir);
  }
}

/* -- what no server takes --------------------------------------------------- */

static atomic_int is_small; /* the server takes more now */

static peal_err first_is_too_large(size_t k, int64_t n) {
  (void)k;
  return n == 1 && !atomic_load(&is_small) ? PEAL_ERR_CLOSED : PEAL_OK;
}

static void an_event_that_ends_each_connection_is_told(void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  dir_make(dir);
  atomic_store(&problems, 0);
  atomic_store(&is_small, 0);
  peal_outbox *outbox = open_outbox(&(peal_outbox_opts){
      .dir = dir, .retry_ms = 1, .retry_max_ms = 1, .on_problem = on_problem});
  for (int64_t n = 1; n <= 2; n++)
    assert_int_equal(emit_n(outbox, n, NULL), PEAL_OK);
  end_open(&end);
  end.fate = first_is_too_large;
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  for (int i = 0; i < 30000 && atomic_load(&problems) == 0; i++)
    usleep(1000);
  assert_int_equal(atomic_load(&problems), 1);
  assert_int_equal(peal_outbox_pending(outbox), 2);
  atomic_store(&is_small, 1);
  assert_true(outbox_wait(outbox));
  peal_outbox_free(outbox);
  end_close(&end);
  assert_seen(&end, 1, 2);
  assert_int_equal(atomic_load(&problems), 2); // and that it is over
  dir_remove(dir);
}

/* -- without descriptors ---------------------------------------------------- */

static void no_descriptor_for_a_moment_costs_no_event(void **state) {
  (void)state;
  fixture_dir dir;
  static peal_client_nsp end;
  struct rlimit was, none;
  dir_make(dir);
  atomic_store(&problems, 0);
  peal_outbox *outbox = open_outbox(&(peal_outbox_opts){
      .dir = dir, .retry_ms = 5, .retry_max_ms = 5, .on_problem = on_problem});
  for (int64_t n = 1; n <= 5; n++)
    assert_int_equal(emit_n(outbox, n, NULL), PEAL_OK);
  end_open(&end);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
  none = was;
  none.rlim_cur = 0; // what is open stays open
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  assert_int_equal(peal_outbox_attach(outbox, &end), PEAL_OK);
  for (int i = 0; i < 30000 && atomic_load(&problems) == 0; i++)
    usleep(1000);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
  assert_true(outbox_wait(outbox));
  peal_outbox_stats stats;
  peal_outbox_stats_get(outbox, &stats);
  assert_int_equal(stats.damaged, 0);
  peal_outbox_free(outbox);
  end_close(&end);
  assert_seen(&end, 1, 5);
  assert_int_equal(atomic_load(&problems), 2); // and that it is over
  dir_remove(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(events_wait_in_the_folder_for_whoever_sends_them),
      cmocka_unit_test(
          an_id_is_the_same_at_each_try_and_another_for_each_event),
      cmocka_unit_test(what_is_late_lost_or_refused_comes_again_in_order),
      cmocka_unit_test(what_is_given_up_is_handed_over_before_it_is_over),
      cmocka_unit_test(it_may_be_freed_when_an_event_is_given_up),
      cmocka_unit_test(
          a_client_that_takes_nothing_is_asked_again_and_not_at_once),
      cmocka_unit_test(many_threads_store_and_each_keeps_its_order),
      cmocka_unit_test(a_worker_does_not_wait_for_the_disk),
      cmocka_unit_test(it_may_be_freed_in_its_own_callback),
      cmocka_unit_test(it_may_be_freed_while_an_answer_is_read),
      cmocka_unit_test(a_client_that_is_freed_first_is_forgotten),
      cmocka_unit_test(
          it_is_detached_and_attached_while_events_are_on_their_way),
      cmocka_unit_test(without_an_object_nothing_happens),
      cmocka_unit_test(a_folder_has_one_owner),
      cmocka_unit_test(files_of_two_outboxes_are_refused),
      cmocka_unit_test(a_full_folder_refuses_or_drops_as_it_was_told),
      cmocka_unit_test(an_event_that_never_fits_is_refused),
      cmocka_unit_test(a_full_disk_is_told_and_recovered_from),
      cmocka_unit_test(what_nobody_waits_for_waits_for_the_disk),
      cmocka_unit_test(an_event_that_ends_each_connection_is_told),
      cmocka_unit_test(no_descriptor_for_a_moment_costs_no_event),
      cmocka_unit_test(damage_costs_the_event_that_it_hits),
      cmocka_unit_test(
          damage_that_comes_later_is_noticed_when_the_event_is_sent),
      cmocka_unit_test(every_failing_allocation_leaves_what_was_stored),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
