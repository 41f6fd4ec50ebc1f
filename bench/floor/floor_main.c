/* SPDX-License-Identifier: MIT */
/* peal-bench-floor: a bare epoll loop that answers the same wire bytes as a
 * Socket.IO server: what the kernel costs, and nothing else. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor_conn.h"

enum { BATCH = 256, BACKLOG = 4096 };

static _Noreturn void die(const char *what) {
  fprintf(stderr, "peal-bench-floor: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint16_t port_of(int argc, char **argv) {
  long port = argc == 3 && strcmp(argv[1], "--port") == 0
                  ? strtol(argv[2], NULL, 10)
                  : 0;
  if (port < 1 || port > 65535) {
    fputs("usage: peal-bench-floor --port P\n", stderr);
    exit(2);
  }
  return (uint16_t)port;
}

static int listen_on(uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int one = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    die("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
    die("bind");
  if (listen(fd, BACKLOG) != 0)
    die("listen");
  return fd;
}

static void *zeroed(size_t count, size_t size) {
  void *ptr = calloc(count, size);
  if (ptr == NULL)
    die("memory");
  return ptr;
}

static void server_init(floor_server *server, uint16_t port) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0)
    die("getrlimit");
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  *server = (floor_server){
      .epoll = epoll_create1(EPOLL_CLOEXEC),
      .listener = listen_on(port),
      .capacity = files.rlim_cur < 65536 ? (uint32_t)files.rlim_cur : 65536,
      .in = zeroed(1, FLOOR_IN),
  };
  server->conns = zeroed(server->capacity, sizeof *server->conns);
  server->websockets = zeroed(server->capacity, sizeof *server->websockets);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = server->listener};
  if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &event) != 0)
    die("epoll_ctl");
}

static void accept_all(floor_server *server) {
  for (;;) {
    int fd =
        accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
      return;
    floor_conn_open(server, fd);
  }
}

int main(int argc, char **argv) {
  floor_server server;
  server_init(&server, port_of(argc, argv));
  for (;;) {
    struct epoll_event events[BATCH];
    int count = epoll_wait(server.epoll, events, BATCH, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.fd == server.listener)
        accept_all(&server);
      else if (server.conns[events[i].data.fd].open)
        floor_conn_event(&server, events[i].data.fd, events[i].events);
    }
    floor_conn_broadcast(&server);
  }
}
