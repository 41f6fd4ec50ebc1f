/* SPDX-License-Identifier: MIT */
#include "net/stream_plain.h"

#include <errno.h>

#include <sys/socket.h>
#include <sys/uio.h>

static ptrdiff_t plain_recv(int fd, void *state, char *out, size_t cap) {
  ssize_t got;
  (void)state;
  do
    got = recv(fd, out, cap, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  return got < 0 ? -errno : got;
}

static ssize_t send_list(int fd, const peal_iovs *iovs) {
  _Static_assert(sizeof(struct iovec) == sizeof(peal_slice) &&
                     offsetof(struct iovec, iov_len) ==
                         offsetof(peal_slice, len),
                 "a slice has the layout of an iovec");

  /* sendmsg reads the list; it has no const. */
  union {
    const peal_slice *slices;
    struct iovec *vec;
  } list = {.slices = iovs->items};
  struct msghdr msg = {.msg_iov = list.vec, .msg_iovlen = iovs->count};
  return sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ptrdiff_t plain_send(int fd, void *state, const peal_iovs *iovs) {
  ssize_t sent;
  (void)state;
  do /* one piece, as a rule: the kernel then has no list to copy */
    sent = iovs->count == 1 ? send(fd, iovs->items[0].ptr, iovs->items[0].len,
                                   MSG_NOSIGNAL | MSG_DONTWAIT)
                            : send_list(fd, iovs);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}

static int plain_shutdown(int fd, void *state) {
  (void)state;
  return shutdown(fd, SHUT_WR) == 0 ? 0 : -errno;
}

static unsigned plain_wants(const void *state, unsigned events) {
  (void)state;
  return events;
}

static bool plain_more(const void *state) {
  (void)state;
  return false;
}

static int plain_peek(int fd, void *state) {
  char byte;
  ssize_t got;
  (void)state;
  do
    got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  return got < 0 ? -errno : (int)got;
}

static size_t plain_held(const void *state) {
  (void)state;
  return 0;
}

static peal_err plain_attach(void *state, peal_worker *worker,
                             peal_account_worker *account) {
  (void)state, (void)worker, (void)account;
  return PEAL_OK;
}

static void plain_let_go(void *state) {
  (void)state;
}

const peal_stream_verbs peal_stream_plain = {
    .attach = plain_attach,
    .recv = plain_recv,
    .more = plain_more,
    .send = plain_send,
    .shutdown = plain_shutdown,
    .wants = plain_wants,
    .peek = plain_peek,
    .held = plain_held,
    .detach = plain_let_go,
    .drop = plain_let_go,
};
