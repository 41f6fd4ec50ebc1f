/* SPDX-License-Identifier: MIT */
/* tls_load: clients over TLS that block: what is measured is the server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls_bench.h"

static const char request[] =
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static int dial(int port) {
  const int one = 1;
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (connect(fd, (struct sockaddr *)&at, sizeof(at)))
    fail("no connection");
  return fd;
}

static SSL *shake(SSL_CTX *ctx, int port, SSL_SESSION *session) {
  SSL *ssl = SSL_new(ctx);
  SSL_set_fd(ssl, dial(port));
  if (session)
    SSL_set_session(ssl, session);
  if (SSL_connect(ssl) != 1)
    fail("no handshake");
  if (session && !SSL_session_reused(ssl))
    fail("not resumed");
  return ssl;
}

/* Orderly: what the server says at the end is read. */
static void leave(SSL *ssl) {
  char rest[4096];
  int fd = SSL_get_fd(ssl);
  SSL_shutdown(ssl);
  shutdown(fd, SHUT_WR);
  while (read(fd, rest, sizeof(rest)) > 0)
    continue;
  SSL_free(ssl);
  close(fd);
}

/* The answer's head, whatever it says. */
static void upgrade(SSL *ssl) {
  char head[4096];
  size_t len = 0;
  SSL_write(ssl, request, sizeof(request) - 1);
  do {
    int got = SSL_read(ssl, head + len, (int)(sizeof(head) - 1 - len));
    if (got <= 0)
      fail("no answer");
    len += (size_t)got;
    head[len] = 0;
  } while (!strstr(head, "\r\n\r\n"));
}

int tls_load_shake(int port, int count, int resumed) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
  SSL_SESSION *session = NULL;
  if (resumed) {
    SSL *first = shake(ctx, port, NULL);
    upgrade(first); /* tickets come before the answer */
    session = SSL_get1_session(first);
    leave(first);
  }
  for (int i = 0; i < count; i++)
    leave(shake(ctx, port, session));
  SSL_SESSION_free(session);
  SSL_CTX_free(ctx);
  return 0;
}

/* A masked frame of a client. Returns its length. */
static size_t frame(unsigned char *out, size_t bytes) {
  size_t head = bytes < 126 ? 2 : 4;
  out[0] = 0x82;
  out[1] = (unsigned char)(0x80 | (bytes < 126 ? bytes : 126));
  out[2] = (unsigned char)(bytes >> 8);
  out[3] = (unsigned char)bytes;
  memcpy(out + head, "mask", 4);
  for (size_t i = 0; i < bytes; i++)
    out[head + 4 + i] = (unsigned char)('x' ^ "mask"[i & 3]);
  return head + 4 + bytes;
}

static void hear(SSL *ssl, size_t bytes) {
  unsigned char in[65536];
  size_t want = (bytes < 126 ? 2 : 4) + bytes, len = 0;
  while (len < want) {
    int got = SSL_read(ssl, in + len, (int)(want - len));
    if (got <= 0)
      fail("no echo");
    len += (size_t)got;
  }
  for (size_t i = want - bytes; i < want; i++)
    if (in[i] != 'x')
      fail("a wrong echo");
}

int tls_load_join(int port, int clients, long rounds, size_t bytes) {
  unsigned char message[65536];
  SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
  SSL **all = calloc((size_t)clients, sizeof(SSL *));
  if (!all || bytes > 60000)
    fail("no room");
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  for (int i = 0; i < clients; i++) {
    all[i] = shake(ctx, port, NULL);
    upgrade(all[i]);
  }
  size_t len = frame(message, bytes);
  puts("joined");
  fflush(stdout);
  if (!rounds || getchar() == EOF)
    return getchar() == EOF ? 0 : 1;
  for (long round = 0; round < rounds; round++) {
    for (int i = 0; i < clients; i++)
      SSL_write(all[i], message, (int)len);
    for (int i = 0; i < clients; i++)
      hear(all[i], bytes);
  }
  puts("done");
  fflush(stdout);
  return getchar() == EOF ? 0 : 1;
}
