/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "load_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load_run.h"
#include "load_sys.h"

enum {
  QUOTED = 60,      /* bytes of a wrong packet that the message shows */
  APART = 7919,     /* between the first numbers of two clients */
  PER_ADDRESS = 100 /* clients of one source address */
};

/* Numbers differ between clients, so that a reply that reaches the wrong one
 * is noticed. */
static uint32_t message_number(const load_client *sender, uint32_t n) {
  return sender->index * APART + n;
}

static void watch(load_run *run, load_client *client, int how) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
  if (client->writing)
    event.events |= EPOLLOUT;
  if (epoll_ctl(run->epoll, how, client->fd, &event) != 0)
    load_sys_die("epoll_ctl: %s", strerror(errno));
}

/* Clients come from many addresses, 127.1.0.1 and up, as in the world: what a
 * server allows one address is not what is measured. */
static void bind_source(load_client *client) {
  uint32_t group = client->index / PER_ADDRESS;
  uint32_t address = 0x7f010001u + (group / 250) * 256 + group % 250;
  struct sockaddr_in from = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(address)};
  int one = 1;
  setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (bind(client->fd, (const struct sockaddr *)&from, sizeof from) != 0)
    load_sys_die("bind: %s", strerror(errno));
}

void load_client_open(load_run *run, load_client *client) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons(run->opts->port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct linger abrupt = {.l_onoff = 1, .l_linger = 0};
  int one = 1;
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client->fd < 0)
    load_sys_die("socket: %s", strerror(errno));
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  bind_source(client);
  if (connect(client->fd, (const struct sockaddr *)&to, sizeof to) != 0 &&
      errno != EINPROGRESS)
    load_sys_die("connect to port %u: %s", (unsigned)run->opts->port,
                 strerror(errno));
  /* Closed by a reset: thousands of ports left in TIME_WAIT would make the
   * kernel's search for a free one the thing that is measured. */
  setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
  client->writing = false;
  client->opened_ns = run->now_ns;
  run->opening++;
  watch(run, client, EPOLL_CTL_ADD);
  run->mode->transport->open(run, client);
  load_client_turn(run, client);
}

void load_client_close(load_run *run, load_client *client) {
  if (client->phase == LOAD_CLOSED)
    return;
  if (client->phase == LOAD_READY)
    run->ready--;
  else
    run->opening--;
  close(client->fd);
  client->fd = -1;
  client->phase = LOAD_CLOSED;
  client->leaving = false;
  client->requested = false;
  client->sid[0] = '\0';
  load_buf_deinit(&client->in);
  load_buf_deinit(&client->out);
  load_buf_deinit(&client->body);
}

/* Returns: how many of the bytes the socket took. */
static size_t send_some(load_client *client, const uint8_t *bytes, size_t len) {
  ssize_t sent = send(client->fd, bytes, len, MSG_NOSIGNAL);
  if (sent >= 0)
    return (size_t)sent;
  if (errno != EAGAIN && errno != EINTR)
    load_sys_die("client %u: send: %s", client->index, strerror(errno));
  return 0;
}

static void flush(load_run *run, load_client *client) {
  size_t sent = 0;
  if (!client->writing && run->turn.len > 0)
    sent = send_some(client, run->turn.ptr, run->turn.len);
  load_buf_add(&client->out, run->turn.ptr + sent, run->turn.len - sent);
  run->turn.len = 0;
  if (client->out.len > 0 && !client->writing) {
    client->writing = true;
    watch(run, client, EPOLL_CTL_MOD);
  }
}

void load_client_turn(load_run *run, load_client *client) {
  if (client->phase == LOAD_READY && run->mode->turn != NULL)
    run->mode->turn(run, client);
  if (client->leaving) {
    load_client_close(run, client);
    return;
  }
  if (run->mode->transport->turn != NULL)
    run->mode->transport->turn(run, client);
  flush(run, client);
}

static void writable(load_run *run, load_client *client) {
  size_t sent = send_some(client, client->out.ptr, client->out.len);
  load_buf_drop(&client->out, sent);
  if (client->out.len > 0)
    return;
  client->writing = false;
  watch(run, client, EPOLL_CTL_MOD);
}

/* Feed what came; keep what is unfinished. Bytes are copied only if a piece
 * of them has to wait. */
static void feed(load_run *run, load_client *client, size_t len) {
  const load_transport *transport = run->mode->transport;
  if (client->in.len == 0) {
    size_t used = transport->feed(run, client, run->in, len);
    load_buf_add(&client->in, run->in + used, len - used);
    return;
  }
  load_buf_add(&client->in, run->in, len);
  size_t used = transport->feed(run, client, client->in.ptr, client->in.len);
  load_buf_drop(&client->in, used);
}

static void readable(load_run *run, load_client *client) {
  ssize_t got = recv(client->fd, run->in, LOAD_RUN_IN, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (got < 0)
    load_sys_die("client %u: recv: %s", client->index, strerror(errno));
  if (got == 0)
    load_sys_die("client %u: closed by the server", client->index);
  run->now_ns = load_sys_now_ns();
  feed(run, client, (size_t)got);
  load_client_turn(run, client);
}

void load_client_event(load_run *run, load_client *client, uint32_t events) {
  if (client->writing && (events & EPOLLOUT) != 0)
    writable(run, client);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
    readable(run, client);
}

static _Noreturn void refuse(const load_client *client, const char *expected,
                             const uint8_t *packet, size_t len) {
  load_sys_die("client %u: expected %s, got %zu bytes \"%.*s\"", client->index,
               expected, len, (int)(len < QUOTED ? len : QUOTED),
               (const char *)packet);
}

/* "sid":"…", wherever in the object: polling needs it for all later requests. */
static void session_id(load_client *client, const uint8_t *packet, size_t len) {
  static const char key[] = "\"sid\":\"";
  const uint8_t *found = memmem(packet, len, key, sizeof key - 1);
  if (len < 2 || packet[1] != '{' || found == NULL)
    refuse(client, "an Engine.IO open packet", packet, len);
  size_t at = (size_t)(found - packet) + sizeof key - 1;
  const uint8_t *end = memchr(packet + at, '"', len - at);
  if (end == NULL || (size_t)(end - packet) - at >= sizeof client->sid)
    refuse(client, "a short sid", packet, len);
  size_t sid_len = (size_t)(end - packet) - at;
  memcpy(client->sid, packet + at, sid_len);
  client->sid[sid_len] = '\0';
}

static void joined(load_run *run, load_client *client, const uint8_t *packet,
                   size_t len, bool is_right) {
  if (client->phase != LOAD_JOIN || !is_right)
    refuse(client, "one Socket.IO CONNECT", packet, len);
  client->phase = LOAD_READY;
  run->opening--;
  run->ready++;
  if (run->mode->ready != NULL)
    run->mode->ready(run, client);
}

void load_client_packet(load_run *run, load_client *client,
                        const uint8_t *packet, size_t len) {
  const load_transport *transport = run->mode->transport;
  uint8_t type = len > 0 ? packet[0] : 0;
  if (type == '0' && client->phase == LOAD_OPEN) {
    session_id(client, packet, len);
    client->phase = LOAD_JOIN;
    transport->packet(run, client, "40");
  } else if (type == '2' && len == 1) {
    /* EIO4 heartbeat: the server sends ping, the client answers pong. */
    transport->packet(run, client, "3");
  } else if (type == '4' && len > 1 && packet[1] == '0') {
    joined(run, client, packet, len, len > 2 && packet[2] == '{');
  } else if (type == '4' && client->phase == LOAD_READY &&
             run->mode->reply != NULL) {
    run->mode->reply(run, client, packet, len);
  } else if (type != '6' || len != 1) {
    refuse(client, "a packet of this phase", packet, len);
  }
}

void load_client_binary(load_run *run, load_client *client,
                        const uint8_t *packet, size_t len) {
  static const char connect[] = "\x83\xa4type\x00\xa4"
                                "data";
  size_t head = sizeof connect - 1;
  if (!run->opts->msgpack)
    refuse(client, "a text frame", packet, len);
  if (client->phase == LOAD_JOIN)
    joined(run, client, packet, len,
           len > head && memcmp(packet, connect, head) == 0);
  else if (client->phase == LOAD_READY && run->mode->reply != NULL)
    run->mode->reply(run, client, packet, len);
  else
    refuse(client, "a packet of this phase", packet, len);
}

void load_client_send(load_run *run, load_client *client, uint32_t count,
                      uint64_t sent_ns) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t number = message_number(client, client->sent);
    run->mode->transport->message(run, client, number);
    client->sent_ns[client->sent++ % run->opts->inflight] = sent_ns;
  }
  client->credits -= count;
  run->left -= count;
  run->unanswered += (uint64_t)count * run->fanout;
}

void load_client_check(load_run *run, load_client *client, load_client *sender,
                       const uint8_t *packet, size_t len) {
  uint32_t n = client->received;
  if (n == sender->sent)
    refuse(client, "no further reply", packet, len);
  if (!load_msg_is_reply(&run->msg, message_number(sender, n), packet, len))
    refuse(client, "the event as it was sent", packet, len);
  client->received++;
  run->unanswered--;
  load_run_count(run, sender->sent_ns[n % run->opts->inflight]);
}
