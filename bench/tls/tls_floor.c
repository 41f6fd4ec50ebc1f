/* SPDX-License-Identifier: MIT */
/* tls_floor: what TLS itself costs: OpenSSL on a socket, a bare epoll loop, the
 * bytes of an echo over WebSocket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls_bench.h"

#define BUFFER 65536

typedef struct conn {
  SSL *ssl;
  int fd;
  int open; /* the upgrade has been answered */
} conn;

static char data[BUFFER], out[BUFFER];

/* The key that the load sends is always the same. */
static const char answer[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/* Frames of a client, masked, to those of a server; whole ones. Returns the
 * length. */
static size_t turn(const unsigned char *in, size_t len) {
  size_t used = 0, made = 0;
  while (len - used >= 6) {
    const unsigned char *at = in + used;
    size_t size = at[1] & 127, head = 2;
    if (size == 126) {
      size = (size_t)at[2] << 8 | at[3];
      head = 4;
    }
    if (len - used < head + 4 + size)
      break;
    memcpy(out + made, at, head);
    out[made + 1] &= 127;
    for (size_t i = 0; i < size; i++)
      out[made + head + i] = (char)(at[head + 4 + i] ^ at[head + (i & 3)]);
    made += head + size;
    used += head + 4 + size;
  }
  return made;
}

/* Returns 0 when it is over. */
static int serve(conn *c) {
  if (!SSL_is_init_finished(c->ssl)) {
    int done = SSL_accept(c->ssl);
    if (done != 1)
      return SSL_get_error(c->ssl, done) == SSL_ERROR_WANT_READ;
  }
  for (;;) {
    int len = SSL_read(c->ssl, data, BUFFER);
    if (len <= 0)
      return SSL_get_error(c->ssl, len) == SSL_ERROR_WANT_READ;
    size_t made = c->open ? turn((unsigned char *)data, (size_t)len) : 0;
    int sent = c->open ? SSL_write(c->ssl, out, (int)made)
                       : SSL_write(c->ssl, answer, sizeof(answer) - 1);
    if (sent <= 0)
      return 0;
    c->open = 1;
  }
}

static void take(int epoll, int listening, SSL_CTX *ctx) {
  const int one = 1;
  int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  conn *c = fd < 0 ? NULL : calloc(1, sizeof(*c));
  if (!c)
    return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  c->fd = fd;
  c->ssl = SSL_new(ctx);
  SSL_set_fd(c->ssl, fd);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int open_port(int port) {
  const int one = 1;
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 1024)) {
    perror("listen");
    exit(1);
  }
  return fd;
}

int tls_floor(int port, const char *cert_file, const char *key_file) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1 ||
      SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
    return 1;
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  int listening = open_port(port), epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN}, events[256];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event);
  for (;;) {
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      conn *c = events[i].data.ptr;
      if (!c) {
        take(epoll, listening, ctx);
      } else if (!serve(c)) {
        SSL_free(c->ssl);
        close(c->fd);
        free(c);
      }
    }
  }
}
