/* SPDX-License-Identifier: MIT */
/* test_line: a connection to a server under test on which no client is: bytes,
 * and requests. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "proto/http_ask.h"
#include "testkit/test_impl.h"

/* -- bytes ----------------------------------------------------------------- */

typedef struct dialling {
  peal_test *test;
  peal_stream_memory *end;
} dialling;

static void dial(peal_worker *worker, void *user) {
  dialling *it = user;
  (void)worker;
  it->end = peal_test_dial(it->test);
}

peal_test_line *peal_test_line_open(peal_test *test) {
  if (!test)
    return NULL;
  dialling it = {.test = test};
  peal_test_line *line = peal_mem_zalloc(peal_mem_libc(), sizeof(*line));
  if (line)
    (void)peal_test_run(test, dial, &it);
  if (!it.end) {
    peal_mem_free(peal_mem_libc(), line);
    return NULL;
  }
  line->test = test;
  line->end = it.end;
  peal_list_init(&line->node);
  peal_list_push(&test->lines, &line->node);
  return line;
}

void peal_test_line_send(peal_test_line *line, peal_slice bytes) {
  if (!line)
    return;
  peal_stream_memory_write(line->end, bytes);
  (void)peal_test_settle(line->test);
}

peal_slice peal_test_line_look(const peal_test_line *line) {
  return line ? peal_stream_memory_look(line->end) : (peal_slice){NULL, 0};
}

void peal_test_line_take(peal_test_line *line, size_t count) {
  size_t waits = peal_test_line_look(line).len;
  if (!line)
    return;
  peal_stream_memory_take(line->end, count < waits ? count : waits);
  (void)peal_test_settle(line->test);
}

bool peal_test_line_is_closed(const peal_test_line *line) {
  return line && peal_stream_memory_has_ended(line->end);
}

void peal_test_line_close(peal_test_line *line) {
  if (!line)
    return;
  peal_test *test = line->test;
  peal_stream_memory_close(line->end, false);
  peal_list_remove(&line->node);
  peal_mem_free(peal_mem_libc(), line);
  (void)peal_test_settle(test);
}

/* -- a request ------------------------------------------------------------- */

struct peal_test_response {
  unsigned status;
  peal_buf head; /* as it came */
  peal_buf body;
  bool is_whole;
};

static void add_lines(peal_buf *out, const peal_test_request *request) {
  for (size_t i = 0; i < request->header_count; i++) {
    peal_buf_add_str(out, request->headers[i].name);
    peal_buf_add_str(out, ": ");
    peal_buf_add_str(out, request->headers[i].value);
    peal_buf_add_str(out, "\r\n");
  }
}

static peal_err ask(peal_http_conn *conn, const peal_test_request *request) {
  peal_buf lines;
  peal_buf_init(&lines, peal_mem_libc(), 0);
  add_lines(&lines, request);
  peal_http_ask how = {
      .method = peal_slice_of(request->method ? request->method : "GET"),
      .target = peal_slice_of(request->target),
      .host = peal_slice_of(PEAL_TEST_HOST),
      .lines = peal_buf_slice(&lines),
      .length = request->body.len,
      .body = request->body,
      .close = true};
  peal_err err = lines.err ? lines.err : peal_http_ask_with(conn, &how, 0);
  peal_buf_deinit(&lines);
  return err;
}

static void send_request(peal_test_line *line, peal_http_conn *conn) {
  char scratch[4096];
  while (peal_http_conn_waiting(conn)) {
    peal_iovs out;
    peal_iovs_init(&out, scratch, sizeof scratch);
    peal_http_conn_pull(conn, &out);
    if (!out.count)
      return;
    for (size_t i = 0; i < out.count; i++)
      peal_stream_memory_write(line->end, out.items[i]);
    peal_http_conn_sent(conn, out.bytes, 0);
  }
}

static void take_event(peal_test_response *to,
                       const peal_http_conn_event *event) {
  switch (event->kind) {
  case PEAL_HTTP_CONN_HEAD:
    to->status = event->head.status;
    peal_buf_reset(&to->head);
    peal_buf_add(&to->head, event->data);
    break;
  case PEAL_HTTP_CONN_BODY:
    peal_buf_add(&to->body, event->data);
    break;
  case PEAL_HTTP_CONN_OVER:
    to->is_whole = true;
    break;
  case PEAL_HTTP_CONN_LOST:
  case PEAL_HTTP_CONN_BAD:
  case PEAL_HTTP_CONN_CLOSE:
    break;
  }
}

static void take_events(peal_test_response *to, peal_http_conn *conn) {
  peal_http_conn_event event;
  while (peal_http_conn_next(conn, &event))
    take_event(to, &event);
}

/* All that there is. */
static void read_answer(peal_test_line *line, peal_http_conn *conn,
                        peal_test_response *to) {
  peal_slice data;
  while ((data = peal_test_line_look(line)).len) {
    peal_http_conn_feed(conn, data, 0);
    take_events(to, conn);
    peal_test_line_take(line, data.len);
  }
  if (peal_test_line_is_closed(line)) {
    peal_http_conn_end(conn, 0);
    take_events(to, conn);
  }
}

static void exchange(peal_test_line *line, const peal_test_request *request,
                     peal_test_response *to) {
  const peal_http_conn_opts opts = {.client = true, .mem = peal_mem_libc()};
  peal_http_conn conn;
  peal_http_conn_init(&conn, &opts, 0);
  if (!ask(&conn, request)) {
    send_request(line, &conn);
    (void)peal_test_settle(line->test);
    read_answer(line, &conn, to);
  }
  peal_http_conn_deinit(&conn);
}

peal_test_response *peal_test_ask(peal_test *test,
                                  const peal_test_request *request) {
  if (!test || !request || !request->target)
    return NULL;
  peal_test_line *line = peal_test_line_open(test);
  peal_test_response *to = peal_mem_zalloc(peal_mem_libc(), sizeof(*to));
  if (to) {
    peal_buf_init(&to->head, peal_mem_libc(), 0);
    peal_buf_init(&to->body, peal_mem_libc(), 0);
  }
  if (to && line)
    exchange(line, request, to);
  peal_test_line_close(line);
  if (to && to->is_whole && !to->head.err && !to->body.err)
    return to;
  peal_test_response_free(to);
  return NULL;
}

peal_test_response *peal_test_get(peal_test *test, const char *target) {
  return peal_test_ask(test, &(peal_test_request){.target = target});
}

unsigned peal_test_response_status(const peal_test_response *response) {
  return response ? response->status : 0;
}

peal_slice peal_test_response_field(const peal_test_response *response,
                                    const char *name) {
  static const peal_slice none = {NULL, 0};
  peal_http1_head head;
  if (!response || !name)
    return none;
  const peal_http1_limits limits = {0};
  peal_err err = peal_http1_response_decode(
      &head, peal_buf_slice(&response->head), &limits, false, NULL);
  return err ? none : peal_http1_field_get(&head, name);
}

peal_slice peal_test_response_body(const peal_test_response *response) {
  return response ? peal_buf_slice(&response->body) : (peal_slice){NULL, 0};
}

void peal_test_response_free(peal_test_response *response) {
  if (!response)
    return;
  peal_buf_deinit(&response->head);
  peal_buf_deinit(&response->body);
  peal_mem_free(peal_mem_libc(), response);
}
