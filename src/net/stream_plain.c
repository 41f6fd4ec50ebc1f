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

static unsigned plain_wants(int fd, const void *state) {
  (void)fd;
  (void)state;
  return 0;
}

static void plain_detach(int fd, void *state, peal_stream_parcel *out) {
  out->fd = fd;
  out->state = state;
}

const peal_stream_verbs peal_stream_plain = {
    plain_recv, plain_send, plain_shutdown, plain_wants, plain_detach};
