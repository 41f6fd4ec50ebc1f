/* SPDX-License-Identifier: MIT */
#include "probe_ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <poll.h>

#include "probe_report.h"

enum {
  KEY = 16,
  KEY_TEXT = 28,
  ACCEPT_TEXT = 32,
  TEXT = 1,
  CLOSE = 8,
  PING = 9,
  PONG = 10,
  SMALL = 125
};

/* ---- bytes -------------------------------------------------------------- */

static bool wait_for(probe_ws *ws, short events, double until_ms) {
  curl_socket_t fd = CURL_SOCKET_BAD;
  curl_easy_getinfo(ws->curl, CURLINFO_ACTIVESOCKET, &fd);
  double left = until_ms - probe_now_ms();
  if (fd == CURL_SOCKET_BAD || left <= 0)
    return false;
  struct pollfd one = {.fd = fd, .events = events};
  return poll(&one, 1, (int)left + 1) > 0;
}

static probe_ws_result broken(probe_ws *ws, const char *words) {
  snprintf(ws->words, sizeof ws->words, "%s", words);
  return PROBE_WS_BROKEN;
}

static probe_ws_result write_all(probe_ws *ws, const char *data, size_t len) {
  double until = probe_now_ms() + 5000;
  while (len > 0) {
    size_t sent = 0;
    CURLcode code = curl_easy_send(ws->curl, data, len, &sent);
    if (code == CURLE_AGAIN && !wait_for(ws, POLLOUT, until))
      return PROBE_WS_TIMEOUT;
    if (code != CURLE_OK && code != CURLE_AGAIN)
      return broken(ws, curl_easy_strerror(code));
    data += sent;
    len -= sent;
  }
  return PROBE_WS_OK;
}

/* At least one byte more in `in`. */
static probe_ws_result read_more(probe_ws *ws, double until_ms) {
  for (;;) {
    size_t got = 0;
    if (ws->in_len == sizeof ws->in)
      return broken(ws, "a message that is too long");
    CURLcode code = curl_easy_recv(ws->curl, ws->in + ws->in_len,
                                   sizeof ws->in - ws->in_len, &got);
    if (code == CURLE_OK && got > 0) {
      ws->in_len += got;
      return PROBE_WS_OK;
    }
    if (code == CURLE_OK)
      return broken(ws, "the connection was closed");
    if (code != CURLE_AGAIN)
      return broken(ws, "the connection broke");
    if (!wait_for(ws, POLLIN, until_ms))
      return PROBE_WS_TIMEOUT;
  }
}

static void drop(probe_ws *ws, size_t len) {
  memmove(ws->in, ws->in + len, ws->in_len - len);
  ws->in_len -= len;
}

/* ---- the opening handshake ------------------------------------------------ */

static void make_key(char key[static KEY_TEXT]) {
  unsigned char random[KEY];
  RAND_bytes(random, sizeof random);
  EVP_EncodeBlock((unsigned char *)key, random, sizeof random);
}

/* RFC6455 4.2.2: the hash that shows that it was read. */
static void make_accept(const char *key, char accept[static ACCEPT_TEXT]) {
  char text[128];
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned len = 0;
  snprintf(text, sizeof text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
  EVP_Digest(text, strlen(text), hash, &len, EVP_sha1(), NULL);
  EVP_EncodeBlock((unsigned char *)accept, hash, (int)len);
}

typedef struct request {
  char text[PROBE_WS_HEAD];
  size_t len;
} request;

static void add(request *r, const char *name, const char *value) {
  int n = snprintf(r->text + r->len, sizeof r->text - r->len, "%s%s\r\n", name,
                   value);
  if (n > 0 && (size_t)n < sizeof r->text - r->len)
    r->len += (size_t)n;
}

static void write_request(request *r, probe_http *http, const char *sid,
                          const char *key) {
  const probe_target *target = http->target;
  char path[PROBE_URL], line[PROBE_URL + 32], host[600], cookies[4096];
  probe_target_request(target, "websocket", sid, path);
  snprintf(line, sizeof line, "GET %s HTTP/1.1", path);
  bool is_usual = target->port == (target->is_tls ? 443 : 80);
  if (is_usual)
    snprintf(host, sizeof host, "%s", target->host);
  else
    snprintf(host, sizeof host, "%s:%u", target->host, target->port);
  add(r, line, "");
  add(r, "Host: ", host);
  add(r, "Connection: Upgrade", "");
  add(r, "Upgrade: websocket", "");
  add(r, "Sec-WebSocket-Version: 13", "");
  add(r, "Sec-WebSocket-Key: ", key);
  if (target->opts->origin != NULL)
    add(r, "Origin: ", target->opts->origin);
  for (struct curl_slist *at = http->headers; at != NULL; at = at->next)
    add(r, at->data, "");
  probe_http_cookies(http, cookies, sizeof cookies);
  if (cookies[0] != '\0')
    add(r, "Cookie: ", cookies);
  add(r, "", "");
}

/* Up to the empty line, into `head`. */
static probe_ws_result read_head(probe_ws *ws, double until_ms) {
  for (;;) {
    char *end = memmem(ws->in, ws->in_len, "\r\n\r\n", 4);
    size_t len = end != NULL ? (size_t)(end - ws->in) + 4 : ws->in_len;
    if (end == NULL && len < PROBE_WS_HEAD) {
      probe_ws_result result = read_more(ws, until_ms);
      if (result != PROBE_WS_OK)
        return result;
      continue;
    }
    if (len > PROBE_WS_HEAD)
      return broken(ws, "the answer's head is too long");
    memcpy(ws->head, ws->in, len);
    ws->head[len] = '\0';
    drop(ws, len);
    return PROBE_WS_OK;
  }
}

static probe_ws_result shake(probe_ws *ws, probe_http *http, const char *sid,
                             double until_ms) {
  char key[KEY_TEXT], accept[ACCEPT_TEXT];
  static request r;
  r.len = 0;
  make_key(key);
  make_accept(key, accept);
  write_request(&r, http, sid, key);
  probe_ws_result result = write_all(ws, r.text, r.len);
  if (result == PROBE_WS_OK)
    result = read_head(ws, until_ms);
  if (result != PROBE_WS_OK)
    return result;
  if (sscanf(ws->head, "HTTP/%*1[0-9].%*1[0-9] %3ld", &ws->status) != 1)
    return broken(ws, "what answers speaks no HTTP");
  if (ws->status != 101) {
    // what there is of the body: it says why
    if (ws->in_len == 0 && read_more(ws, probe_now_ms() + 500) != PROBE_WS_OK)
      ws->in_len = 0;
    size_t len = ws->in_len < PROBE_WS_TEXT ? ws->in_len : PROBE_WS_TEXT;
    memcpy(ws->text, ws->in, len);
    ws->text[len] = '\0';
    return PROBE_WS_STATUS;
  }
  return strstr(ws->head, accept) != NULL
             ? PROBE_WS_OK
             : broken(ws, "101 with a wrong Sec-WebSocket-Accept: something "
                          "in between has answered");
}

probe_ws_result probe_ws_open(probe_ws *ws, probe_http *http, const char *sid,
                              double timeout_ms) {
  memset(ws, 0, sizeof *ws);
  char url[PROBE_URL];
  probe_target_url(http->target, "websocket", sid, url);
  ws->curl = probe_http_handle(http);
  if (ws->curl == NULL)
    return PROBE_WS_CONNECT;
  curl_easy_setopt(ws->curl, CURLOPT_URL, url);
  curl_easy_setopt(ws->curl, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(ws->curl, CURLOPT_ERRORBUFFER, ws->words);
  // through an HTTP proxy only a tunnel carries it
  curl_easy_setopt(ws->curl, CURLOPT_HTTPPROXYTUNNEL, 1L);
  CURLcode code = curl_easy_perform(ws->curl);
  if (code != CURLE_OK && ws->words[0] == '\0')
    snprintf(ws->words, sizeof ws->words, "%s", curl_easy_strerror(code));
  if (code != CURLE_OK)
    return PROBE_WS_CONNECT;
  return shake(ws, http, sid, probe_now_ms() + timeout_ms);
}

void probe_ws_close(probe_ws *ws) {
  curl_easy_cleanup(ws->curl);
  ws->curl = NULL;
}

/* ---- messages --------------------------------------------------------------- */

/* RFC6455 5.3: what a client sends is masked. */
static probe_ws_result send_frame(probe_ws *ws, unsigned opcode,
                                  const char *data, size_t len) {
  char frame[PROBE_URL + 8];
  size_t at = 0;
  if (len > PROBE_URL)
    return broken(ws, "too long to be sent");
  frame[at++] = (char)(0x80 | opcode);
  if (len <= SMALL) {
    frame[at++] = (char)(0x80 | len);
  } else {
    frame[at++] = (char)(0x80 | 126);
    frame[at++] = (char)(len >> 8);
    frame[at++] = (char)(len & 0xff);
  }
  unsigned char mask[4];
  RAND_bytes(mask, sizeof mask);
  memcpy(frame + at, mask, sizeof mask);
  at += sizeof mask;
  for (size_t i = 0; i < len; i++)
    frame[at + i] = (char)((unsigned char)data[i] ^ mask[i % 4]);
  return write_all(ws, frame, at + len);
}

probe_ws_result probe_ws_send(probe_ws *ws, const char *text) {
  return send_frame(ws, TEXT, text, strlen(text));
}

typedef struct frame {
  unsigned opcode;
  bool is_last;
  size_t head, len;
} frame;

/* Returns: false if bytes are missing. */
static bool decode(const probe_ws *ws, frame *out) {
  const unsigned char *in = (const unsigned char *)ws->in;
  if (ws->in_len < 2)
    return false;
  *out = (frame){in[0] & 0x0f, (in[0] & 0x80) != 0, 2, in[1] & 0x7f};
  unsigned more = out->len == 127 ? 8 : out->len == 126 ? 2 : 0;
  if (ws->in_len < 2 + more)
    return false;
  if (more > 0)
    out->len = 0;
  for (unsigned i = 0; i < more; i++)
    out->len = out->len << 8 | in[2 + i];
  out->head += more;
  return true;
}

static probe_ws_result closed(probe_ws *ws, const frame *f) {
  if (f->len >= 2)
    ws->close_code = (unsigned)(unsigned char)ws->in[f->head] << 8 |
                     (unsigned char)ws->in[f->head + 1];
  char words[96];
  snprintf(words, sizeof words, "the server closed it (code %u)",
           ws->close_code);
  return broken(ws, words);
}

/* One whole frame has come. *is_done: a message is in `text`. */
static probe_ws_result take(probe_ws *ws, const frame *f, bool *is_done) {
  probe_ws_result result = PROBE_WS_OK;
  const char *data = ws->in + f->head;
  if (f->opcode == CLOSE)
    return closed(ws, f);
  if (f->opcode == PING) {
    result = send_frame(ws, PONG, data, f->len);
  } else if (f->opcode < CLOSE) {
    if (f->opcode != 0)
      ws->text_len = 0;
    if (f->len > PROBE_WS_TEXT - ws->text_len)
      return broken(ws, "a message that is too long");
    memcpy(ws->text + ws->text_len, data, f->len);
    ws->text_len += f->len;
    ws->text[ws->text_len] = '\0';
    *is_done = f->is_last;
  }
  drop(ws, f->head + f->len);
  return result;
}

probe_ws_result probe_ws_receive(probe_ws *ws, double timeout_ms) {
  double until = probe_now_ms() + timeout_ms;
  for (bool is_done = false; !is_done;) {
    frame f;
    bool is_whole = decode(ws, &f);
    if (is_whole && f.len > PROBE_WS_TEXT)
      return broken(ws, "a message that is too long");
    probe_ws_result result = is_whole && ws->in_len - f.head >= f.len
                                 ? take(ws, &f, &is_done)
                                 : read_more(ws, until);
    if (result != PROBE_WS_OK)
      return result;
  }
  return PROBE_WS_OK;
}
