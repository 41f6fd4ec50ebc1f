/* SPDX-License-Identifier: MIT */
#include "sio_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define READ_BYTES 65536u

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int left_ms(int64_t until) {
  int64_t left = until - now_ms();
  return left > 0 ? (int)left : 0;
}

/* -- bytes -------------------------------------------------------------------- */

int sio_client_dial(unsigned port) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  int on = 1;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, (const struct sockaddr *)&at, sizeof at) == 0)
    return fd;
  close(fd);
  return -1;
}

bool sio_client_write(int fd, const void *data, size_t len) {
  const char *from = data;
  while (len > 0) {
    ssize_t sent = send(fd, from, len, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent <= 0)
      return false;
    from += sent;
    len -= (size_t)sent;
  }
  return true;
}

static void hang_up(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static bool reserve(sio_client *client, size_t more) {
  if (client->in_cap - client->in_len >= more)
    return true;
  size_t cap = client->in_cap * 2 + more;
  char *in = realloc(client->in, cap);
  if (!in)
    return false;
  client->in = in;
  client->in_cap = cap;
  return true;
}

/* Some bytes into `in`: 1 got some, 0 nothing in time, -1 the end. */
static int fill(sio_client *client, int ms) {
  struct pollfd one = {.fd = client->fd, .events = POLLIN};
  if (client->fd < 0 || !reserve(client, READ_BYTES))
    return -1;
  if (poll(&one, 1, ms) <= 0)
    return 0;
  ssize_t got = recv(client->fd, client->in + client->in_len, READ_BYTES - 1,
                     MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return 0;
  if (got <= 0) {
    hang_up(&client->fd);
    return -1;
  }
  client->in_len += (size_t)got;
  client->in[client->in_len] = 0;
  return 1;
}

static void consume(sio_client *client, size_t len) {
  memmove(client->in, client->in + len, client->in_len - len);
  client->in_len -= len;
  client->in[client->in_len] = 0;
}

/* -- packets ------------------------------------------------------------------- */

static void put(sio_client *client, bool binary, const char *data, size_t len) {
  sio_packet *packet = malloc(sizeof *packet + len + 1);
  if (!packet)
    return;
  *packet = (sio_packet){.len = len, .binary = binary};
  if (len)
    memcpy(packet->data, data, len);
  packet->data[len] = 0;
  if (client->last)
    client->last->next = packet;
  else
    client->first = packet;
  client->last = packet;
}

/* Pings are answered, no-ops dropped, a close noted. */
static void on_packet(sio_client *client, bool binary, const char *data,
                      size_t len) {
  if (!binary && len && data[0] == '2') {
    if (!client->mute)
      (void)sio_client_send(client, "3");
  } else if (!binary && len == 1 && data[0] == '1') {
    client->told_close = true;
  } else if (binary || !len || data[0] != '6') {
    put(client, binary, data, len);
  }
}

static void on_payload(sio_client *client, const char *body, size_t len) {
  while (len) {
    const char *end = memchr(body, '\x1e', len);
    size_t one = end ? (size_t)(end - body) : len;
    on_packet(client, false, body, one);
    body += end ? one + 1 : one;
    len -= end ? one + 1 : one;
  }
}

/* -- WebSocket ------------------------------------------------------------------- */

bool sio_client_frame(sio_client *client, uint8_t first, const void *data,
                      size_t len) {
  uint8_t head[14] = {first};
  size_t at = 2;
  if (len < 126) {
    head[1] = (uint8_t)(0x80 | len);
  } else if (len < 65536) {
    head[1] = 0x80 | 126;
    head[at++] = (uint8_t)(len >> 8);
    head[at++] = (uint8_t)len;
  } else {
    head[1] = 0x80 | 127;
    for (int shift = 56; shift >= 0; shift -= 8)
      head[at++] = (uint8_t)((uint64_t)len >> shift);
  }
  at += 4; /* the mask is zero: the bytes stay as they are */
  char *frame = malloc(at + len);
  if (!frame)
    return false;
  memcpy(frame, head, at);
  if (len)
    memcpy(frame + at, data, len);
  bool sent = client->fd >= 0 && sio_client_write(client->fd, frame, at + len);
  free(frame);
  return sent;
}

static void on_fragment(sio_client *client, uint8_t first, const char *data,
                        size_t len) {
  char *all = realloc(client->fragment, client->fragment_len + len + 1);
  if (!all)
    return;
  memcpy(all + client->fragment_len, data, len);
  client->fragment = all;
  client->fragment_len += len;
  if (!(first & 0x80))
    return;
  on_packet(client, (first & 15) == 2, all, client->fragment_len);
  client->fragment_len = 0;
}

static void on_frame(sio_client *client, uint8_t first, const char *data,
                     size_t len) {
  uint8_t opcode = first & 15;
  if (opcode == 8) {
    client->told_close = true;
    if (len >= 2)
      client->close_code = (unsigned)((uint8_t)data[0] << 8 | (uint8_t)data[1]);
    (void)sio_client_frame(client, 0x88, data, len);
  } else if (opcode == 9) {
    (void)sio_client_frame(client, 0x8a, data, len);
  } else if (opcode < 3) {
    on_fragment(client, first, data, len);
  }
}

/* All whole frames in `in`. */
static void take_frames(sio_client *client) {
  size_t used = 0;
  for (;;) {
    const uint8_t *at = (const uint8_t *)client->in + used;
    size_t have = client->in_len - used;
    if (have < 2)
      break;
    size_t head = 2, len = at[1] & 127;
    if (len >= 126) {
      size_t digits = len == 126 ? 2 : 8;
      head += digits;
      len = 0;
      for (size_t i = 0; have >= head && i < digits; i++)
        len = len << 8 | at[2 + i];
    }
    if (have < head || have - head < len)
      break;
    on_frame(client, at[0], (const char *)at + head, len);
    used += head + len;
  }
  if (used)
    consume(client, used);
}

/* -- HTTP ------------------------------------------------------------------------- */

static const char *header(const char *head, const char *name) {
  size_t len = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line;
       line = strstr(line + 2, "\r\n"))
    if (!strncasecmp(line + 2, name, len) && line[2 + len] == ':')
      return line + 2 + len + 1 + strspn(line + 3 + len, " ");
  return NULL;
}

/* A head at the front of `in`: its length, 0 if it is not whole. */
static size_t take_head(sio_client *client) {
  const char *end = client->in_len ? strstr(client->in, "\r\n\r\n") : NULL;
  if (!end)
    return 0;
  size_t len = (size_t)(end - client->in) + 4;
  snprintf(client->head, sizeof client->head, "%.*s", (int)len, client->in);
  client->status = (unsigned)atoi(client->head + 9);
  return len;
}

/* An answer on client->fd: 1 body is in *body (malloc), 0 not yet, -1 end. */
static int read_answer(sio_client *client, int64_t until, char **body,
                       size_t *body_len) {
  for (;;) {
    size_t head = take_head(client);
    const char *value = head ? header(client->head, "content-length") : NULL;
    size_t len = value ? strtoul(value, NULL, 10) : 0;
    if (head && client->in_len - head >= len) {
      *body = malloc(len + 1);
      if (!*body)
        return -1;
      memcpy(*body, client->in + head, len);
      (*body)[len] = 0;
      *body_len = len;
      consume(client, head + len);
      return 1;
    }
    int got = fill(client, left_ms(until));
    if (got <= 0)
      return got;
  }
}

static bool request(int fd, const char *method, const char *target,
                    const char *fields, const char *body, size_t len) {
  char head[40000];
  int head_len =
      snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s",
               method, target, fields ? fields : "");
  if (body)
    head_len += snprintf(head + head_len, sizeof head - (size_t)head_len,
                         "Content-Type: text/plain;charset=UTF-8\r\n"
                         "Content-Length: %zu\r\n",
                         len);
  head_len += snprintf(head + head_len, sizeof head - (size_t)head_len, "\r\n");
  return sio_client_write(fd, head, (size_t)head_len) &&
         (!body || sio_client_write(fd, body, len));
}

char *sio_client_http(unsigned port, const char *method, const char *target,
                      const char *fields, const char *body, unsigned *status) {
  sio_client client = {.fd = sio_client_dial(port), .post_fd = -1};
  char *answer = NULL;
  size_t len;
  if (client.fd >= 0 &&
      request(client.fd, method, target, fields, body, body ? strlen(body) : 0))
    (void)read_answer(&client, now_ms() + PATIENCE_MS, &answer, &len);
  if (status)
    *status = client.status;
  sio_client_close(&client);
  return answer;
}

/* -- polling ------------------------------------------------------------------------ */

static void target_of(const sio_client *client, const char *transport,
                      char *out, size_t room) {
  snprintf(out, room, "%s?EIO=%d&transport=%s%s%s%s",
           client->path ? client->path : "/socket.io/", client->eio3 ? 3 : 4,
           transport, client->sid[0] ? "&sid=" : "", client->sid,
           client->query ? client->query : "");
}

/* Ask, and wait until `until`: 1 packets have come, 0 none yet, -1 the end. */
static int poll_once(sio_client *client, int64_t until) {
  char target[1024];
  char *body = NULL;
  size_t len = 0;
  if (client->fd < 0)
    client->fd = sio_client_dial(client->port);
  target_of(client, "polling", target, sizeof target);
  if (!client->polling_now &&
      (client->fd < 0 ||
       !request(client->fd, "GET", target, client->fields, NULL, 0)))
    return -1;
  client->polling_now = true;
  int got = read_answer(client, until, &body, &len);
  if (got)
    client->polling_now = false;
  /* The next one is asked on another connection. */
  if (got > 0 && client->status == 200 &&
      strcasestr(client->head, "\r\nConnection: close"))
    hang_up(&client->fd);
  if (got > 0 && client->status == 200)
    on_payload(client, body, len);
  else if (got)
    client->told_close = true;
  free(body);
  return got;
}

static bool post_on(sio_client *client, const char *target, const char *body,
                    size_t len) {
  sio_client side = {.fd = client->post_fd};
  char *answer = NULL;
  size_t answer_len;
  bool ok =
      side.fd >= 0 &&
      request(side.fd, "POST", target, client->fields, body, len) &&
      read_answer(&side, now_ms() + PATIENCE_MS, &answer, &answer_len) > 0;
  if (ok)
    client->status = side.status;
  client->post_fd = ok ? side.fd : -1;
  if (!ok)
    hang_up(&side.fd);
  free(answer);
  free(side.in);
  return ok;
}

/* A connection that idled may be closed by the server: then a new one. */
static bool post(sio_client *client, const char *body, size_t len) {
  char target[1024];
  target_of(client, "polling", target, sizeof target);
  bool done = client->post_fd >= 0 && post_on(client, target, body, len);
  if (!done) {
    client->post_fd = sio_client_dial(client->port);
    done = post_on(client, target, body, len);
  }
  return done && client->status == 200;
}

/* -- a session ------------------------------------------------------------------------ */

static bool wants_more(const sio_client *client) {
  return !client->first && !client->told_close;
}

/* Wait for packets: 1 there is one, 0 none in time, -1 the end. */
static int wait_packet(sio_client *client, int ms) {
  int64_t until = now_ms() + ms;
  int got = 1;
  while (wants_more(client) && got >= 0) {
    if (client->via == SIO_WEBSOCKET) {
      got = fill(client, left_ms(until));
      if (got > 0)
        take_frames(client);
    } else {
      got = poll_once(client, until);
    }
    if (got == 0 && !left_ms(until))
      return client->first ? 1 : 0;
  }
  if (got < 0)
    client->told_close = true;
  return client->first ? 1 : -1;
}

const sio_packet *sio_client_next(sio_client *client, int ms) {
  free(client->current);
  client->current = NULL;
  if (wait_packet(client, ms) != 1)
    return NULL;
  client->current = client->first;
  client->first = client->first->next;
  if (!client->first)
    client->last = NULL;
  return client->current;
}

static bool open_websocket(sio_client *client) {
  char target[1024], fields[2048];
  client->fd = sio_client_dial(client->port);
  target_of(client, "websocket", target, sizeof target);
  snprintf(fields, sizeof fields,
           "Upgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s",
           client->fields ? client->fields : "");
  int64_t until = now_ms() + PATIENCE_MS;
  if (client->fd < 0 || !request(client->fd, "GET", target, fields, NULL, 0))
    return false;
  size_t head;
  while (!(head = take_head(client)))
    if (fill(client, left_ms(until)) <= 0)
      return false;
  consume(client, head);
  if (client->status != 101)
    return false;
  take_frames(client);
  return true;
}

/* The value of a string member: good for what the server sends. */
static bool read_member(const char *json, const char *name, char *out,
                        size_t room) {
  const char *at = strstr(json, name);
  if (!at)
    return false;
  at += strlen(name);
  snprintf(out, room, "%.*s", (int)strcspn(at, "\""), at);
  return true;
}

bool sio_client_open_with(sio_client *client, unsigned port, sio_via via) {
  client->port = port;
  client->via = via;
  client->fd = -1;
  client->post_fd = -1;
  if (via == SIO_WEBSOCKET && !open_websocket(client)) {
    hang_up(&client->fd);
    return false;
  }
  const sio_packet *open = sio_client_next(client, PATIENCE_MS);
  return open && open->data[0] == '0' &&
         read_member(open->data, "\"sid\":\"", client->sid, sizeof client->sid);
}

bool sio_client_open(sio_client *client, unsigned port, sio_via via) {
  *client = (sio_client){0};
  return sio_client_open_with(client, port, via);
}

bool sio_client_start(sio_client *client, unsigned port, sio_via via) {
  return sio_client_open(client, port, via) &&
         sio_client_join(client, "/", NULL);
}

bool sio_client_join(sio_client *client, const char *nsp, const char *auth) {
  char packet[2048], accepted[300], refused[300];
  bool is_root = !strcmp(nsp, "/");
  snprintf(packet, sizeof packet, "40%s%s%s", is_root ? "" : nsp,
           is_root ? "" : ",", auth ? auth : "");
  snprintf(accepted, sizeof accepted, "40%s%s{", is_root ? "" : nsp,
           is_root ? "" : ",");
  snprintf(refused, sizeof refused, "44%s%s{", is_root ? "" : nsp,
           is_root ? "" : ",");
  if (!sio_client_send(client, packet))
    return false;
  const sio_packet *got;
  while ((got = sio_client_next(client, PATIENCE_MS))) {
    if (!strncmp(got->data, refused, strlen(refused)))
      return false;
    if (!strncmp(got->data, accepted, strlen(accepted)))
      return read_member(got->data, "\"sid\":\"", client->socket_id,
                         sizeof client->socket_id);
  }
  return false;
}

/* The rest of polling is read, then the WebSocket is the way. */
bool sio_client_upgrade(sio_client *client) {
  sio_client ws = {.port = client->port,
                   .path = client->path,
                   .query = client->query,
                   .fields = client->fields,
                   .via = SIO_WEBSOCKET,
                   .post_fd = -1};
  memcpy(ws.sid, client->sid, sizeof ws.sid);
  bool ok = open_websocket(&ws) && sio_client_send(&ws, "2probe") &&
            sio_client_expect(&ws, "3probe");
  if (ok && client->polling_now)
    ok = poll_once(client, now_ms() + PATIENCE_MS) > 0;
  ok = ok && sio_client_send(&ws, "5");
  free(ws.current);
  if (!ok) {
    hang_up(&ws.fd);
    free(ws.in);
    free(ws.fragment);
    return false;
  }
  hang_up(&client->fd);
  hang_up(&client->post_fd);
  client->fd = ws.fd;
  client->via = SIO_WEBSOCKET;
  client->told_close = false;
  client->in_len = 0;
  if (!reserve(client, ws.in_len + 1))
    return false;
  if (ws.in_len)
    memcpy(client->in, ws.in, ws.in_len);
  client->in_len = ws.in_len;
  client->in[client->in_len] = 0;
  free(ws.in);
  free(ws.fragment);
  return true;
}

bool sio_client_send(sio_client *client, const char *packet) {
  size_t len = strlen(packet);
  return client->via == SIO_WEBSOCKET
             ? sio_client_frame(client, 0x81, packet, len)
             : post(client, packet, len);
}

static void to_base64(const uint8_t *data, size_t len, char *out) {
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < len; i += 3) {
    uint32_t bits = (uint32_t)data[i] << 16;
    if (i + 1 < len)
      bits |= (uint32_t)data[i + 1] << 8;
    if (i + 2 < len)
      bits |= data[i + 2];
    *out++ = digits[bits >> 18];
    *out++ = digits[bits >> 12 & 63];
    *out++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
    *out++ = i + 2 < len ? digits[bits & 63] : '=';
  }
  *out = 0;
}

bool sio_client_send_binary(sio_client *client, const void *data, size_t len) {
  if (client->via == SIO_WEBSOCKET)
    return sio_client_frame(client, 0x82, data, len);
  char *text = malloc(len / 3 * 4 + 8);
  if (!text)
    return false;
  text[0] = 'b';
  to_base64(data, len, text + 1);
  bool sent = sio_client_send(client, text);
  free(text);
  return sent;
}

bool sio_client_expect(sio_client *client, const char *text) {
  const sio_packet *got = sio_client_next(client, PATIENCE_MS);
  if (got && !strcmp(got->data, text))
    return true;
  fprintf(stderr, "sio_client: expected %s, came %.200s\n", text,
          got                  ? got->data
          : client->told_close ? "the end"
                               : "nothing");
  return false;
}

bool sio_client_await(sio_client *client, const char *text) {
  const sio_packet *got;
  while ((got = sio_client_next(client, PATIENCE_MS)))
    if (!strcmp(got->data, text))
      return true;
  fprintf(stderr, "sio_client: %s did not come\n", text);
  return false;
}

bool sio_client_silent(sio_client *client, int ms) {
  const sio_packet *got = sio_client_next(client, ms);
  if (got)
    fprintf(stderr, "sio_client: expected nothing, came %.200s\n", got->data);
  return !got && !client->told_close;
}

bool sio_client_ends(sio_client *client, int ms) {
  int64_t until = now_ms() + ms;
  while (!sio_client_is_closed(client) && left_ms(until))
    (void)sio_client_next(client, left_ms(until));
  return sio_client_is_closed(client);
}

bool sio_client_is_closed(const sio_client *client) {
  return client->told_close && !client->first;
}

void sio_client_close(sio_client *client) {
  hang_up(&client->fd);
  if (client->post_fd > 0)
    hang_up(&client->post_fd);
  while (client->first) {
    sio_packet *next = client->first->next;
    free(client->first);
    client->first = next;
  }
  free(client->current);
  free(client->in);
  free(client->fragment);
  *client = (sio_client){.fd = -1, .post_fd = -1};
}

void sio_client_reset(sio_client *client) {
  const struct linger now = {.l_onoff = 1, .l_linger = 0};
  if (client->fd >= 0)
    (void)setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  if (client->post_fd > 0)
    (void)setsockopt(client->post_fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  sio_client_close(client);
}
