/* SPDX-License-Identifier: MIT */
#include "net/socket_queue.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static size_t ask(int fd, unsigned long what) {
  int bytes = 0;
  if (ioctl(fd, what, &bytes) != 0 || bytes < 0)
    return 0;
  return (size_t)bytes;
}

size_t peal_socket_queue_unacked(int fd) {
  return ask(fd, SIOCOUTQ);
}

size_t peal_socket_queue_unsent(int fd) {
  return ask(fd, SIOCOUTQNSD);
}

uint32_t peal_socket_queue_acked(int fd) {
  struct tcp_info info;
  socklen_t len = sizeof(info);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
      len >= offsetof(struct tcp_info, tcpi_bytes_acked) +
                 sizeof(info.tcpi_bytes_acked))
    return (uint32_t)info.tcpi_bytes_acked;
  return 0u - (uint32_t)peal_socket_queue_unacked(fd);
}

bool peal_socket_queue_set_lowat(int fd, uint32_t bytes) {
  return setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes,
                    sizeof(bytes)) == 0;
}
