/* SPDX-License-Identifier: MIT */
#include "net/stream.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "net/worker_priv.h"

/* The share of one connection in one turn, so that a fast peer does not keep
 * the others waiting: reads of PEAL_LIMIT_READ_BYTES, writes of what fits
 * until this much has left. */
#define READ_ROUNDS 4
#define SEND_ROUNDS 16
#define SEND_BYTES (256u << 10)
/* After our FIN the peer has this long to close; before it, what waits must
 * make progress in this time. */
#define LINGER_MS 1000u
#define FINISH_STALL_MS 30000u

enum {
  CLOSING = 1 << 0, /* the descriptor is closed, on_close is due or told */
  WATCHED = 1 << 2, /* the poller knows the descriptor */
  PAUSED = 1 << 3,
  READ_ENDED = 1 << 4, /* the peer's FIN has been read */
  GONE_SEEN = 1 << 5,  /* it is known to wait behind unread bytes */
  BLOCKED = 1 << 6,    /* the kernel did not take everything */
  MORE = 1 << 7,       /* the turn's share of writing is used up */
  FINISHING = 1 << 8,
  FIN_SENT = 1 << 9,
  SENDING = 1 << 10 /* inside pull and send */
};

typedef struct deadline {
  peal_wheel_timer timer;
  peal_stream *stream;
} deadline;

struct peal_stream {
  peal_worker *worker;
  const peal_stream_callbacks *callbacks;
  void *user;
  peal_list node;   /* worker->conns */
  peal_flush flush; /* what waits leaves, or on_close is told */
  uint64_t progress_ms;
  deadline *linger; /* while finishing */
  int fd;
  uint32_t tag;
  int16_t err; /* peal_err of the close */
  uint16_t state;
  uint32_t watched; /* what the poller has been asked for */
};

/* What an idle connection costs here; see the budget in design.md 7. */
_Static_assert(sizeof(peal_stream) <= 96, "peal_stream has grown");

static bool has(const peal_stream *stream, unsigned bits) {
  return (stream->state & bits) != 0;
}

static void set(peal_stream *stream, unsigned bits) {
  stream->state = (uint16_t)(stream->state | bits);
}

static void unset(peal_stream *stream, unsigned bits) {
  stream->state = (uint16_t)(stream->state & ~bits);
}

peal_worker *peal_stream_worker(const peal_stream *stream) {
  return stream->worker;
}

/* -- what to wait for ------------------------------------------------------ */

/* Errors are reported whatever we ask for; urgent data is what no decent peer
 * sends, so EPOLLPRI stands for nothing else. */
static uint32_t wanted(const peal_stream *stream) {
  uint32_t events = has(stream, PAUSED) ? EPOLLRDHUP : EPOLLIN;
  if (has(stream, READ_ENDED) ||
      (has(stream, PAUSED) && has(stream, GONE_SEEN)))
    events = EPOLLPRI;
  if (has(stream, BLOCKED | MORE))
    events |= EPOLLOUT;
  return events;
}

static void watch(peal_stream *stream) {
  uint32_t events = wanted(stream);
  if (has(stream, CLOSING) || events == stream->watched)
    return;
  stream->watched = events;
  if (peal_poller_watch(stream->worker->poller, stream->fd, events, stream,
                        has(stream, WATCHED)))
    set(stream, WATCHED);
  else
    peal_stream_close(stream, PEAL_ERR_SYSTEM);
}

static void unwatch(peal_stream *stream) {
  if (has(stream, WATCHED))
    peal_poller_forget(stream->worker->poller, stream->fd);
  unset(stream, WATCHED);
}

/* -- closing --------------------------------------------------------------- */

static void stop_linger(peal_stream *stream) {
  if (!stream->linger)
    return;
  peal_worker *worker = stream->worker;
  peal_wheel_stop(&worker->wheel, &stream->linger->timer);
  peal_mem_free(worker->mem, stream->linger);
  stream->linger = NULL;
}

/* Out of the worker's books. */
static void leave(peal_stream *stream) {
  peal_worker *worker = stream->worker;
  stop_linger(stream);
  peal_list_remove(&stream->node);
  peal_worker_impl_count(&worker->stats.connections, UINT64_MAX);
}

static void tell_close(peal_flush *flush) {
  peal_stream *stream = PEAL_LIST_OF(flush, peal_stream, flush);
  leave(stream);
  stream->callbacks->on_close(stream, (peal_err)stream->err, stream->user);
  peal_mem_free(stream->worker->mem, stream);
}

/* An event may still be told for it in this turn. */
static void free_released(peal_flush *flush) {
  peal_stream *stream = PEAL_LIST_OF(flush, peal_stream, flush);
  peal_mem_free(stream->worker->mem, stream);
}

void peal_stream_close(peal_stream *stream, peal_err err) {
  if (has(stream, CLOSING))
    return;
  set(stream, CLOSING);
  stream->err = (int16_t)err;
  unwatch(stream);
  close(stream->fd);
  stream->fd = -1;
  stream->flush.fn = tell_close;
  peal_worker_impl_flush_later(stream->worker, &stream->flush);
}

void peal_stream_reset(peal_stream *stream, peal_err err) {
  if (has(stream, CLOSING))
    return;
  const struct linger now = {.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  peal_stream_close(stream, err);
}

void peal_stream_close_all(peal_worker *worker, peal_err err) {
  /* A closed one stays in the list until its owner has been told. */
  for (peal_list *node = worker->conns.next; node != &worker->conns;
       node = node->next)
    peal_stream_close(PEAL_LIST_OF(node, peal_stream, node), err);
}

/* What an errno of recv or sendmsg means for the owner. */
static peal_err err_of(int number) {
  switch (number) {
  case ENOMEM:
  case ENOBUFS:
    return PEAL_ERR_NOMEM;
  case EBADF:
  case EFAULT:
  case EINVAL:
  case ENOTSOCK:
    return PEAL_ERR_SYSTEM;
  default: /* ECONNRESET EPIPE ETIMEDOUT EHOSTUNREACH ENETDOWN … */
    return PEAL_ERR_CLOSED;
  }
}

/* -- finishing ------------------------------------------------------------- */

static void on_linger_over(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_stream *stream = PEAL_LIST_OF(timer, deadline, timer)->stream;
  uint64_t stalled_at_ms = stream->progress_ms + FINISH_STALL_MS;
  if (has(stream, FIN_SENT))
    peal_stream_close(stream, PEAL_OK);
  else if (now_ms >= stalled_at_ms)
    peal_stream_reset(stream, PEAL_ERR_TIMEOUT);
  else
    peal_wheel_set(&stream->worker->wheel, timer, stalled_at_ms);
}

void peal_stream_finish(peal_stream *stream) {
  if (has(stream, CLOSING | FINISHING))
    return;
  peal_worker *worker = stream->worker;
  set(stream, FINISHING);
  stream->linger = peal_mem_alloc(worker->mem, sizeof(*stream->linger));
  if (!stream->linger) {
    peal_stream_close(stream, PEAL_ERR_NOMEM);
    return;
  }
  stream->linger->stream = stream;
  peal_wheel_timer_init(&stream->linger->timer, on_linger_over);
  peal_wheel_set(&worker->wheel, &stream->linger->timer,
                 worker->now_ms + FINISH_STALL_MS);
  peal_stream_flush(stream);
}

/* Everything has left: say so, and wait for the peer to say the same. If we
 * closed with its bytes unread, the kernel would send a reset, and that can
 * overtake our last bytes. */
static void send_fin(peal_stream *stream) {
  if (has(stream, FIN_SENT))
    return;
  if (has(stream, READ_ENDED) || shutdown(stream->fd, SHUT_WR) != 0) {
    peal_stream_close(stream, PEAL_OK);
    return;
  }
  peal_worker *worker = stream->worker;
  set(stream, FIN_SENT);
  unset(stream, PAUSED | BLOCKED | MORE);
  peal_wheel_set(&worker->wheel, &stream->linger->timer,
                 worker->now_ms + LINGER_MS);
  watch(stream);
}

/* -- sending --------------------------------------------------------------- */

/* One system call. Returns what left; 0 with BLOCKED set or closed. */
static size_t send_once(peal_stream *stream, peal_iovs *iovs) {
  _Static_assert(sizeof(struct iovec) == sizeof(peal_slice) &&
                     offsetof(struct iovec, iov_len) ==
                         offsetof(peal_slice, len),
                 "a slice has the layout of an iovec");
  struct msghdr msg = {.msg_iov = (struct iovec *)(void *)iovs->items,
                       .msg_iovlen = iovs->count};
  ssize_t sent;
  do /* one piece, as a rule: the kernel then has no list to copy */
    sent = iovs->count == 1
               ? send(stream->fd, iovs->items[0].ptr, iovs->items[0].len,
                      MSG_NOSIGNAL | MSG_DONTWAIT)
               : sendmsg(stream->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  if (sent >= 0)
    return (size_t)sent;
  /* ENOBUFS is the moment's; the write deadline of the owner bounds it. */
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
    set(stream, BLOCKED);
  else
    peal_stream_close(stream, err_of(errno));
  return 0;
}

/* Pull and send once; *left counts down. Returns true if more may follow. */
static bool send_round(peal_stream *stream, size_t *left) {
  peal_worker *worker = stream->worker;
  peal_iovs iovs;
  peal_iovs_init(&iovs, worker->scratch, PEAL_LIMIT_SCRATCH_BYTES);
  stream->callbacks->on_pull(stream, &iovs, stream->user);
  if (has(stream, CLOSING))
    return false;
  if (iovs.count == 0) {
    if (has(stream, FINISHING))
      send_fin(stream);
    return false;
  }
  size_t sent = send_once(stream, &iovs);
  if (sent == 0)
    return false;
  /* The rest would be refused: wait for room without asking. */
  if (sent < iovs.bytes)
    set(stream, BLOCKED);
  *left -= sent < *left ? sent : *left;
  stream->progress_ms = worker->now_ms;
  peal_worker_impl_count(&worker->stats.bytes_out, sent);
  stream->callbacks->on_sent(stream, sent, stream->user);
  return !has(stream, CLOSING | BLOCKED);
}

static void send_waiting(peal_stream *stream) {
  if (has(stream, CLOSING | FIN_SENT | SENDING))
    return;
  unset(stream, BLOCKED | MORE);
  set(stream, SENDING);
  /* Before: the owner may change in between and ask again. */
  peal_list_remove(&stream->flush.node);
  int rounds = SEND_ROUNDS;
  size_t left = SEND_BYTES;
  bool more = true;
  while (more && rounds-- > 0 && left > 0)
    more = send_round(stream, &left);
  unset(stream, SENDING);
  if (has(stream, CLOSING))
    return;
  if (more)
    set(stream, MORE);
  if (has(stream, BLOCKED | MORE))
    peal_list_remove(&stream->flush.node);
  watch(stream);
}

static void on_flush(peal_flush *flush) {
  peal_stream *stream = PEAL_LIST_OF(flush, peal_stream, flush);
  if (!has(stream, BLOCKED))
    send_waiting(stream);
}

void peal_stream_flush(peal_stream *stream) {
  if (!has(stream, CLOSING | BLOCKED | MORE | FIN_SENT))
    peal_worker_impl_flush_later(stream->worker, &stream->flush);
}

/* -- reading --------------------------------------------------------------- */

static void read_end(peal_stream *stream) {
  set(stream, READ_ENDED);
  if (has(stream, FIN_SENT)) {
    peal_stream_close(stream, PEAL_OK);
    return;
  }
  if (has(stream, FINISHING))
    return;
  if (stream->callbacks->on_end)
    stream->callbacks->on_end(stream, stream->user);
  else
    peal_stream_close(stream, PEAL_ERR_CLOSED);
}

/* Returns true if there may be more. */
static bool read_once(peal_stream *stream) {
  peal_worker *worker = stream->worker;
  ssize_t got;
  do
    got =
        recv(stream->fd, worker->read_buf, PEAL_LIMIT_READ_BYTES, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK)
      peal_stream_close(stream, err_of(errno));
    return false;
  }
  if (got == 0) {
    read_end(stream);
    return false;
  }
  size_t len = (size_t)got;
  stream->progress_ms = worker->now_ms;
  peal_worker_impl_count(&worker->stats.bytes_in, len);
  if (!has(stream, FINISHING))
    stream->callbacks->on_read(stream, worker->read_buf, len, stream->user);
  return len == PEAL_LIMIT_READ_BYTES;
}

static void read_waiting(peal_stream *stream) {
  int rounds = READ_ROUNDS;
  while (rounds-- > 0 && read_once(stream))
    if (has(stream, CLOSING | PAUSED | READ_ENDED))
      return;
}

/* The peer's FIN has come while reading is paused. If nothing is unread in
 * front of it, this is the end; otherwise it is told in its turn. */
static void end_while_paused(peal_stream *stream) {
  char byte;
  ssize_t got = recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) {
    set(stream, GONE_SEEN);
  } else if (got == 0) {
    read_end(stream);
  } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    peal_stream_close(stream, err_of(errno));
  }
}

/* An error stands in the socket, or urgent data that nobody wants. */
static void on_trouble(peal_stream *stream) {
  int number = 0;
  socklen_t len = sizeof(number);
  (void)getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &number, &len);
  peal_stream_close(stream, number ? err_of(number) : PEAL_ERR_CLOSED);
}

/* What came before a reset is delivered, the read behind it fails. */
static void on_error(peal_stream *stream) {
  if (has(stream, PAUSED | READ_ENDED))
    on_trouble(stream);
  else
    while (!has(stream, CLOSING | READ_ENDED | PAUSED) && read_once(stream))
      continue;
  if (!has(stream, CLOSING))
    on_trouble(stream);
}

void peal_stream_ready(void *item, uint32_t events) {
  peal_stream *stream = item;
  if (has(stream, CLOSING)) /* by an event told before this one */
    return;
  /* A hang-up alone is found out by doing what we wait for. */
  if (!(events & (stream->watched | EPOLLERR)))
    events = stream->watched;
  if (events & EPOLLERR)
    on_error(stream);
  if (!has(stream, CLOSING) && events & stream->watched & EPOLLIN)
    read_waiting(stream);
  if (!has(stream, CLOSING) && events & stream->watched & EPOLLRDHUP)
    end_while_paused(stream);
  if (!has(stream, CLOSING) && events & stream->watched & EPOLLPRI)
    on_trouble(stream);
  if (!has(stream, CLOSING) &&
      (events & EPOLLOUT || peal_list_is_linked(&stream->flush.node)))
    send_waiting(stream);
  watch(stream);
  peal_arena_reset(&stream->worker->turn);
}

void peal_stream_pause(peal_stream *stream) {
  if (has(stream, CLOSING | PAUSED | FINISHING))
    return;
  set(stream, PAUSED);
  watch(stream);
}

void peal_stream_resume(peal_stream *stream) {
  if (has(stream, CLOSING) || !has(stream, PAUSED))
    return;
  unset(stream, PAUSED | GONE_SEEN);
  watch(stream);
}

/* -- life ------------------------------------------------------------------ */

peal_stream *peal_stream_adopt(peal_worker *worker, int fd,
                               const peal_stream_callbacks *callbacks,
                               void *user) {
  peal_stream *stream =
      worker->ending ? NULL : peal_mem_alloc(worker->mem, sizeof(*stream));
  if (!stream) {
    close(fd);
    return NULL;
  }
  stream->worker = worker;
  stream->callbacks = callbacks;
  stream->user = user;
  stream->flush.fn = on_flush;
  stream->progress_ms = worker->now_ms;
  stream->linger = NULL;
  stream->fd = fd;
  stream->tag = 0;
  stream->err = PEAL_OK;
  stream->state = 0;
  stream->watched = 0;
  peal_list_init(&stream->flush.node);
  peal_list_push(&worker->conns, &stream->node);
  peal_worker_impl_count(&worker->stats.connections, 1);
  watch(stream);
  return stream;
}

void peal_stream_set_owner(peal_stream *stream,
                           const peal_stream_callbacks *callbacks, void *user) {
  stream->callbacks = callbacks;
  stream->user = user;
}

int peal_stream_release(peal_stream *stream) {
  assert(!has(stream, CLOSING));
  int fd = stream->fd;
  unwatch(stream);
  set(stream, CLOSING);
  leave(stream);
  stream->fd = -1;
  stream->flush.fn = free_released;
  peal_worker_impl_flush_later(stream->worker, &stream->flush);
  return fd;
}

bool peal_stream_is_closing(const peal_stream *stream) {
  return has(stream, CLOSING | FINISHING);
}

bool peal_stream_is_blocked(const peal_stream *stream) {
  return has(stream, BLOCKED);
}

uint64_t peal_stream_last_progress_ms(const peal_stream *stream) {
  return stream->progress_ms;
}

size_t peal_stream_unacked(const peal_stream *stream) {
  int bytes = 0;
  if (ioctl(stream->fd, SIOCOUTQ, &bytes) != 0)
    return 0;
  return (size_t)bytes;
}

void peal_stream_set_tag(peal_stream *stream, uint32_t tag) {
  stream->tag = tag;
}

uint32_t peal_stream_tag(const peal_stream *stream) {
  return stream->tag;
}

/* -- addresses ------------------------------------------------------------- */

size_t peal_stream_peer(const peal_stream *stream, char *out, uint16_t *port) {
  struct sockaddr_storage from;
  socklen_t len = sizeof(from);
  peal_address address = {.known = false};
  if (getpeername(stream->fd, (struct sockaddr *)&from, &len) == 0)
    address = peal_address_of((struct sockaddr *)&from);
  if (port)
    *port = address.port;
  return peal_address_text(&address, out);
}
