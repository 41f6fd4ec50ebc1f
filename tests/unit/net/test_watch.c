/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "net_fixture.h"

typedef struct pair {
  peal_worker *worker;
  int ours, theirs; /* two ends of one pipe of both directions */
  peal_watch *watch, *other;
  unsigned wanted;
  atomic_int told, wrong;
  atomic_uint events;
  char text[16];
  size_t len;
} pair;

static void open_pair(pair *p) {
  int fds[2];
  assert_int_equal(
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
      0);
  p->ours = fds[0];
  p->theirs = fds[1];
}

static void close_pair(pair *p) {
  close(p->ours);
  if (p->theirs >= 0)
    close(p->theirs);
}

static void on_ready(peal_watch *watch, unsigned events, void *user) {
  pair *p = user;
  if (peal_worker_self() != p->worker || watch != p->watch)
    atomic_fetch_add(&p->wrong, 1);
  atomic_fetch_or(&p->events, events);
  if (events & PEAL_WATCH_READ) {
    ssize_t got = read(p->ours, p->text + p->len, sizeof(p->text) - p->len);
    if (got > 0)
      p->len += (size_t)got;
    if (got == 0 && peal_watch_set(watch, 0) != PEAL_OK)
      atomic_fetch_add(&p->wrong, 1);
  }
  if (events & PEAL_WATCH_WRITE &&
      peal_watch_set(watch, PEAL_WATCH_READ) != PEAL_OK)
    atomic_fetch_add(&p->wrong, 1);
  atomic_fetch_add(&p->told, 1);
}

static void begin(peal_worker *worker, void *user) {
  pair *p = user;
  p->worker = worker;
  p->watch = peal_watch_new(worker, p->ours, on_ready, p);
  assert_non_null(p->watch);
  assert_int_equal(peal_watch_set(p->watch, p->wanted), PEAL_OK);
}

static void end(peal_worker *worker, void *user) {
  pair *p = user;
  (void)worker;
  peal_watch_free(p->watch);
}

typedef struct rig {
  net_fixture fixture;
  peal_worker *worker;
} rig;

static void rig_run(rig *r, peal_poller_kind poller) {
  *r = (rig){.fixture.workers = peal_workers_new(
                 &(peal_workers_opts){.poller = poller, .log = NET_QUIET})};
  assert_non_null(r->fixture.workers);
  r->worker = peal_workers_get(r->fixture.workers, 0);
  net_fixture_run(&r->fixture);
}

static void rig_end(rig *r) {
  peal_workers_stop(r->fixture.workers, 0);
  net_fixture_join(&r->fixture);
  peal_workers_free(r->fixture.workers);
}

static void hears(peal_poller_kind poller) {
  rig r;
  pair p = {.wanted = PEAL_WATCH_READ | PEAL_WATCH_WRITE};
  open_pair(&p);
  rig_run(&r, poller);
  net_on_worker(r.worker, begin, &p);
  assert_true(net_wait(&p.told, 1));
  assert_true(atomic_load(&p.events) & PEAL_WATCH_WRITE);
  assert_int_equal(write(p.theirs, "word", 4), 4);
  assert_true(net_wait(&p.told, 2));
  close(p.theirs);
  p.theirs = -1;
  assert_true(net_wait(&p.told, 3));
  net_on_worker(r.worker, end, &p);
  rig_end(&r);
  assert_int_equal(p.len, 4);
  assert_memory_equal(p.text, "word", 4);
  assert_int_equal(atomic_load(&p.wrong), 0);
  close_pair(&p);
}

static void tells_when_it_can_be_written_and_read_and_is_over(void **state) {
  (void)state;
  hears(PEAL_POLLER_EPOLL);
  hears(PEAL_POLLER_POLL);
}

/* -- one frees another --------------------------------------------------------- */

static pair both[2];
static atomic_int either;

static void on_first(peal_watch *watch, unsigned events, void *user) {
  (void)watch;
  (void)events;
  (void)user;
  peal_watch_free(both[0].watch);
  peal_watch_free(both[1].watch);
  both[0].watch = both[1].watch = NULL;
  atomic_fetch_add(&either, 1);
}

static void begin_both(peal_worker *worker, void *user) {
  (void)user;
  for (int i = 0; i < 2; i++) {
    both[i].watch = peal_watch_new(worker, both[i].ours, on_first, NULL);
    assert_int_equal(peal_watch_set(both[i].watch, PEAL_WATCH_READ), PEAL_OK);
    assert_int_equal(write(both[i].theirs, "x", 1), 1);
  }
}

static void may_be_freed_in_the_turn_in_which_it_is_ready(void **state) {
  (void)state;
  rig r;
  open_pair(&both[0]);
  open_pair(&both[1]);
  rig_run(&r, PEAL_POLLER_EPOLL);
  net_on_worker(r.worker, begin_both, NULL);
  assert_true(net_wait(&either, 1));
  rig_end(&r);
  assert_int_equal(atomic_load(&either), 1);
  close_pair(&both[0]);
  close_pair(&both[1]);
}

/* -- silence -------------------------------------------------------------------- */

static void on_never(peal_watch *watch, unsigned events, void *user) {
  (void)watch;
  (void)events;
  atomic_fetch_add(&((pair *)user)->wrong, 1);
}

static void watch_nothing(peal_worker *worker, void *user) {
  pair *p = user;
  p->watch = peal_watch_new(worker, p->ours, on_never, p);
  assert_int_equal(peal_watch_set(p->watch, PEAL_WATCH_READ), PEAL_OK);
  assert_int_equal(peal_watch_set(p->watch, 0), PEAL_OK);
  assert_int_equal(peal_watch_set(p->watch, 0), PEAL_OK);
  assert_int_equal(write(p->theirs, "x", 1), 1);
  close(p->theirs);
  p->theirs = -1;
}

static void nothing(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
}

static void waits_for_nothing_when_nothing_is_asked(void **state) {
  (void)state;
  rig r;
  pair p = {.ours = -1};
  open_pair(&p);
  rig_run(&r, PEAL_POLLER_EPOLL);
  net_on_worker(r.worker, watch_nothing, &p);
  for (int i = 0; i < 10; i++)
    net_on_worker(r.worker, nothing, NULL);
  net_on_worker(r.worker, end, &p);
  rig_end(&r);
  assert_int_equal(atomic_load(&p.wrong), 0);
  close_pair(&p);
}

/* -- misuse --------------------------------------------------------------------- */

static void refuses_what_cannot_be_watched(void **state) {
  (void)state;
  peal_workers *workers =
      peal_workers_new(&(peal_workers_opts){.log = NET_QUIET});
  peal_worker *worker = peal_workers_get(workers, 0);
  assert_null(peal_watch_new(NULL, 0, on_never, NULL));
  assert_null(peal_watch_new(worker, -1, on_never, NULL));
  assert_null(peal_watch_new(worker, 0, NULL, NULL));
  assert_int_equal(peal_watch_set(NULL, PEAL_WATCH_READ), PEAL_ERR_USAGE);
  peal_watch_free(NULL);
  /* epoll(7) does not wait for regular files. */
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  peal_watch *watch = peal_watch_new(worker, fd, on_never, NULL);
  assert_non_null(watch);
  assert_int_equal(peal_watch_set(watch, 8), PEAL_ERR_USAGE);
  assert_int_equal(peal_watch_set(watch, PEAL_WATCH_ERROR), PEAL_ERR_USAGE);
  assert_int_equal(peal_watch_set(watch, PEAL_WATCH_READ), PEAL_ERR_SYSTEM);
  peal_watch_free(watch);
  close(fd);
  peal_workers_free(workers);
}

static void may_be_set_and_freed_around_the_run(void **state) {
  (void)state;
  pair p = {.wanted = PEAL_WATCH_READ}, kept = {.wanted = PEAL_WATCH_READ};
  open_pair(&p);
  open_pair(&kept);
  peal_workers *workers =
      peal_workers_new(&(peal_workers_opts){.log = NET_QUIET});
  begin(peal_workers_get(workers, 0), &p);
  end(NULL, &p);
  begin(peal_workers_get(workers, 0), &kept);
  peal_workers_stop(workers, 0);
  assert_int_equal(peal_workers_run(workers), 0);
  assert_int_equal(peal_watch_set(kept.watch, PEAL_WATCH_WRITE),
                   PEAL_ERR_CLOSED);
  end(NULL, &kept);
  peal_workers_free(workers);
  close_pair(&p);
  close_pair(&kept);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_when_it_can_be_written_and_read_and_is_over),
      cmocka_unit_test(may_be_freed_in_the_turn_in_which_it_is_ready),
      cmocka_unit_test(waits_for_nothing_when_nothing_is_asked),
      cmocka_unit_test(refuses_what_cannot_be_watched),
      cmocka_unit_test(may_be_set_and_freed_around_the_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
