/* SPDX-License-Identifier: MIT */
#include "net/handover_socket.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CHUNK_BYTES 32768u
#define HEAD_BYTES 2u /* type, and whether more follows */
#define SEND_MS 1000u
#define BACKLOG 8

/* -- the place ------------------------------------------------------------- */

static bool set_address(struct sockaddr_un *at, const char *path) {
  size_t len = strlen(path);
  *at = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (!len || len >= sizeof at->sun_path) {
    errno = ENAMETOOLONG;
    return false;
  }
  memcpy(at->sun_path, path, len + 1);
  return true;
}

static int open_socket(void) {
  return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int fail(int fd) {
  int number = errno;
  close(fd);
  errno = number;
  return -1;
}

static bool is_ours(int fd) {
  struct ucred who;
  socklen_t len = sizeof who;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
    return false;
  if (who.uid == geteuid())
    return true;
  errno = EPERM;
  return false;
}

int peal_handover_socket_dial(const char *path) {
  struct sockaddr_un at;
  if (!set_address(&at, path))
    return -1;
  int fd = open_socket();
  if (fd < 0)
    return -1;
  bool stands =
      connect(fd, (const struct sockaddr *)&at, sizeof at) == 0 && is_ours(fd);
  return stands ? fd : fail(fd);
}

/* A file that nobody needs: none, or a socket of ours. Whoever listens there, if
 * he may not be replaced, keeps it. */
static bool is_free(const struct sockaddr_un *at, bool replaces) {
  struct stat file;
  if (lstat(at->sun_path, &file) != 0)
    return errno == ENOENT;
  bool is_ours = S_ISSOCK(file.st_mode) && file.st_uid == geteuid();
  int fd = is_ours && !replaces ? open_socket() : -1;
  bool is_used =
      fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) == 0;
  if (fd >= 0)
    close(fd);
  errno = EADDRINUSE;
  return is_ours && !is_used;
}

/* Beside it, and then in its place: at no time is nobody there, or is it open to
 * others. */
static bool bind_there(int fd, const char *path, peal_handover_door *door) {
  struct sockaddr_un beside;
  char name[sizeof beside.sun_path + 1];
  struct stat file;
  snprintf(name, sizeof name, "%s~", path);
  if (!set_address(&beside, name))
    return false;
  unlink(name);
  if (fchmod(fd, 0600) != 0 ||
      bind(fd, (const struct sockaddr *)&beside, sizeof beside) != 0)
    return false;
  if (chmod(name, 0600) == 0 && listen(fd, BACKLOG) == 0 &&
      lstat(name, &file) == 0 && rename(name, path) == 0) {
    *door = (peal_handover_door){fd, file.st_dev, file.st_ino};
    return true;
  }
  int number = errno;
  unlink(name);
  errno = number;
  return false;
}

bool peal_handover_door_open(peal_handover_door *door, const char *path,
                             bool replaces) {
  struct sockaddr_un at;
  *door = (peal_handover_door){.fd = -1};
  if (!set_address(&at, path) || !is_free(&at, replaces))
    return false;
  int fd = open_socket();
  if (fd >= 0 && !bind_there(fd, path, door))
    (void)fail(fd);
  return door->fd >= 0;
}

void peal_handover_door_close(peal_handover_door *door, const char *path) {
  struct stat file;
  if (door->fd < 0)
    return;
  if (path && lstat(path, &file) == 0 && file.st_dev == door->dev &&
      file.st_ino == door->ino)
    unlink(path);
  close(door->fd);
  door->fd = -1;
}

int peal_handover_socket_accept(int fd) {
  int came = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (came < 0)
    return -1;
  return is_ours(came) ? came : fail(came);
}

/* -- sending --------------------------------------------------------------- */

/* Beside the first packet of a message. */
typedef union control {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int))];
} control;

static void pass(struct msghdr *packet, control *beside, int fd) {
  memset(beside, 0, sizeof *beside);
  packet->msg_control = beside->bytes;
  packet->msg_controllen = sizeof beside->bytes;
  struct cmsghdr *head = CMSG_FIRSTHDR(packet);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(head), &fd, sizeof fd);
}

static peal_err err_of(int number) {
  if (number == EPIPE || number == ECONNRESET || number == ENOTCONN)
    return PEAL_ERR_CLOSED;
  return number == EAGAIN ? PEAL_ERR_TIMEOUT : PEAL_ERR_SYSTEM;
}

/* Waits in poll: the descriptor does not block for those who read. */
static bool has_room(int fd) {
  struct pollfd room = {.fd = fd, .events = POLLOUT};
  int found;
  do
    found = poll(&room, 1, SEND_MS);
  while (found < 0 && errno == EINTR);
  if (!found)
    errno = EAGAIN;
  return found > 0;
}

static peal_err send_packet(int fd, const struct msghdr *packet) {
  for (;;) {
    if (sendmsg(fd, packet, MSG_NOSIGNAL) >= 0)
      return PEAL_OK;
    if (errno == EINTR)
      continue;
    if (errno != EAGAIN || !has_room(fd))
      return err_of(errno);
  }
}

peal_err peal_handover_socket_send(int fd, uint8_t type, peal_slice body,
                                   int passed) {
  size_t at = 0;
  do {
    size_t len = body.len - at < CHUNK_BYTES ? body.len - at : CHUNK_BYTES;
    uint8_t head[HEAD_BYTES] = {type, at + len < body.len};
    struct iovec parts[2] = {
        {head, sizeof head},
        {(void *)(uintptr_t)(body.ptr ? body.ptr + at : ""), len}};
    struct msghdr packet = {.msg_iov = parts, .msg_iovlen = len ? 2 : 1};
    control beside;
    if (passed >= 0 && !at)
      pass(&packet, &beside, passed);
    peal_err err = send_packet(fd, &packet);
    if (err)
      return err;
    at += len;
  } while (at < body.len);
  return PEAL_OK;
}

peal_err peal_handover_socket_try(int fd, uint8_t type, peal_slice body,
                                  int passed) {
  uint8_t head[HEAD_BYTES] = {type, 0};
  struct iovec parts[2] = {
      {head, sizeof head},
      {(void *)(uintptr_t)(body.ptr ? body.ptr : ""), body.len}};
  struct msghdr packet = {.msg_iov = parts, .msg_iovlen = 2};
  control beside;
  ptrdiff_t sent;
  if (body.len > CHUNK_BYTES)
    return PEAL_ERR_AGAIN;
  if (passed >= 0)
    pass(&packet, &beside, passed);
  do
    sent = sendmsg(fd, &packet, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent >= 0)
    return PEAL_OK;
  return errno == EAGAIN ? PEAL_ERR_AGAIN : err_of(errno);
}

/* -- receiving ------------------------------------------------------------- */

void peal_handover_reader_init(peal_handover_reader *reader,
                               const peal_mem *mem) {
  *reader = (peal_handover_reader){.fd = -1};
  peal_buf_init(&reader->body, mem, PEAL_HANDOVER_SOCKET_MAX);
}

void peal_handover_reader_deinit(peal_handover_reader *reader) {
  if (reader->fd >= 0)
    close(reader->fd);
  reader->fd = -1;
  peal_buf_deinit(&reader->body);
}

/* The first one. The kernel has opened all for which there was room, and there
 * may be more room than for one. */
static int descriptor_of(struct msghdr *packet) {
  int first = -1;
  struct cmsghdr *head = CMSG_FIRSTHDR(packet);
  if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
    return -1;
  size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof first;
  for (size_t i = 0; i < count; i++) {
    int fd;
    memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
    if (i)
      close(fd);
    else
      first = fd;
  }
  return first;
}

/* Length of the packet in `out`, or a negative errno. */
static ptrdiff_t receive(int fd, char *out, size_t cap, int *passed) {
  control beside;
  struct iovec part = {out, cap};
  struct msghdr packet = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = beside.bytes,
                          .msg_controllen = sizeof beside.bytes};
  ptrdiff_t len;
  do
    len = recvmsg(fd, &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (len < 0 && errno == EINTR);
  if (len < 0)
    return -errno;
  *passed = descriptor_of(&packet);
  return packet.msg_flags & MSG_TRUNC ? -EPROTO : len;
}

static bool has_come(int fd, int wait_ms) {
  struct pollfd waiting = {.fd = fd, .events = POLLIN};
  int found;
  do
    found = poll(&waiting, 1, wait_ms);
  while (found < 0 && errno == EINTR);
  return found > 0;
}

/* A message begins with the first packet, and with what that brings. */
static peal_err take(peal_handover_reader *reader, const char *packet,
                     size_t len, int passed) {
  uint8_t type = (uint8_t)packet[0];
  bool begins = !reader->is_open;
  if ((passed >= 0 && !begins) || (!begins && type != reader->type)) {
    if (passed >= 0)
      close(passed);
    return PEAL_ERR_CLOSED;
  }
  if (begins) {
    peal_buf_reset(&reader->body);
    if (reader->fd >= 0)
      close(reader->fd);
    reader->fd = passed;
    reader->type = type;
  }
  reader->is_open = packet[1] != 0;
  peal_buf_add(&reader->body,
               (peal_slice){packet + HEAD_BYTES, len - HEAD_BYTES});
  if (reader->body.err)
    return reader->body.err == PEAL_ERR_NOMEM ? PEAL_ERR_NOMEM
                                              : PEAL_ERR_CLOSED;
  return reader->is_open ? PEAL_ERR_AGAIN : PEAL_OK;
}

peal_err peal_handover_reader_next(peal_handover_reader *reader, int fd,
                                   int wait_ms) {
  char packet[HEAD_BYTES + CHUNK_BYTES];
  peal_err err = PEAL_ERR_AGAIN;
  while (err == PEAL_ERR_AGAIN) {
    int passed = -1;
    ptrdiff_t len = receive(fd, packet, sizeof packet, &passed);
    if (len == -EAGAIN) {
      if (!wait_ms || !has_come(fd, wait_ms))
        return PEAL_ERR_AGAIN;
      continue;
    }
    if (len < (ptrdiff_t)HEAD_BYTES) {
      if (passed >= 0)
        close(passed);
      return PEAL_ERR_CLOSED;
    }
    err = take(reader, packet, (size_t)len, passed);
  }
  return err;
}
