/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include <fcntl.h>

#include "net/stream.h"
#include "net_fixture.h"

/* What it costs when nothing happens: no turn, in every state in which a
 * stream can wait, with each poller, over TCP and over Unix sockets. */
#define COUNT 100

typedef enum waiting {
  IDLE,
  PAUSED,
  PAUSED_UNREAD,    /* and bytes wait behind it */
  PAUSED_GONE,      /* and the peer has closed behind them */
  BLOCKED,          /* the peer takes nothing */
  BLOCKED_LOWAT,    /* and little is handed over */
  FINISHING,        /* what waits is not taken */
  HALF_CLOSED,      /* the peer sends no more; we would */
  ASKED_FOR_NOTHING /* flushed with nothing to pull */
} waiting;

typedef struct one {
  peal_stream *stream;
  int ours, peer;
  waiting how;
  bool has_much;
} one;

static atomic_int closed, sent_bytes;
static char zeros[65536];

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  (void)stream;
  (void)data;
  (void)len;
  (void)user;
}

static void on_end(peal_stream *stream, void *user) {
  (void)stream;
  (void)user;
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  (void)stream;
  if (((one *)user)->has_much)
    assert_true(peal_iovs_add(out, (peal_slice){zeros, sizeof(zeros)}));
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  (void)stream;
  (void)user;
  atomic_fetch_add(&sent_bytes, (int)len);
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  (void)stream;
  (void)err;
  (void)user;
  atomic_fetch_add(&closed, 1);
}

static const peal_stream_callbacks callbacks = {.on_read = on_read,
                                                .on_end = on_end,
                                                .on_pull = on_pull,
                                                .on_sent = on_sent,
                                                .on_close = on_close};

static void begin(peal_worker *worker, void *user) {
  one *it = user;
  it->stream = peal_stream_adopt(worker, it->ours, &callbacks, it);
  assert_non_null(it->stream);
  it->has_much =
      it->how == BLOCKED || it->how == BLOCKED_LOWAT || it->how == FINISHING;
  if (it->how == PAUSED || it->how == PAUSED_UNREAD || it->how == PAUSED_GONE)
    peal_stream_pause(it->stream);
  if (it->how == BLOCKED_LOWAT)
    (void)peal_stream_set_lowat(it->stream, 8192);
  if (it->how == FINISHING)
    peal_stream_finish(it->stream);
  if (it->has_much || it->how == ASKED_FOR_NOTHING)
    peal_stream_flush(it->stream);
}

static void open_one(one *it, peal_worker *worker, waiting how, bool is_unix) {
  int fds[2];
  if (is_unix) {
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
  } else {
    net_pair(fds);
  }
  *it = (one){.ours = fds[0], .peer = fds[1], .how = how};
  net_on_worker(worker, begin, it);
  if (how == PAUSED_UNREAD || how == PAUSED_GONE)
    net_send_str(it->peer, "unread");
  if (how == HALF_CLOSED)
    shutdown(it->peer, SHUT_WR);
  if (how == PAUSED_GONE) {
    close(it->peer);
    it->peer = -1;
  }
}

static void waits_without_a_turn(waiting how, bool is_unix) {
  static one ones[COUNT];
  net_fixture net = {
      .workers = peal_workers_new(&(peal_workers_opts){.log = NET_QUIET})};
  peal_worker *worker = peal_workers_get(net.workers, 0);
  net_fixture_run(&net);
  atomic_store(&closed, 0);
  for (int i = 0; i < COUNT; i++)
    open_one(&ones[i], worker, how, is_unix);
  assert_true(net_rests(worker, 200));
  assert_int_equal(atomic_load(&closed), 0);
  for (int i = 0; i < COUNT; i++)
    if (ones[i].peer >= 0)
      close(ones[i].peer);
  peal_workers_stop(net.workers, 0);
  net_fixture_join(&net);
  assert_int_equal(atomic_load(&closed), COUNT);
  peal_workers_free(net.workers);
}

typedef struct choice {
  const char *poller;
  waiting how;
} choice;

static void no_turn_while_nothing_happens(void **state) {
  const choice *chosen = *state;
  setenv("PEAL_POLLER", chosen->poller, 1);
  waits_without_a_turn(chosen->how, false);
  waits_without_a_turn(chosen->how, true);
}

#define WITH(how, poller)                                                      \
  {                                                                            \
    "no_turn_while_" #how " (" poller ")", no_turn_while_nothing_happens,      \
        NULL, NULL, &(choice) {                                                \
      poller, how                                                              \
    }                                                                          \
  }
#define WITH_EACH(how) WITH(how, "epoll"), WITH(how, "poll")

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_EACH(IDLE),
      WITH_EACH(PAUSED),
      WITH_EACH(PAUSED_UNREAD),
      WITH_EACH(PAUSED_GONE),
      WITH_EACH(BLOCKED),
      WITH_EACH(BLOCKED_LOWAT),
      WITH_EACH(FINISHING),
      WITH_EACH(HALF_CLOSED),
      WITH_EACH(ASKED_FOR_NOTHING),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
