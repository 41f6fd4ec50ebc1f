/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include <fcntl.h>

#include "net/stream.h"
#include "net_fixture.h"
#include "torture.h"

/* Any verb at any time, from inside any callback, with peers that do anything:
 * every stream is told its end once, and nothing of it is used afterwards. */
#define STREAMS 40
#define PEER_STEPS 400

typedef struct one {
  peal_stream *stream;
  uint32_t dice;
  size_t left;
  int depth; /* of pull and sent */
  int ours, peer;
} one;

static one ones[STREAMS];
static atomic_int closed, given, wrong;
static char data[20000];

static uint32_t roll(uint32_t *dice, uint32_t sides) {
  *dice = *dice * 1664525u + 1013904223u;
  return (*dice >> 10) % sides;
}

static void end(peal_stream *stream, one *by) {
  switch (roll(&by->dice, 3)) {
  case 0:
    peal_stream_finish(stream);
    break;
  case 1:
    peal_stream_close(stream, PEAL_ERR_LIMIT);
    break;
  default:
    peal_stream_reset(stream, PEAL_ERR_LIMIT);
    break;
  }
}

/* What others may do to this stream as well: `by` is another one. */
static void do_anything(one *it, one *by) {
  peal_stream *stream = it->stream;
  if (!stream)
    return;
  if (roll(&by->dice, 500) == 0) {
    end(stream, by);
    return;
  }
  switch (roll(&by->dice, 40)) {
  case 3:
  case 4:
  case 5:
    peal_stream_pause(stream);
    break;
  case 6:
    (void)peal_stream_set_lowat(stream, roll(&by->dice, 3) * 4096);
    break;
  case 7:
  case 8:
  case 9:
  case 10:
    it->left += roll(&by->dice, sizeof(data) * 4);
    peal_stream_flush_now(stream);
    break;
  case 11:
  case 12:
  case 13:
  case 14:
    it->left += roll(&by->dice, sizeof(data));
    peal_stream_flush(stream);
    break;
  default:
    peal_stream_resume(stream);
    break;
  }
}

static void act(one *it) {
  do_anything(it, it);
  do_anything(&ones[roll(&it->dice, STREAMS)], it);
}

static void on_read(peal_stream *stream, char *bytes, size_t len, void *user) {
  one *it = user;
  if (it->stream != stream || peal_stream_is_closing(stream))
    atomic_fetch_add(&wrong, 1);
  memset(bytes, 0, len);
  act(it);
}

static void on_end(peal_stream *stream, void *user) {
  one *it = user;
  act(it);
  if (it->stream && roll(&it->dice, 3))
    peal_stream_finish(stream);
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  one *it = user;
  (void)stream;
  if (it->depth++)
    atomic_fetch_add(&wrong, 1);
  size_t len = it->left < sizeof(data) ? it->left : sizeof(data);
  if (len)
    (void)peal_iovs_add(out, (peal_slice){data, len});
  if (roll(&it->dice, 20) == 0)
    act(it);
  it->depth--;
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  one *it = user;
  (void)stream;
  if (it->depth++ || len == 0 || len > it->left)
    atomic_fetch_add(&wrong, 1);
  it->left -= len;
  act(it);
  it->depth--;
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  one *it = user;
  (void)err;
  if (it->stream != stream || it->depth)
    atomic_fetch_add(&wrong, 1);
  it->stream = NULL;
  atomic_fetch_add(&closed, 1);
}

static const peal_stream_callbacks callbacks = {.on_read = on_read,
                                                .on_end = on_end,
                                                .on_pull = on_pull,
                                                .on_sent = on_sent,
                                                .on_close = on_close};

static void begin(peal_worker *worker, void *user) {
  (void)user;
  for (int i = 0; i < STREAMS; i++)
    ones[i].stream =
        peal_stream_adopt(worker, ones[i].ours, &callbacks, &ones[i]);
}

/* Adopted again by the same worker, as if it came from another. */
static void give_one(peal_worker *worker, void *user) {
  one *it = user;
  if (!it->stream || peal_stream_is_closing(it->stream))
    return;
  peal_stream_parcel parcel = peal_stream_detach(it->stream);
  it->stream = peal_stream_adopt_parcel(worker, &parcel, NULL, &callbacks, it);
  atomic_fetch_add(&given, 1);
}

static void step_of_peer(int *peer, uint32_t *dice) {
  static char back[30000];
  if (*peer < 0)
    return;
  switch (roll(dice, 12)) {
  case 0:
    if (roll(dice, 40) == 0) {
      close(*peer);
      *peer = -1;
    }
    break;
  case 1:
    if (roll(dice, 40) == 0)
      shutdown(*peer, SHUT_WR);
    break;
  case 2:
  case 3:
  case 4:
  case 5:
    (void)!send(*peer, back, 1 + roll(dice, sizeof(data)),
                MSG_NOSIGNAL | MSG_DONTWAIT);
    break;
  default:
    (void)!recv(*peer, back, sizeof(back), MSG_DONTWAIT);
    break;
  }
}

static void storm(uint32_t seed) {
  net_fixture net = {
      .workers = peal_workers_new(&(peal_workers_opts){.log = NET_QUIET})};
  peal_worker *worker = peal_workers_get(net.workers, 0);
  int peers[STREAMS];
  atomic_store(&closed, 0);
  for (int i = 0; i < STREAMS; i++) {
    int fds[2];
    if (i % 4 == 3) {
      assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
      fcntl(fds[0], F_SETFL, O_NONBLOCK);
    } else {
      net_pair(fds);
    }
    ones[i] = (one){.dice = seed * 977 + (uint32_t)i, .ours = fds[0]};
    peers[i] = fds[1];
  }
  net_fixture_run(&net);
  net_on_worker(worker, begin, NULL);
  for (int step = 0; step < PEER_STEPS; step++) {
    for (int i = 0; i < STREAMS; i++)
      step_of_peer(&peers[i], &seed);
    if (step % 20 == 0)
      net_on_worker(worker, give_one, &ones[roll(&seed, STREAMS)]);
  }
  peal_workers_stop(net.workers, 0);
  net_fixture_join(&net);
  assert_int_equal(atomic_load(&closed), STREAMS);
  assert_int_equal(atomic_load(&wrong), 0);
  for (int i = 0; i < STREAMS; i++)
    if (peers[i] >= 0)
      close(peers[i]);
  peal_workers_free(net.workers);
}

static void any_verb_at_any_time(void **state) {
  setenv("PEAL_POLLER", *state, 1);
  for (uint32_t seed = 1; seed <= 12; seed++)
    storm(seed);
  assert_true(atomic_load(&given) > 0);
}

/* -- no memory ---------------------------------------------------------------- */

static peal_err err_of_close;

static void remember_close(peal_stream *stream, peal_err err, void *user) {
  (void)stream;
  (void)user;
  err_of_close = err;
}

static void pull_nothing(peal_stream *stream, peal_iovs *out, void *user) {
  (void)stream;
  (void)out;
  (void)user;
}

/* On a worker that does not run; its end closes what is open. */
static peal_err adopt_and_finish(const peal_mem *mem, void *user) {
  static const peal_stream_callbacks plain = {.on_pull = pull_nothing,
                                              .on_close = remember_close};
  int fds[2];
  (void)user;
  peal_workers *group =
      peal_workers_new(&(peal_workers_opts){.mem = mem, .log = NET_QUIET});
  if (!group)
    return PEAL_ERR_NOMEM;
  net_pair(fds);
  peal_err err = PEAL_ERR_NOMEM;
  err_of_close = PEAL_OK;
  peal_stream *stream =
      peal_stream_adopt(peal_workers_get(group, 0), fds[0], &plain, NULL);
  if (stream) {
    peal_stream_finish(stream);
    peal_workers_free(group);
    err = err_of_close == PEAL_ERR_CANCELLED ? PEAL_OK : err_of_close;
  } else {
    assert_true(net_closed(fds[1], 1000)); /* the descriptor was taken */
    peal_workers_free(group);
  }
  close(fds[1]);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(torture_run(adopt_and_finish, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      {"any_verb_at_any_time (epoll)", any_verb_at_any_time, NULL, NULL,
       "epoll"},
      {"any_verb_at_any_time (poll)", any_verb_at_any_time, NULL, NULL, "poll"},
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
