/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "load_http.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load_sys.h"

/* The value of a header line, or NULL; the head ends with an empty line. */
static const char *header(const char *head, size_t len, const char *name) {
  size_t name_len = strlen(name);
  const char *end = head + len;
  const char *line = memchr(head, '\n', len);
  while (line != NULL && (size_t)(end - ++line) > name_len) {
    if (strncasecmp(line, name, name_len) == 0 && line[name_len] == ':') {
      line += name_len + 1;
      return line + strspn(line, " ");
    }
    line = memchr(line, '\n', (size_t)(end - line));
  }
  return NULL;
}

size_t load_http_decode(load_http_response *response, const char *in,
                        size_t len) {
  const char *end = memmem(in, len, "\r\n\r\n", 4);
  if (end == NULL)
    return 0;
  size_t head_len = (size_t)(end - in) + 4;
  if (head_len < 16 || memcmp(in, "HTTP/1.1 ", 9) != 0)
    load_sys_die("expected an HTTP/1.1 response, got \"%.*s\"",
                 (int)(head_len < 40 ? head_len : 40), in);
  *response = (load_http_response){
      .status = (unsigned)strtoul(in + 9, NULL, 10),
      .head_len = head_len,
      .accept = header(in, head_len, "sec-websocket-accept"),
  };
  const char *body = header(in, head_len, "content-length");
  if (response->status == 101)
    return head_len;
  if (body == NULL)
    load_sys_die("expected a Content-Length in a response of status %u",
                 response->status);
  response->body_len = strtoul(body, NULL, 10);
  return head_len;
}

static size_t checked(int written, size_t cap) {
  if (written < 0 || (size_t)written >= cap)
    load_sys_die("a request of %d bytes has no room in %zu", written, cap);
  return (size_t)written;
}

size_t load_http_upgrade(char *out, size_t cap, uint16_t port) {
  return checked(
      snprintf(out, cap,
               "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
               "Host: 127.0.0.1:%u\r\nConnection: Upgrade\r\n"
               "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: " LOAD_HTTP_KEY "\r\n\r\n",
               (unsigned)port),
      cap);
}

enum { COOKIE_BYTES = 350 };

/* session=<client, then letters that differ from client to client> */
static void cookie_write(char out[COOKIE_BYTES + 1], uint32_t client) {
  uint32_t state = client * 2654435761u + 1;
  int len = snprintf(out, COOKIE_BYTES + 1, "session=%08x.", client);
  for (; len < COOKIE_BYTES; len++) {
    state = state * 1664525u + 1013904223u;
    out[len] = (char)('a' + (state >> 24) % 26);
  }
  out[COOKIE_BYTES] = '\0';
}

size_t load_http_upgrade_chrome(char *out, size_t cap, uint16_t port,
                                uint32_t client) {
  char cookie[COOKIE_BYTES + 1];
  cookie_write(cookie, client);
  unsigned at = port;
  return checked(
      snprintf(out, cap,
               "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
               "Host: 127.0.0.1:%u\r\nConnection: Upgrade\r\n"
               "Pragma: no-cache\r\nCache-Control: no-cache\r\n"
               "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
               "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
               "Safari/537.36\r\n"
               "sec-ch-ua: \"Not_A Brand\";v=\"8\", \"Chromium\";v=\"120\", "
               "\"Google Chrome\";v=\"120\"\r\n"
               "sec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Windows\"\r\n"
               "Upgrade: websocket\r\nOrigin: http://127.0.0.1:%u\r\n"
               "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: websocket\r\n"
               "Sec-Fetch-Dest: websocket\r\n"
               "Sec-WebSocket-Version: 13\r\n"
               "Accept-Encoding: gzip, deflate, br\r\n"
               "Accept-Language: en-US,en;q=0.9,de;q=0.8\r\n"
               "Cookie: %s\r\n"
               "Sec-WebSocket-Key: " LOAD_HTTP_KEY "\r\n"
               "Sec-WebSocket-Extensions: permessage-deflate; "
               "client_max_window_bits\r\n\r\n",
               at, at, cookie),
      cap);
}

size_t load_http_get(char *out, size_t cap, uint16_t port, const char *sid) {
  const char *name = sid[0] != '\0' ? "&sid=" : "";
  return checked(
      snprintf(out, cap,
               "GET /socket.io/?EIO=4&transport=polling%s%s HTTP/1.1\r\n"
               "Host: 127.0.0.1:%u\r\n\r\n",
               name, sid, (unsigned)port),
      cap);
}

size_t load_http_post(char *out, size_t cap, uint16_t port, const char *sid,
                      size_t body_len) {
  return checked(
      snprintf(out, cap,
               "POST /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\n"
               "Host: 127.0.0.1:%u\r\n"
               "Content-Type: text/plain;charset=UTF-8\r\n"
               "Content-Length: %zu\r\n\r\n",
               sid, (unsigned)port, body_len),
      cap);
}
