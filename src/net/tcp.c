/* SPDX-License-Identifier: MIT */
#include "net/tcp.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <arpa/inet.h>
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
  peal_tcp *tcp;
} deadline;

struct peal_tcp {
  peal_worker *worker;
  const peal_tcp_callbacks *callbacks;
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
_Static_assert(sizeof(peal_tcp) <= 96, "peal_tcp has grown");

static bool has(const peal_tcp *tcp, unsigned bits) {
  return (tcp->state & bits) != 0;
}

static void set(peal_tcp *tcp, unsigned bits) {
  tcp->state = (uint16_t)(tcp->state | bits);
}

static void unset(peal_tcp *tcp, unsigned bits) {
  tcp->state = (uint16_t)(tcp->state & ~bits);
}

peal_worker *peal_tcp_worker(const peal_tcp *tcp) {
  return tcp->worker;
}

/* -- what to wait for ------------------------------------------------------ */

/* Errors are reported whatever we ask for; urgent data is what no decent peer
 * sends, so EPOLLPRI stands for nothing else. */
static uint32_t wanted(const peal_tcp *tcp) {
  uint32_t events = has(tcp, PAUSED) ? EPOLLRDHUP : EPOLLIN;
  if (has(tcp, READ_ENDED) || (has(tcp, PAUSED) && has(tcp, GONE_SEEN)))
    events = EPOLLPRI;
  if (has(tcp, BLOCKED | MORE))
    events |= EPOLLOUT;
  return events;
}

static void watch(peal_tcp *tcp) {
  uint32_t events = wanted(tcp);
  if (has(tcp, CLOSING) || events == tcp->watched)
    return;
  tcp->watched = events;
  if (peal_poller_watch(tcp->worker->poller, tcp->fd, events, tcp,
                        has(tcp, WATCHED)))
    set(tcp, WATCHED);
  else
    peal_tcp_close(tcp, PEAL_ERR_SYSTEM);
}

static void unwatch(peal_tcp *tcp) {
  if (has(tcp, WATCHED))
    peal_poller_forget(tcp->worker->poller, tcp->fd);
  unset(tcp, WATCHED);
}

/* -- closing --------------------------------------------------------------- */

static void stop_linger(peal_tcp *tcp) {
  if (!tcp->linger)
    return;
  peal_worker *worker = tcp->worker;
  peal_wheel_stop(&worker->wheel, &tcp->linger->timer);
  peal_mem_free(worker->mem, tcp->linger);
  tcp->linger = NULL;
}

/* Out of the worker's books. */
static void leave(peal_tcp *tcp) {
  peal_worker *worker = tcp->worker;
  stop_linger(tcp);
  peal_list_remove(&tcp->node);
  peal_worker_impl_count(&worker->stats.connections, UINT64_MAX);
}

static void tell_close(peal_flush *flush) {
  peal_tcp *tcp = PEAL_LIST_OF(flush, peal_tcp, flush);
  leave(tcp);
  tcp->callbacks->on_close(tcp, (peal_err)tcp->err, tcp->user);
  peal_mem_free(tcp->worker->mem, tcp);
}

/* An event may still be told for it in this turn. */
static void free_released(peal_flush *flush) {
  peal_tcp *tcp = PEAL_LIST_OF(flush, peal_tcp, flush);
  peal_mem_free(tcp->worker->mem, tcp);
}

void peal_tcp_close(peal_tcp *tcp, peal_err err) {
  if (has(tcp, CLOSING))
    return;
  set(tcp, CLOSING);
  tcp->err = (int16_t)err;
  unwatch(tcp);
  close(tcp->fd);
  tcp->fd = -1;
  tcp->flush.fn = tell_close;
  peal_worker_impl_flush_later(tcp->worker, &tcp->flush);
}

void peal_tcp_reset(peal_tcp *tcp, peal_err err) {
  if (has(tcp, CLOSING))
    return;
  const struct linger now = {.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(tcp->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  peal_tcp_close(tcp, err);
}

void peal_tcp_close_all(peal_worker *worker, peal_err err) {
  /* A closed one stays in the list until its owner has been told. */
  for (peal_list *node = worker->conns.next; node != &worker->conns;
       node = node->next)
    peal_tcp_close(PEAL_LIST_OF(node, peal_tcp, node), err);
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
  peal_tcp *tcp = PEAL_LIST_OF(timer, deadline, timer)->tcp;
  uint64_t stalled_at_ms = tcp->progress_ms + FINISH_STALL_MS;
  if (has(tcp, FIN_SENT))
    peal_tcp_close(tcp, PEAL_OK);
  else if (now_ms >= stalled_at_ms)
    peal_tcp_reset(tcp, PEAL_ERR_TIMEOUT);
  else
    peal_wheel_set(&tcp->worker->wheel, timer, stalled_at_ms);
}

void peal_tcp_finish(peal_tcp *tcp) {
  if (has(tcp, CLOSING | FINISHING))
    return;
  peal_worker *worker = tcp->worker;
  set(tcp, FINISHING);
  tcp->linger = peal_mem_alloc(worker->mem, sizeof(*tcp->linger));
  if (!tcp->linger) {
    peal_tcp_close(tcp, PEAL_ERR_NOMEM);
    return;
  }
  tcp->linger->tcp = tcp;
  peal_wheel_timer_init(&tcp->linger->timer, on_linger_over);
  peal_wheel_set(&worker->wheel, &tcp->linger->timer,
                 worker->now_ms + FINISH_STALL_MS);
  peal_tcp_flush(tcp);
}

/* Everything has left: say so, and wait for the peer to say the same. If we
 * closed with its bytes unread, the kernel would send a reset, and that can
 * overtake our last bytes. */
static void send_fin(peal_tcp *tcp) {
  if (has(tcp, FIN_SENT))
    return;
  if (has(tcp, READ_ENDED) || shutdown(tcp->fd, SHUT_WR) != 0) {
    peal_tcp_close(tcp, PEAL_OK);
    return;
  }
  peal_worker *worker = tcp->worker;
  set(tcp, FIN_SENT);
  unset(tcp, PAUSED | BLOCKED | MORE);
  peal_wheel_set(&worker->wheel, &tcp->linger->timer,
                 worker->now_ms + LINGER_MS);
  watch(tcp);
}

/* -- sending --------------------------------------------------------------- */

/* One system call. Returns what left; 0 with BLOCKED set or closed. */
static size_t send_once(peal_tcp *tcp, peal_iovs *iovs) {
  _Static_assert(sizeof(struct iovec) == sizeof(peal_slice) &&
                     offsetof(struct iovec, iov_len) ==
                         offsetof(peal_slice, len),
                 "a slice has the layout of an iovec");
  struct msghdr msg = {.msg_iov = (struct iovec *)(void *)iovs->items,
                       .msg_iovlen = iovs->count};
  ssize_t sent;
  do /* one piece, as a rule: the kernel then has no list to copy */
    sent = iovs->count == 1
               ? send(tcp->fd, iovs->items[0].ptr, iovs->items[0].len,
                      MSG_NOSIGNAL | MSG_DONTWAIT)
               : sendmsg(tcp->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  if (sent >= 0)
    return (size_t)sent;
  /* ENOBUFS is the moment's; the write deadline of the owner bounds it. */
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
    set(tcp, BLOCKED);
  else
    peal_tcp_close(tcp, err_of(errno));
  return 0;
}

/* Pull and send once; *left counts down. Returns true if more may follow. */
static bool send_round(peal_tcp *tcp, size_t *left) {
  peal_worker *worker = tcp->worker;
  peal_iovs iovs;
  peal_iovs_init(&iovs, worker->scratch, PEAL_LIMIT_SCRATCH_BYTES);
  tcp->callbacks->on_pull(tcp, &iovs, tcp->user);
  if (has(tcp, CLOSING))
    return false;
  if (iovs.count == 0) {
    if (has(tcp, FINISHING))
      send_fin(tcp);
    return false;
  }
  size_t sent = send_once(tcp, &iovs);
  if (sent == 0)
    return false;
  /* The rest would be refused: wait for room without asking. */
  if (sent < iovs.bytes)
    set(tcp, BLOCKED);
  *left -= sent < *left ? sent : *left;
  tcp->progress_ms = worker->now_ms;
  peal_worker_impl_count(&worker->stats.bytes_out, sent);
  tcp->callbacks->on_sent(tcp, sent, tcp->user);
  return !has(tcp, CLOSING | BLOCKED);
}

static void send_waiting(peal_tcp *tcp) {
  if (has(tcp, CLOSING | FIN_SENT | SENDING))
    return;
  unset(tcp, BLOCKED | MORE);
  set(tcp, SENDING);
  /* Before: the owner may change in between and ask again. */
  peal_list_remove(&tcp->flush.node);
  int rounds = SEND_ROUNDS;
  size_t left = SEND_BYTES;
  bool more = true;
  while (more && rounds-- > 0 && left > 0)
    more = send_round(tcp, &left);
  unset(tcp, SENDING);
  if (has(tcp, CLOSING))
    return;
  if (more)
    set(tcp, MORE);
  if (has(tcp, BLOCKED | MORE))
    peal_list_remove(&tcp->flush.node);
  watch(tcp);
}

static void on_flush(peal_flush *flush) {
  peal_tcp *tcp = PEAL_LIST_OF(flush, peal_tcp, flush);
  if (!has(tcp, BLOCKED))
    send_waiting(tcp);
}

void peal_tcp_flush(peal_tcp *tcp) {
  if (!has(tcp, CLOSING | BLOCKED | MORE | FIN_SENT))
    peal_worker_impl_flush_later(tcp->worker, &tcp->flush);
}

/* -- reading --------------------------------------------------------------- */

static void read_end(peal_tcp *tcp) {
  set(tcp, READ_ENDED);
  if (has(tcp, FIN_SENT)) {
    peal_tcp_close(tcp, PEAL_OK);
    return;
  }
  if (has(tcp, FINISHING))
    return;
  if (tcp->callbacks->on_end)
    tcp->callbacks->on_end(tcp, tcp->user);
  else
    peal_tcp_close(tcp, PEAL_ERR_CLOSED);
}

/* Returns true if there may be more. */
static bool read_once(peal_tcp *tcp) {
  peal_worker *worker = tcp->worker;
  ssize_t got;
  do
    got = recv(tcp->fd, worker->read_buf, PEAL_LIMIT_READ_BYTES, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK)
      peal_tcp_close(tcp, err_of(errno));
    return false;
  }
  if (got == 0) {
    read_end(tcp);
    return false;
  }
  size_t len = (size_t)got;
  tcp->progress_ms = worker->now_ms;
  peal_worker_impl_count(&worker->stats.bytes_in, len);
  if (!has(tcp, FINISHING))
    tcp->callbacks->on_read(tcp, worker->read_buf, len, tcp->user);
  return len == PEAL_LIMIT_READ_BYTES;
}

static void read_waiting(peal_tcp *tcp) {
  int rounds = READ_ROUNDS;
  while (rounds-- > 0 && read_once(tcp))
    if (has(tcp, CLOSING | PAUSED | READ_ENDED))
      return;
}

/* The peer's FIN has come while reading is paused. If nothing is unread in
 * front of it, this is the end; otherwise it is told in its turn. */
static void end_while_paused(peal_tcp *tcp) {
  char byte;
  ssize_t got = recv(tcp->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) {
    set(tcp, GONE_SEEN);
  } else if (got == 0) {
    read_end(tcp);
  } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    peal_tcp_close(tcp, err_of(errno));
  }
}

/* An error stands in the socket, or urgent data that nobody wants. */
static void on_trouble(peal_tcp *tcp) {
  int number = 0;
  socklen_t len = sizeof(number);
  (void)getsockopt(tcp->fd, SOL_SOCKET, SO_ERROR, &number, &len);
  peal_tcp_close(tcp, number ? err_of(number) : PEAL_ERR_CLOSED);
}

/* What came before a reset is delivered, the read behind it fails. */
static void on_error(peal_tcp *tcp) {
  if (has(tcp, PAUSED | READ_ENDED))
    on_trouble(tcp);
  else
    while (!has(tcp, CLOSING | READ_ENDED | PAUSED) && read_once(tcp))
      continue;
  if (!has(tcp, CLOSING))
    on_trouble(tcp);
}

void peal_tcp_ready(void *item, uint32_t events) {
  peal_tcp *tcp = item;
  if (has(tcp, CLOSING)) /* by an event told before this one */
    return;
  /* A hang-up alone is found out by doing what we wait for. */
  if (!(events & (tcp->watched | EPOLLERR)))
    events = tcp->watched;
  if (events & EPOLLERR)
    on_error(tcp);
  if (!has(tcp, CLOSING) && events & tcp->watched & EPOLLIN)
    read_waiting(tcp);
  if (!has(tcp, CLOSING) && events & tcp->watched & EPOLLRDHUP)
    end_while_paused(tcp);
  if (!has(tcp, CLOSING) && events & tcp->watched & EPOLLPRI)
    on_trouble(tcp);
  if (!has(tcp, CLOSING) &&
      (events & EPOLLOUT || peal_list_is_linked(&tcp->flush.node)))
    send_waiting(tcp);
  watch(tcp);
  peal_arena_reset(&tcp->worker->turn);
}

void peal_tcp_pause(peal_tcp *tcp) {
  if (has(tcp, CLOSING | PAUSED | FINISHING))
    return;
  set(tcp, PAUSED);
  watch(tcp);
}

void peal_tcp_resume(peal_tcp *tcp) {
  if (has(tcp, CLOSING) || !has(tcp, PAUSED))
    return;
  unset(tcp, PAUSED | GONE_SEEN);
  watch(tcp);
}

/* -- life ------------------------------------------------------------------ */

peal_tcp *peal_tcp_adopt(peal_worker *worker, int fd,
                         const peal_tcp_callbacks *callbacks, void *user) {
  peal_tcp *tcp =
      worker->ending ? NULL : peal_mem_alloc(worker->mem, sizeof(*tcp));
  if (!tcp) {
    close(fd);
    return NULL;
  }
  tcp->worker = worker;
  tcp->callbacks = callbacks;
  tcp->user = user;
  tcp->flush.fn = on_flush;
  tcp->progress_ms = worker->now_ms;
  tcp->linger = NULL;
  tcp->fd = fd;
  tcp->tag = 0;
  tcp->err = PEAL_OK;
  tcp->state = 0;
  tcp->watched = 0;
  peal_list_init(&tcp->flush.node);
  peal_list_push(&worker->conns, &tcp->node);
  peal_worker_impl_count(&worker->stats.connections, 1);
  watch(tcp);
  return tcp;
}

void peal_tcp_set_owner(peal_tcp *tcp, const peal_tcp_callbacks *callbacks,
                        void *user) {
  tcp->callbacks = callbacks;
  tcp->user = user;
}

int peal_tcp_release(peal_tcp *tcp) {
  assert(!has(tcp, CLOSING));
  int fd = tcp->fd;
  unwatch(tcp);
  set(tcp, CLOSING);
  leave(tcp);
  tcp->fd = -1;
  tcp->flush.fn = free_released;
  peal_worker_impl_flush_later(tcp->worker, &tcp->flush);
  return fd;
}

bool peal_tcp_is_closing(const peal_tcp *tcp) {
  return has(tcp, CLOSING | FINISHING);
}

bool peal_tcp_is_blocked(const peal_tcp *tcp) {
  return has(tcp, BLOCKED);
}

uint64_t peal_tcp_last_progress_ms(const peal_tcp *tcp) {
  return tcp->progress_ms;
}

size_t peal_tcp_unacked(const peal_tcp *tcp) {
  int bytes = 0;
  if (ioctl(tcp->fd, SIOCOUTQ, &bytes) != 0)
    return 0;
  return (size_t)bytes;
}

void peal_tcp_set_tag(peal_tcp *tcp, uint32_t tag) {
  tcp->tag = tag;
}

uint32_t peal_tcp_tag(const peal_tcp *tcp) {
  return tcp->tag;
}

/* -- addresses ------------------------------------------------------------- */

size_t peal_tcp_peer(const peal_tcp *tcp, char *out, uint16_t *port) {
  struct sockaddr_storage from;
  socklen_t len = sizeof(from);
  peal_tcp_address address = {.known = false};
  if (getpeername(tcp->fd, (struct sockaddr *)&from, &len) == 0)
    address = peal_tcp_address_of((struct sockaddr *)&from);
  if (port)
    *port = address.port;
  return peal_tcp_address_text(&address, out);
}

peal_tcp_address peal_tcp_address_of(const struct sockaddr *from) {
  peal_tcp_address address = {.known = false};
  if (from->sa_family == AF_INET6) {
    struct sockaddr_in6 in6;
    memcpy(&in6, from, sizeof(in6));
    memcpy(address.ip, &in6.sin6_addr, 16);
    address.port = ntohs(in6.sin6_port);
    address.known = true;
  } else if (from->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, from, sizeof(in));
    memset(address.ip + 10, 0xff, 2);
    memcpy(address.ip + 12, &in.sin_addr, 4);
    address.port = ntohs(in.sin_port);
    address.known = true;
  }
  return address;
}

size_t peal_tcp_address_text(const peal_tcp_address *address, char *out) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
  out[0] = 0;
  if (!address->known)
    return 0;
  bool v4 = memcmp(address->ip, mapped, sizeof(mapped)) == 0;
  const void *ip = v4 ? address->ip + 12 : address->ip;
  if (!inet_ntop(v4 ? AF_INET : AF_INET6, ip, out, PEAL_TCP_ADDRESS_MAX))
    out[0] = 0;
  return strlen(out);
}
