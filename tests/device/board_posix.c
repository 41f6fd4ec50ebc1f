/* SPDX-License-Identifier: MIT */
/* board_posix: the device program's machine is a POSIX system. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board.h"

uint64_t board_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint32_t board_dice(void *user) {
  (void)user;
  return (uint32_t)random();
}

int board_connect(unsigned port) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
      fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
    return fd;
  if (fd >= 0)
    close(fd);
  return -1;
}

void board_close(int fd) {
  close(fd);
}

static int result(ssize_t done) {
  bool later = done < 0 && (errno == EAGAIN || errno == EINTR);
  return later ? 0 : (int)done;
}

int board_read(int fd, void *data, size_t len) {
  ssize_t got = read(fd, data, len);
  return got == 0 ? -1 : result(got);
}

int board_write(int fd, const void *data, size_t len) {
  return result(send(fd, data, len, MSG_NOSIGNAL));
}

void board_wait(int fd, bool writes, int timeout_ms) {
  struct pollfd item = {fd, (short)(writes ? POLLIN | POLLOUT : POLLIN), 0};
  poll(&item, fd >= 0, timeout_ms);
}

void board_print(const char *text) {
  fputs(text, stdout);
  fflush(stdout);
}
