/* SPDX-License-Identifier: MIT */
#include "server/tracing.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/reserved.h"
#include "net/crypto.h"
#include "server/form.h"
#include "server/slow_handler.h"
#include "server/trace_filter.h"
#include "wire/json.h"

/* What was asked for; it does not change any more. One that is replaced may be
 * in use on some worker, and stays until the server goes. */
typedef struct peal_tracing {
  struct peal_tracing *before;
  peal_trace_opts opts;
  peal_trace_filter filter;
  bool logs;
} peal_tracing;

/* -- asking for it ------------------------------------------------------------------ */

static const peal_tracing *tracing_of(const peal_socket *socket) {
  return atomic_load_explicit(&socket->local->nsp->server->tracing,
                              memory_order_acquire);
}

static peal_err set_up(peal_tracing *it, const peal_trace_opts *opts) {
  const char *text = opts->log ? opts->log : getenv("PEAL_TRACE");
  it->opts = *opts;
  it->opts.log = NULL; /* the caller's */
  it->logs = text && *text;
  return it->logs ? peal_trace_filter_init(&it->filter, text) : PEAL_OK;
}

static bool is_any(const peal_tracing *it) {
  return it->opts.fn || it->logs || it->opts.ids;
}

/* The newest leads to all before it, and says whether anybody is told. */
static void publish(peal_server *server, peal_tracing *it) {
  peal_tracing *before =
      atomic_load_explicit(&server->tracing, memory_order_relaxed);
  do
    it->before = before;
  while (!atomic_compare_exchange_weak_explicit(&server->tracing, &before, it,
                                                memory_order_release,
                                                memory_order_relaxed));
  do {
    it = atomic_load_explicit(&server->tracing, memory_order_acquire);
    peal_server_set_odd(server, PEAL_ODD_TRACE, is_any(it));
  } while (atomic_load_explicit(&server->tracing, memory_order_acquire) != it);
}

static peal_err change(peal_server *server, const peal_trace_opts *opts) {
  peal_tracing *it = peal_mem_zalloc(server->mem, sizeof *it);
  if (!it)
    return PEAL_ERR_NOMEM;
  peal_err err = set_up(it, opts);
  if (err)
    peal_mem_free(server->mem, it);
  else
    publish(server, it);
  return err;
}

peal_err peal_server_trace(peal_server *server, const peal_trace_opts *opts) {
  static const peal_trace_opts none = {.log = ""};
  if (!server)
    return PEAL_ERR_USAGE;
  if (opts && !PEAL_RESERVED_IS_KNOWN(opts))
    return PEAL_ERR_OPTION;
  return change(server, opts ? opts : &none);
}

void peal_tracing_from_env(peal_server *server) {
  const char *text = getenv("PEAL_TRACE");
  static const peal_slice none;
  peal_err err =
      text && *text ? change(server, &(peal_trace_opts){0}) : PEAL_OK;
  if (err)
    peal_logger_write(server->log, PEAL_LOG_WARN, "server", none, none,
                      "PEAL_TRACE=%s: %s", text, peal_err_message(err));
}

void peal_tracing_free(peal_server *server) {
  peal_tracing *it =
      atomic_load_explicit(&server->tracing, memory_order_relaxed);
  while (it) {
    peal_tracing *before = it->before;
    peal_mem_free(server->mem, it);
    it = before;
  }
}

/* -- lines in the log ----------------------------------------------------------------- */

/* As far as there is room: what is too much is not encoded either. */
static peal_slice show_args(peal_buf *buf, peal_args args, size_t max) {
  static const peal_slice none;
  if (!max)
    return none;
  peal_json_encode_args(buf, none, args, NULL);
  peal_slice text = peal_buf_slice(buf);
  if (text.len > max)
    text.len = max;
  return text;
}

static const char *word_of(peal_trace_kind kind) {
  switch (kind) {
  case PEAL_TRACE_ACK:
    return "acknowledgement";
  case PEAL_TRACE_CONNECT:
    return "connect";
  case PEAL_TRACE_CONNECT_ERROR:
    return "connect error";
  case PEAL_TRACE_DISCONNECT:
    return "disconnect";
  case PEAL_TRACE_EVENT:
    break;
  }
  return "event";
}

static void write_packet(const peal_tracing *of, const peal_socket *socket,
                         const peal_trace_record *record, const char *way) {
  peal_buf buf;
  static const peal_slice none;
  size_t max = of->filter.max_value_bytes;
  peal_buf_init(&buf, socket->local->worker->mem, max * 2 + 256);
  peal_slice args = show_args(&buf, record->args, max);
  bool is_event = record->kind == PEAL_TRACE_EVENT;
  peal_logger_write_each(
      socket->local->nsp->server->log, PEAL_LOG_INFO, "trace", none,
      peal_slice_of(socket->id), "%s %.*s %s%.*s%s %zu bytes, %llu us%s%.*s%s",
      way, PEAL_SFMT(record->nsp), is_event ? "\"" : word_of(record->kind),
      (int)(record->event.len < 64 ? record->event.len : 64), record->event.ptr,
      is_event ? "\"" : "", record->bytes,
      (unsigned long long)(record->cpu_ns / 1000), args.len ? ": " : "",
      PEAL_SFMT(args), buf.err || buf.len > max ? "…" : "");
  peal_buf_deinit(&buf);
}

static void write_line(const peal_tracing *of, const peal_socket *socket,
                       const peal_trace_record *record) {
  const char *way = record->way == PEAL_TRACE_IN ? "in" : "out";
  static const peal_slice none;
  if (record->kind == PEAL_TRACE_EVENT || record->kind == PEAL_TRACE_ACK)
    write_packet(of, socket, record, way);
  else
    peal_logger_write_each(socket->local->nsp->server->log, PEAL_LOG_INFO,
                           "trace", none, peal_slice_of(socket->id),
                           "%s %.*s %s", way, PEAL_SFMT(record->nsp),
                           word_of(record->kind));
}

static void tell(const peal_tracing *of, const peal_socket *socket,
                 const peal_trace_record *record) {
  peal_server_local *home = socket->local->home;
  if (home->is_tracing) /* what is sent while it is told is not told */
    return;
  home->is_tracing = true;
  if (of->logs && peal_trace_filter_matches(&of->filter, record))
    write_line(of, socket, record);
  if (of->opts.fn)
    of->opts.fn(record, of->opts.user);
  home->is_tracing = false;
}

static peal_trace_record record_of(const peal_socket *socket,
                                   peal_trace_way way) {
  const peal_nsp *nsp = socket->local->nsp;
  return (peal_trace_record){
      .way = way, .nsp = {nsp->name, nsp->name_len}, .socket_id = socket->id};
}

/* -- ids ---------------------------------------------------------------------------- */

static void put_random(char *out, size_t bytes) {
  unsigned char raw[16] = {0};
  if (peal_crypto_random(raw, bytes))
    raw[0] = 1; /* none would be no id */
  peal_hex_put(out, raw, bytes);
  out[bytes * 2] = 0;
}

/* A member of the last argument, or the header. */
static peal_slice given(const peal_socket *socket, const peal_event *event) {
  size_t count = event->args.count;
  if (count) {
    peal_slice text =
        peal_val_str(peal_val_get(event->args.items[count - 1], "traceparent"));
    if (text.len)
      return text;
  }
  return peal_socket_header(socket, "traceparent");
}

static void make_ids(peal_tracing_event *it, const peal_socket *socket,
                     const peal_event *event) {
  peal_traceparent parent;
  if (peal_traceparent_decode(&parent, given(socket, event))) {
    memcpy(it->span.trace_id, parent.trace_id, sizeof parent.trace_id);
    memcpy(it->parent_id, parent.span_id, sizeof parent.span_id);
  } else {
    put_random(it->span.trace_id, 16);
  }
  put_random(it->span.span_id, 8);
}

static void set_ids(peal_trace_ids *ids, const peal_traceparent *span,
                    const char *parent_id) {
  memcpy(ids->trace_id, span->trace_id, sizeof ids->trace_id);
  memcpy(ids->span_id, span->span_id, sizeof ids->span_id);
  memcpy(ids->parent_id, parent_id, strlen(parent_id) + 1);
}

bool peal_trace_parent(char out[PEAL_TRACE_PARENT_BYTES]) {
  _Static_assert(PEAL_TRACE_PARENT_BYTES == PEAL_TRACEPARENT_BYTES,
                 "one text, two names");
  const peal_traceparent *span = peal_span_get();
  out[0] = 0;
  if (span)
    peal_traceparent_encode(out, span);
  return span != NULL;
}

/* -- what comes ---------------------------------------------------------------------- */

void peal_tracing_begin(peal_tracing_event *it, const peal_socket *socket,
                        const peal_event *event) {
  const peal_tracing *of = tracing_of(socket);
  *it = (peal_tracing_event){.outer = peal_span_get()};
  if (of->opts.ids) {
    make_ids(it, socket, event);
    it->outer = peal_span_set(&it->span);
  }
  it->began_ns = peal_slow_handler_cpu_ns();
}

void peal_tracing_end(peal_tracing_event *it, const peal_socket *socket,
                      const peal_event *event) {
  uint64_t cpu_ns = peal_slow_handler_cpu_ns() - it->began_ns;
  peal_trace_record record = record_of(socket, PEAL_TRACE_IN);
  record.event = event->name;
  record.args = event->args;
  record.bytes = event->bytes;
  record.cpu_ns = cpu_ns;
  set_ids(&record.ids, &it->span, it->parent_id);
  if (!event->fate->waits)
    tell(tracing_of(socket), socket, &record);
  (void)peal_span_set(it->outer);
}

void peal_tracing_ack(const peal_socket *socket, peal_args args, size_t bytes) {
  peal_trace_record record = record_of(socket, PEAL_TRACE_IN);
  record.kind = PEAL_TRACE_ACK;
  record.args = args;
  record.bytes = bytes;
  tell(tracing_of(socket), socket, &record);
}

void peal_tracing_link(const peal_socket *socket, peal_trace_way way,
                       peal_trace_kind kind) {
  if (!peal_tracing_is_on(socket))
    return;
  peal_trace_record record = record_of(socket, way);
  record.kind = kind;
  tell(tracing_of(socket), socket, &record);
}

/* -- what goes ----------------------------------------------------------------------- */

void peal_tracing_out(const peal_socket *socket, const peal_eio_item *item) {
  peal_sio_packet packet;
  const peal_traceparent *span = peal_span_get();
  peal_arena *turn = &socket->local->worker->turn;
  peal_trace_record record = record_of(socket, PEAL_TRACE_OUT);
  peal_arena_mark mark = peal_arena_mark_get(turn);
  if (peal_form_values(&packet, socket->local->nsp->server, item->message,
                       turn))
    return;
  bool is_ack =
      packet.type == PEAL_SIO_ACK || packet.type == PEAL_SIO_BINARY_ACK;
  const peal_val *items = packet.data.as.items;
  size_t skip = is_ack ? 0 : 1;
  record.kind = is_ack ? PEAL_TRACE_ACK : PEAL_TRACE_EVENT;
  if (!is_ack)
    record.event = peal_val_str(items[0]);
  record.args = (peal_args){items + skip, packet.data.len - skip};
  record.bytes = peal_message_len(item->message);
  if (span)
    set_ids(&record.ids, span, "");
  tell(tracing_of(socket), socket, &record);
  peal_arena_mark_set(turn, mark);
}
