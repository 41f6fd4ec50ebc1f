/* SPDX-License-Identifier: MIT */
#include "net/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* NOTIFY_SOCKET is a path, or behind '@' a name without a file. */
void peal_notify_say(const char *lines) {
  const char *where = getenv("NOTIFY_SOCKET");
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  size_t len = where ? strlen(where) : 0;
  if (len < 2 || len >= sizeof at.sun_path ||
      (where[0] != '/' && where[0] != '@'))
    return;
  memcpy(at.sun_path, where, len);
  if (where[0] == '@')
    at.sun_path[0] = 0;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
  (void)!sendto(fd, lines, strlen(lines), MSG_NOSIGNAL,
                (const struct sockaddr *)&at, size);
  close(fd);
}

void peal_notify_ready(void) {
  char lines[64];
  snprintf(lines, sizeof lines, "MAINPID=%ld\nREADY=1", (long)getpid());
  peal_notify_say(lines);
}
