/* SPDX-License-Identifier: MIT */
#pragma once
/* http_fixture: an HTTP server on a free port in a thread of its own, and a
 * client that knows nothing but bytes. */
#include <stdlib.h>

#include <peal/http.h>

#include "../net/net_fixture.h"
#include "http/http_home.h"

typedef struct http_fixture {
  net_fixture net;
  peal_http_server *server;
  unsigned port;
} http_fixture;

/* Times are short so that tests are; what a test needs longer it says. */
static inline peal_http_server_opts http_opts(void) {
  return (peal_http_server_opts){.host = "127.0.0.1",
                                 .port = PEAL_PORT_ANY,
                                 .head_timeout_ms = 3000,
                                 .body_timeout_ms = 3000,
                                 .idle_timeout_ms = 3000,
                                 .write_timeout_ms = 3000,
                                 .log = NET_QUIET};
}

static inline http_fixture http_make(const peal_http_server_opts *opts) {
  http_fixture it = {.server = NULL};
  assert_int_equal(peal_http_server_new(&it.server, opts), PEAL_OK);
  it.port = peal_http_server_port(it.server);
  it.net.workers = peal_http_server_workers(it.server);
  return it;
}

static inline void http_mount(http_fixture *it, const char *path,
                              peal_http_req_fn fn, void *user) {
  assert_int_equal(
      peal_http_server_mount(
          it->server,
          &(peal_http_mount){.path = path, .on_request = fn, .user = user}),
      PEAL_OK);
}

static inline void http_run(http_fixture *it) {
  net_fixture_run(&it->net);
}

/* Whatever happened, what was charged has been given back; requests that
 * nobody ever answered are still there. */
static inline void http_check_accounts(const peal_http_server *server) {
  bool is_empty = true;
  for (unsigned i = 0; i < server->home_count; i++) {
    const peal_http_home *home = &server->homes[i];
    is_empty = is_empty && peal_list_is_empty(&home->reqs);
    if (peal_list_is_empty(&home->reqs))
      assert_int_equal(home->account.used, 0);
  }
  if (is_empty)
    assert_int_equal(atomic_load(&server->collected), 0);
}

static inline void http_stop(http_fixture *it) {
  peal_workers_stop(it->net.workers, 300);
  net_fixture_join(&it->net);
  peal_http_stats stats;
  peal_http_server_stats(it->server, &stats);
  assert_int_equal(stats.connections_open, 0);
  http_check_accounts(it->server);
  peal_http_server_free(it->server);
}

/* -- the client ------------------------------------------------------------- */

#define HTTP_TEXT_MAX (1u << 21)

typedef struct http_answer {
  unsigned status;
  char head[8192];
  char *body; /* de-chunked, terminated */
  size_t len;
  bool whole; /* its end has come */
} http_answer;

static inline void http_answer_free(http_answer *answer) {
  free(answer->body);
  *answer = (http_answer){0};
}

/* The value of a header line, copied into a static buffer; NULL if absent. */
static inline const char *http_header(const http_answer *answer,
                                      const char *name) {
  static char value[1024];
  size_t len = strlen(name);
  for (const char *line = strstr(answer->head, "\r\n"); line;
       line = strstr(line, "\r\n")) {
    line += 2;
    if (strncasecmp(line, name, len) != 0 || line[len] != ':')
      continue;
    const char *from = line + len + 1;
    while (*from == ' ')
      from++;
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(from, "\r"), from);
    return value;
  }
  return NULL;
}

static inline bool http_read_head(int fd, http_answer *answer) {
  size_t len = 0;
  while (len < sizeof(answer->head) - 1 &&
         net_read(fd, answer->head + len, 1) == 1) {
    len++;
    answer->head[len] = 0;
    if (len >= 4 && strcmp(answer->head + len - 4, "\r\n\r\n") == 0) {
      answer->status = (unsigned)atoi(answer->head + 9);
      return true;
    }
  }
  return false;
}

static inline void http_read_chunks(int fd, http_answer *answer) {
  for (;;) {
    char line[64] = "";
    size_t len = 0;
    while (len < sizeof(line) - 1 && net_read(fd, line + len, 1) == 1)
      if (line[len++] == '\n')
        break;
    size_t size = strtoul(line, NULL, 16);
    char end[2];
    assert_true(answer->len + size < HTTP_TEXT_MAX);
    if (len < 3 || net_read(fd, answer->body + answer->len, size) != size ||
        net_read(fd, end, 2) != 2 || memcmp(end, "\r\n", 2) != 0)
      return;
    answer->len += size;
    if (size == 0) {
      answer->whole = true;
      return;
    }
  }
}

/* One answer; `head_only` for HEAD requests. Free it. */
static inline http_answer http_read(int fd, bool head_only) {
  http_answer answer = {0};
  answer.body = calloc(1, HTTP_TEXT_MAX);
  if (!http_read_head(fd, &answer))
    return answer;
  const char *length = http_header(&answer, "content-length");
  if (head_only || answer.status < 200 || answer.status == 204 ||
      answer.status == 304) {
    answer.whole = true;
  } else if (length) {
    size_t size = (size_t)atol(length);
    assert_true(size < HTTP_TEXT_MAX);
    answer.len = net_read(fd, answer.body, size);
    answer.whole = answer.len == size;
  } else if (http_header(&answer, "transfer-encoding")) {
    http_read_chunks(fd, &answer);
  } else {
    answer.len = net_read(fd, answer.body, HTTP_TEXT_MAX - 1);
    answer.whole = true;
  }
  answer.body[answer.len] = 0;
  return answer;
}

/* Send these bytes on a new connection, expect this status (and body, unless
 * NULL). */
static inline void http_expect(unsigned port, const char *request,
                               unsigned status, const char *body) {
  int fd = net_connect(port);
  net_send_str(fd, request);
  http_answer answer = http_read(fd, strncmp(request, "HEAD", 4) == 0);
  if (answer.status != status)
    print_message("for: %s\n", request);
  assert_int_equal(answer.status, status);
  assert_true(answer.whole);
  if (body)
    assert_string_equal(answer.body, body);
  http_answer_free(&answer);
  close(fd);
}

static inline void http_expect_on(int fd, unsigned status, const char *body) {
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, status);
  assert_true(answer.whole);
  if (body)
    assert_string_equal(answer.body, body);
  http_answer_free(&answer);
}

#define HTTP_GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

/* The usual handler: the path and the query back. */
static inline void http_on_path(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer(req, 200, "text/plain", peal_http_req_target(req));
}
