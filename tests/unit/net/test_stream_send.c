/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include <fcntl.h>

#include "net/socket_queue.h"
#include "net/stream.h"
#include "net_fixture.h"

/* Two streams on one worker, each with a number of bytes to send. */
typedef struct side {
  peal_stream *stream;
  struct side *other;
  int ours, peer;
  size_t left;   /* bytes to be sent, numbered from `at` */
  uint32_t at;   /* of the first */
  char now_when; /* flush_now of the other in: 'p' pull, 's' sent; 'r': of
                    itself in read; 'S': of itself in sent */
  bool inside, nested;
  int pulls, sents;
  size_t left_after_now;
  atomic_int closed;
  peal_err err;
} side;

typedef struct scene {
  net_fixture net;
  peal_worker *worker;
  side sides[2];
} scene;

#define PIECE 4096

/* Byte n of the stream is n modulo 251. */
static char pattern[PIECE + 251];

static void nest(side *it, bool enter) {
  it->nested |= enter && it->inside;
  it->inside = enter;
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  side *it = user;
  (void)stream;
  nest(it, true);
  it->pulls++;
  uint32_t at = it->at;
  for (size_t left = it->left; left > 0;) {
    size_t len = left < PIECE ? left : PIECE;
    if (!peal_iovs_add(out, (peal_slice){pattern + at % 251, len}))
      break;
    left -= len;
    at += (uint32_t)len;
  }
  if (it->now_when == 'p')
    peal_stream_flush_now(it->other->stream);
  nest(it, false);
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  side *it = user;
  nest(it, true);
  it->sents++;
  it->left -= len;
  it->at += (uint32_t)len;
  if (it->now_when == 's')
    peal_stream_flush_now(it->other->stream);
  if (it->now_when == 'S') {
    it->now_when = 0;
    it->left += PIECE;
    peal_stream_flush_now(stream);
  }
  nest(it, false);
}

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  side *it = user;
  (void)data;
  (void)len;
  if (it->now_when == 'r') {
    it->left = 100;
    peal_stream_flush(stream);
    peal_stream_flush_now(stream);
    it->left_after_now = it->left;
  }
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  side *it = user;
  (void)stream;
  it->err = err;
  it->stream = NULL;
  atomic_fetch_add(&it->closed, 1);
}

static const peal_stream_callbacks callbacks = {.on_read = on_read,
                                                .on_pull = on_pull,
                                                .on_sent = on_sent,
                                                .on_close = on_close};

static void begin(peal_worker *worker, void *user) {
  scene *it = user;
  for (int i = 0; i < 2; i++) {
    side *one = &it->sides[i];
    one->stream = peal_stream_adopt(worker, one->ours, &callbacks, one);
    assert_non_null(one->stream);
    one->other = &it->sides[1 - i];
  }
}

static int set_up(void **state) {
  scene *it = calloc(1, sizeof(*it));
  for (size_t i = 0; i < sizeof(pattern); i++)
    pattern[i] = (char)(i % 251);
  it->net.workers =
      peal_workers_new(&(peal_workers_opts){.count = 2, .log = NET_QUIET});
  it->worker = peal_workers_get(it->net.workers, 0);
  net_fixture_run(&it->net);
  for (int i = 0; i < 2; i++) {
    int fds[2];
    net_pair(fds);
    it->sides[i].ours = fds[0];
    it->sides[i].peer = fds[1];
  }
  net_on_worker(it->worker, begin, it);
  *state = it;
  return 0;
}

static int tear_down(void **state) {
  scene *it = *state;
  net_sync(it->worker);
  for (int i = 0; i < 2; i++)
    close(it->sides[i].peer);
  peal_workers_stop(it->net.workers, 200);
  net_fixture_join(&it->net);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(atomic_load(&it->sides[i].closed), 1);
    assert_false(it->sides[i].nested);
  }
  peal_workers_free(it->net.workers);
  free(it);
  return 0;
}

/* -- in mid-turn -------------------------------------------------------------- */

static void writes_at_once_inside_a_handler(void **state) {
  scene *it = *state;
  side *one = &it->sides[0];
  char back[100];
  one->now_when = 'r';
  one->left_after_now = 1;
  net_sync(it->worker);
  net_send_str(one->peer, "x");
  assert_int_equal(net_read(one->peer, back, 100), 100);
  assert_true(net_rests(it->worker, 20));
  net_sync(it->worker);
  assert_int_equal(one->left_after_now, 0);
  /* What was asked for earlier in the turn has been done by it: the one pull
   * that finds nothing is the last. */
  assert_int_equal(one->pulls, 2);
}

static void flush_second(peal_worker *worker, void *user) {
  scene *it = user;
  (void)worker;
  it->sides[0].left = it->sides[1].left = 1000;
  peal_stream_flush(it->sides[0].stream);
}

/* The scratch is in use while one pulls; sent is called in good order. */
static void inside_pull_and_sent_it_waits_or_goes_right(void **state) {
  static const char whens[] = {'p', 's'};
  scene *it = *state;
  char back[1000];
  for (int i = 0; i < 2; i++) {
    it->sides[0].now_when = whens[i];
    net_on_worker(it->worker, flush_second, it);
    for (int s = 0; s < 2; s++)
      assert_int_equal(net_read(it->sides[s].peer, back, 1000), 1000);
  }
}

static void a_stream_does_not_enter_itself(void **state) {
  scene *it = *state;
  static char back[1000 + PIECE];
  it->sides[0].now_when = 'S';
  net_on_worker(it->worker, flush_second, it);
  assert_int_equal(net_read(it->sides[0].peer, back, sizeof(back)),
                   sizeof(back));
  for (size_t i = 0; i < sizeof(back); i++)
    assert_int_equal((unsigned char)back[i], i % 251);
}

static void flush_now_and_look(peal_worker *worker, void *user) {
  scene *it = user;
  (void)worker;
  side *one = &it->sides[0];
  shutdown(one->ours, SHUT_WR); /* the next send fails */
  one->left = 100;
  peal_stream_flush_now(one->stream);
  assert_int_equal(atomic_load(&one->closed), 0); /* later */
  assert_true(peal_stream_is_closing(one->stream));
  peal_stream_flush_now(one->stream);
}

static void a_failure_in_mid_turn_is_told_later(void **state) {
  scene *it = *state;
  net_on_worker(it->worker, flush_now_and_look, it);
  assert_true(net_wait(&it->sides[0].closed, 1));
  assert_int_equal(it->sides[0].err, PEAL_ERR_CLOSED);
}

/* -- only what can leave soon --------------------------------------------------- */

#define BIG (4u << 20)
#define LOWAT 8192

static void send_big(peal_worker *worker, void *user) {
  side *it = user;
  (void)worker;
  it->left = BIG;
  peal_stream_flush(it->stream);
}

static void send_big_with_lowat(peal_worker *worker, void *user) {
  side *it = user;
  assert_true(peal_stream_set_lowat(it->stream, 0));
  assert_true(peal_stream_set_lowat(it->stream, LOWAT));
  send_big(worker, user);
}

static void expect_all(const side *it) {
  char *back = malloc(BIG);
  assert_int_equal(net_read(it->peer, back, BIG), BIG);
  for (size_t i = 0; i < BIG; i++)
    if ((unsigned char)back[i] != i % 251)
      fail();
  free(back);
}

static void little_is_handed_to_the_kernel(void **state) {
  scene *it = *state;
  const int small = 16384; /* the same for both: what is in flight */
  for (int i = 0; i < 2; i++)
    setsockopt(it->sides[i].peer, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  net_on_worker(it->worker, send_big, &it->sides[0]);
  net_on_worker(it->worker, send_big_with_lowat, &it->sides[1]);
  assert_true(net_rests(it->worker, 50));
  net_sync(it->worker);
  assert_true(peal_socket_queue_unsent(it->sides[1].ours) <= LOWAT);
  assert_true(peal_socket_queue_unsent(it->sides[0].ours) > 16 * LOWAT);
  assert_true(it->sides[1].left > it->sides[0].left);
  assert_true(peal_stream_is_blocked(it->sides[1].stream));
  net_sync(it->worker);
  /* And everything arrives as it should. */
  expect_all(&it->sides[1]);
  expect_all(&it->sides[0]);
}

static void unset_lowat(peal_worker *worker, void *user) {
  side *it = user;
  (void)worker;
  assert_true(peal_stream_set_lowat(it->stream, 0));
}

static void the_limit_can_be_taken_away(void **state) {
  scene *it = *state;
  net_on_worker(it->worker, send_big_with_lowat, &it->sides[1]);
  net_on_worker(it->worker, unset_lowat, &it->sides[1]);
  expect_all(&it->sides[1]);
}

static void a_unix_socket_has_no_such_limit(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  assert_false(peal_socket_queue_set_lowat(fds[0], LOWAT));
  /* But what waits in it can be seen. */
  assert_int_equal(peal_socket_queue_unacked(fds[0]), 0);
  uint32_t before = peal_socket_queue_acked(fds[0]);
  net_send_str(fds[0], "x");
  assert_true(peal_socket_queue_unacked(fds[0]) > 0);
  assert_true(peal_socket_queue_acked(fds[0]) != before);
  close(fds[0]);
  close(fds[1]);
}

/* -- signs of life -------------------------------------------------------------- */

static void ask_acked(peal_worker *worker, void *user) {
  side *it = user;
  (void)worker;
  it->at = peal_stream_acked(it->stream);
}

static void what_the_peer_takes_can_be_seen(void **state) {
  scene *it = *state;
  side *one = &it->sides[0];
  static char back[BIG];
  net_on_worker(it->worker, send_big, one);
  assert_true(net_rests(it->worker, 50));
  net_sync(it->worker);
  int ours = one->ours;
  net_sync(it->worker);
  uint32_t before = peal_socket_queue_acked(ours);
  uv_sleep(20);
  assert_int_equal(peal_socket_queue_acked(ours), before);
  assert_int_equal(net_read(one->peer, back, BIG / 2), BIG / 2);
  assert_true(peal_socket_queue_acked(ours) != before);
  assert_int_equal(net_read(one->peer, back, BIG / 2), BIG / 2);
  net_on_worker(it->worker, ask_acked, one);
  assert_true(one->at != before);
}

/* -- to another worker ------------------------------------------------------------ */

static peal_stream_parcel parcel;

static void detach(peal_worker *worker, void *user) {
  side *it = user;
  (void)worker;
  peal_stream_set_tag(it->stream, 77);
  parcel = peal_stream_detach(it->stream);
  it->stream = NULL;
}

static void adopt(peal_worker *worker, void *user) {
  side *it = user;
  it->stream = peal_stream_adopt_parcel(worker, &parcel, NULL, &callbacks, it);
  assert_non_null(it->stream);
  assert_int_equal(peal_stream_tag(it->stream), 77);
  assert_ptr_equal(peal_stream_worker(it->stream), worker);
  it->left = 10;
  peal_stream_flush(it->stream);
}

static void a_parcel_goes_to_another_worker(void **state) {
  scene *it = *state;
  char back[10];
  net_on_worker(it->worker, detach, &it->sides[0]);
  assert_int_equal(atomic_load(&it->sides[0].closed), 0);
  net_on_worker(peal_workers_get(it->net.workers, 1), adopt, &it->sides[0]);
  assert_int_equal(net_read(it->sides[0].peer, back, 10), 10);
}

#define SEND_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      SEND_TEST(writes_at_once_inside_a_handler),
      SEND_TEST(inside_pull_and_sent_it_waits_or_goes_right),
      SEND_TEST(a_stream_does_not_enter_itself),
      SEND_TEST(a_failure_in_mid_turn_is_told_later),
      SEND_TEST(little_is_handed_to_the_kernel),
      SEND_TEST(the_limit_can_be_taken_away),
      SEND_TEST(what_the_peer_takes_can_be_seen),
      SEND_TEST(a_parcel_goes_to_another_worker),
      cmocka_unit_test(a_unix_socket_has_no_such_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
