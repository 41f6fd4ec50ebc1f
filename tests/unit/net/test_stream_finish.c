/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include <fcntl.h>

#include "net/socket_queue.h"
#include "net/stream.h"
#include "net/stream_finish.h"
#include "net_fixture.h"

/* One worker, and a stream on it with so many bytes to send. Time is moved by
 * advancing the worker's wheel. */
typedef struct scene {
  net_fixture net;
  peal_worker *worker;
  peal_stream *stream;
  int fd; /* the peer's end */
  int ours;
  size_t left; /* to be sent */
  bool finish;
  atomic_int closed, err;
} scene;

static char zeros[65536];

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  (void)stream;
  (void)data;
  (void)len;
  (void)user;
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  scene *it = user;
  (void)stream;
  for (size_t left = it->left; left > 0;) {
    size_t len = left < sizeof(zeros) ? left : sizeof(zeros);
    if (!peal_iovs_add(out, (peal_slice){zeros, len}))
      break;
    left -= len;
  }
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  (void)stream;
  ((scene *)user)->left -= len;
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  scene *it = user;
  (void)stream;
  it->stream = NULL;
  atomic_store(&it->err, err);
  atomic_fetch_add(&it->closed, 1);
}

static const peal_stream_callbacks callbacks = {.on_read = on_read,
                                                .on_pull = on_pull,
                                                .on_sent = on_sent,
                                                .on_close = on_close};

static void begin(peal_worker *worker, void *user) {
  scene *it = user;
  it->stream = peal_stream_adopt(worker, it->ours, &callbacks, it);
  assert_non_null(it->stream);
  if (it->finish)
    peal_stream_finish(it->stream);
}

/* The kernels take little into their buffers, so that we know what is read. */
static void open_scene(scene *it, size_t bytes) {
  int fds[2];
  const int small = 16384;
  *it = (scene){.left = bytes, .finish = true};
  it->net.workers = peal_workers_new(&(peal_workers_opts){.log = NET_QUIET});
  it->worker = peal_workers_get(it->net.workers, 0);
  net_fixture_run(&it->net);
  net_pair(fds);
  it->ours = fds[0];
  it->fd = fds[1];
  setsockopt(it->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  setsockopt(it->ours, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  fcntl(it->fd, F_SETFL, O_NONBLOCK);
  net_on_worker(it->worker, begin, it);
}

static void close_scene(scene *it) {
  close(it->fd);
  peal_workers_stop(it->net.workers, 100);
  net_fixture_join(&it->net);
  assert_int_equal(atomic_load(&it->closed), 1);
  peal_workers_free(it->net.workers);
}

static uint64_t ahead_ms; /* of the clock, by what was advanced */

static void advance(peal_worker *worker, void *user) {
  ahead_ms += *(uint64_t *)user;
  peal_wheel_advance(&worker->wheel, worker->now_ms + ahead_ms);
}

static void pass(scene *it, uint64_t ms) {
  net_on_worker(it->worker, advance, &ms);
}

/* Read `len` bytes; less only if nothing comes any more. */
static size_t take(scene *it, size_t len) {
  static char data[65536];
  size_t have = 0;
  while (have < len && net_readable(it->fd, 5000)) {
    size_t more = len - have < sizeof(data) ? len - have : sizeof(data);
    ssize_t got = recv(it->fd, data, more, 0);
    if (got <= 0)
      break;
    have += (size_t)got;
  }
  return have;
}

/* -- what waits --------------------------------------------------------------- */

#define BIG (32u << 20)
#define STEP (512u << 10)

static void a_peer_that_takes_nothing_is_reset(void **state) {
  (void)state;
  scene it;
  ahead_ms = 0;
  open_scene(&it, BIG);
  assert_true(net_rests(it.worker, 50));
  pass(&it, PEAL_STREAM_FINISH_WINDOW_MS - 1000);
  assert_int_equal(atomic_load(&it.closed), 0);
  /* In the first window its kernel may have taken something. */
  pass(&it, PEAL_STREAM_FINISH_WINDOW_MS);
  pass(&it, PEAL_STREAM_FINISH_WINDOW_MS);
  assert_true(net_wait(&it.closed, 1));
  assert_int_equal(atomic_load(&it.err), PEAL_ERR_TIMEOUT);
  close_scene(&it);
}

/* 1500 bytes every 6 s: five times in a window. */
static void a_peer_that_takes_a_few_bytes_is_reset(void **state) {
  (void)state;
  scene it;
  ahead_ms = 0;
  open_scene(&it, BIG);
  assert_true(net_rests(it.worker, 50));
  pass(&it, PEAL_STREAM_FINISH_WINDOW_MS + 1000);
  assert_int_equal(atomic_load(&it.closed), 0);
  assert_int_equal(take(&it, 7500), 7500);
  assert_true(net_rests(it.worker, 50));
  pass(&it, PEAL_STREAM_FINISH_WINDOW_MS);
  assert_true(net_wait(&it.closed, 1));
  assert_int_equal(atomic_load(&it.err), PEAL_ERR_TIMEOUT);
  close_scene(&it);
}

static void a_slow_peer_of_decent_pace_gets_all(void **state) {
  (void)state;
  scene it;
  ahead_ms = 0;
  open_scene(&it, 8 * STEP);
  for (int step = 0; step < 8; step++) {
    assert_int_equal(take(&it, STEP), STEP);
    if (step < 6) { /* then the kernels have all that is left */
      pass(&it, PEAL_STREAM_FINISH_WINDOW_MS + 100);
      assert_int_equal(atomic_load(&it.closed), 0);
    }
  }
  assert_true(net_closed(it.fd, 5000));
  close_scene(&it);
  assert_int_equal(atomic_load(&it.err), PEAL_OK);
}

/* -- what comes ----------------------------------------------------------------- */

/* Send until nobody takes more. Returns how much went. */
static size_t flood(const scene *it) {
  size_t sent = 0;
  for (;;) {
    struct pollfd one = {.fd = it->fd, .events = POLLOUT};
    if (poll(&one, 1, 200) <= 0)
      return sent;
    ssize_t more = send(it->fd, zeros, sizeof(zeros), MSG_NOSIGNAL);
    if (more < 0 && errno != EAGAIN)
      return sent;
    sent += more > 0 ? (size_t)more : 0;
    if (sent > 256u << 20)
      return sent;
  }
}

static uint64_t bytes_in(const scene *it) {
  peal_worker_stats stats;
  peal_worker_stats_get(it->worker, &stats);
  return stats.bytes_in;
}

static void what_is_dropped_while_finishing_is_bounded(void **state) {
  (void)state;
  /* With something to send, and with nothing: before and behind our FIN. */
  static const size_t left[] = {BIG, 0};
  for (int i = 0; i < 2; i++) {
    scene it;
    ahead_ms = 0;
    open_scene(&it, left[i]);
    flood(&it);
    assert_true(bytes_in(&it) <= 2 * PEAL_STREAM_FINISH_DRAIN_BYTES);
    if (left[i] == 0) {
      pass(&it, PEAL_STREAM_FINISH_LINGER_MS + 100);
      assert_true(net_wait(&it.closed, 1));
      assert_int_equal(atomic_load(&it.err), PEAL_OK);
    }
    close_scene(&it);
  }
}

/* A refusal of a large body: the answer arrives though nobody reads on. */
static void the_answer_arrives_before_the_end(void **state) {
  (void)state;
  scene it;
  ahead_ms = 0;
  open_scene(&it, 5000);
  flood(&it);
  assert_int_equal(take(&it, 5000), 5000);
  close_scene(&it);
}

static void a_peer_that_closes_ends_it_at_once(void **state) {
  (void)state;
  scene it;
  ahead_ms = 0;
  open_scene(&it, 10);
  assert_int_equal(take(&it, 10), 10);
  assert_true(net_closed(it.fd, 5000));
  shutdown(it.fd, SHUT_WR);
  assert_true(net_wait(&it.closed, 1));
  assert_int_equal(atomic_load(&it.err), PEAL_OK);
  close_scene(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_peer_that_takes_nothing_is_reset),
      cmocka_unit_test(a_peer_that_takes_a_few_bytes_is_reset),
      cmocka_unit_test(a_slow_peer_of_decent_pace_gets_all),
      cmocka_unit_test(what_is_dropped_while_finishing_is_bounded),
      cmocka_unit_test(the_answer_arrives_before_the_end),
      cmocka_unit_test(a_peer_that_closes_ends_it_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
