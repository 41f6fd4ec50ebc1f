/* SPDX-License-Identifier: MIT */
#include "proto/ws_conn.h"

#include <assert.h>
#include <string.h>

#include "base/err_site.h"
#include "proto/proto_limits.h"
#include "proto/ws_conn_impl.h"

#define CLOSE_TIMEOUT_MS 5000u
#define REASON_MAX (PEAL_WS_INPUT_CONTROL_MAX - 2u)

/* -- life ---------------------------------------------------------------- */

peal_ws_conn_block *peal_ws_conn_impl_block(peal_ws_conn *conn) {
  if (conn->block)
    return conn->block;
  const peal_mem *mem = peal_ws_conn_mem(conn);
  peal_ws_conn_block *fresh = peal_mem_alloc(mem, sizeof(*fresh));
  if (!fresh)
    return NULL;
  peal_ws_input_init(&fresh->in, mem, conn->account);
  peal_ws_queue_init(&fresh->out, mem, conn->account);
  if (!PEAL_ROLE_IS_CLIENT(conn->opts))
    fresh->out.is_data_own = conn->opts->messages_first;
  if (PEAL_ROLE_HAS_DEFLATE) {
    fresh->inflate = (peal_ws_inflate){.window_len = 0};
    fresh->deflater = NULL;
  }
  conn->block = fresh;
  return fresh;
}

static size_t max_of(const peal_ws_conn *conn) {
  size_t max = conn->opts->max_message_bytes ? conn->opts->max_message_bytes
                                             : PEAL_LIMIT_PAYLOAD_BYTES;
  return max < SIZE_MAX / 4 ? max : SIZE_MAX / 4;
}

peal_ws_inflate_rules peal_ws_conn_impl_inflate_rules(
    const peal_ws_conn *conn) {
  return (peal_ws_inflate_rules){
      .verbs = conn->opts->deflate,
      .mem = peal_ws_conn_mem(conn),
      .account = conn->account,
      .max_bytes = max_of(conn),
      .window_bytes = conn->remembers ? (size_t)1 << conn->recv_bits : 0};
}

static peal_ws_deflate_rules deflate_rules(const peal_ws_conn *conn) {
  return (peal_ws_deflate_rules){.verbs = conn->opts->deflate,
                                 .account = conn->account,
                                 .bits = conn->send_bits & 15u};
}

static void drop_deflater(peal_ws_conn *conn) {
  peal_ws_deflate_rules rules = deflate_rules(conn);
  peal_ws_deflate_drop(&rules, &conn->block->deflater);
}

/* What it remembers of its messages. */
void peal_ws_conn_impl_drop_memory(peal_ws_conn *conn) {
  if (!peal_ws_conn_is_deflated(conn) || !conn->block)
    return;
  peal_ws_inflate_rules rules = peal_ws_conn_impl_inflate_rules(conn);
  peal_ws_inflate_deinit(&conn->block->inflate, &rules);
  drop_deflater(conn);
}

static void drop_block(peal_ws_conn *conn) {
  if (!conn->block)
    return;
  peal_ws_conn_impl_drop_memory(conn);
  peal_ws_input_deinit(&conn->block->in);
  peal_ws_queue_clear(&conn->block->out);
  peal_mem_free(peal_ws_conn_mem(conn), conn->block);
  conn->block = NULL;
}

static bool has_memory(const peal_ws_conn *conn) {
  return peal_ws_conn_is_deflated(conn) &&
         (conn->block->deflater ||
          !peal_ws_inflate_is_idle(&conn->block->inflate));
}

/* An idle connection owns nothing more. */
void peal_ws_conn_impl_settle(peal_ws_conn *conn) {
  if (conn->block && !conn->block->out.bytes &&
      peal_ws_input_is_idle(&conn->block->in) && !has_memory(conn))
    drop_block(conn);
}

peal_ws_conn *peal_ws_conn_new(const peal_ws_conn_opts *opts,
                               peal_account *account, peal_slice head) {
  static const peal_ws_conn_opts defaults = {.client = false};
  if (!opts)
    opts = &defaults;
  assert(!PEAL_ROLE_IS_CLIENT(opts) || opts->mask);
  peal_ws_conn *conn =
      peal_mem_alloc(peal_mem_or_libc(opts->mem), sizeof(*conn));
  if (!conn)
    return NULL;
  *conn = (peal_ws_conn){.opts = opts, .account = account};
  if (!head.len)
    return conn;
  if (peal_ws_conn_impl_block(conn) &&
      !peal_ws_queue_add_raw(&conn->block->out, head))
    return conn;
  peal_ws_conn_free(conn);
  return NULL;
}

void peal_ws_conn_free(peal_ws_conn *conn) {
  if (!conn)
    return;
  drop_block(conn);
  peal_mem_free(peal_ws_conn_mem(conn), conn);
}

void peal_ws_conn_agree(peal_ws_conn *conn, const peal_deflate_terms *terms) {
  bool is_client = PEAL_ROLE_IS_CLIENT(conn->opts);
  if (!terms->on)
    return;
  assert(conn->opts->deflate);
  conn->deflates = true;
  conn->takes_over =
      is_client ? terms->client_takeover : terms->server_takeover;
  conn->remembers = is_client ? terms->server_takeover : terms->client_takeover;
  conn->send_bits = (is_client ? terms->client_bits : terms->server_bits) & 15u;
  conn->recv_bits = (is_client ? terms->server_bits : terms->client_bits) & 15u;
}

/* -- deflating ----------------------------------------------------------- */

bool peal_ws_conn_deflates(const peal_ws_conn *conn) {
  return peal_ws_conn_is_deflated(conn);
}

bool peal_ws_conn_takes_over(const peal_ws_conn *conn) {
  return peal_ws_conn_is_deflated(conn) && conn->takes_over;
}

/* RFC7692 6.1: the receivers that agreed on the same window, and remember
 * nothing, share it. */
void peal_ws_conn_deflate(peal_ws_conn *conn, peal_ws_shape *shape,
                          peal_message *message, size_t part, bool make) {
  if (!peal_ws_conn_is_deflated(conn) || conn->takes_over)
    return;
  peal_ws_deflate_rules rules = deflate_rules(conn);
  peal_ws_deflate_shape(&rules, shape, message, part, make);
}

/* -- queueing ------------------------------------------------------------ */

/* RFC6455 5.3: a client masks each frame with a fresh key that nobody can
 * foresee. */
static peal_err queue_shape(peal_ws_conn *conn, uint8_t opcode, char prefix,
                            peal_slice body) {
  peal_ws_frame head = {.opcode = opcode & (uint8_t)~PEAL_WS_RSV1,
                        .masked = PEAL_ROLE_IS_CLIENT(conn->opts),
                        .rsv1 = PEAL_ROLE_HAS_DEFLATE &&
                                (opcode & PEAL_WS_RSV1) != 0};
  if (!peal_ws_conn_impl_block(conn))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  if (head.masked) {
    uint32_t key = conn->opts->mask(conn->opts->mask_user);
    memcpy(head.mask, &key, sizeof(head.mask));
  }
  return peal_ws_queue_add(&conn->block->out, &head, prefix, body);
}

peal_err peal_ws_conn_impl_queue(peal_ws_conn *conn, peal_ws_opcode opcode,
                                 char prefix, peal_slice body) {
  return queue_shape(conn, (uint8_t)opcode, prefix, body);
}

static peal_err queue_deflated(peal_ws_conn *conn,
                               const peal_ws_deflate_rules *rules,
                               peal_ws_opcode opcode, char prefix,
                               peal_slice data) {
  size_t room = peal_ws_deflate_room(data.len + (prefix ? 1u : 0u));
  peal_ws_conn_block *own =
      conn->takes_over ? peal_ws_conn_impl_block(conn) : NULL;
  char *made = conn->takes_over && !own
                   ? NULL
                   : peal_mem_alloc(peal_ws_conn_mem(conn), room);
  size_t len = made ? peal_ws_deflate_own(rules, own ? &own->deflater : NULL,
                                          prefix, data, made, room)
                    : 0;
  peal_err err = len ? queue_shape(conn, (uint8_t)opcode | PEAL_WS_RSV1, 0,
                                   (peal_slice){made, len})
                     : peal_ws_conn_impl_queue(conn, opcode, prefix, data);
  peal_mem_free(peal_ws_conn_mem(conn), made);
  /* The next ones would refer to what is not sent. */
  if (err && len && own)
    drop_deflater(conn);
  return err;
}

peal_err peal_ws_conn_send_with(peal_ws_conn *conn, peal_ws_opcode opcode,
                                char prefix, peal_slice data,
                                bool may_deflate) {
  assert(opcode == PEAL_WS_TEXT || opcode == PEAL_WS_BINARY);
  if (!peal_ws_conn_can_send(conn))
    return PEAL_ERR_CLOSED;
  peal_ws_deflate_rules rules = deflate_rules(conn);
  bool is_worth =
      peal_ws_conn_is_deflated(conn) && may_deflate &&
      peal_ws_deflate_is_worth(&rules, data.len + (prefix ? 1u : 0u));
  peal_err err = is_worth ? queue_deflated(conn, &rules, opcode, prefix, data)
                          : peal_ws_conn_impl_queue(conn, opcode, prefix, data);
  peal_ws_conn_impl_settle(conn);
  return err;
}

peal_err peal_ws_conn_send(peal_ws_conn *conn, peal_ws_opcode opcode,
                           char prefix, peal_slice data) {
  return peal_ws_conn_send_with(conn, opcode, prefix, data, true);
}

peal_err peal_ws_conn_ping(peal_ws_conn *conn, peal_slice payload) {
  if (payload.len > PEAL_WS_INPUT_CONTROL_MAX)
    return PEAL_ERR_USAGE;
  if (!peal_ws_conn_can_send(conn))
    return PEAL_ERR_CLOSED;
  peal_err err = peal_ws_conn_impl_queue(conn, PEAL_WS_PING, 0, payload);
  peal_ws_conn_impl_settle(conn);
  return err;
}

/* RFC6455 7.4.1, 7.4.2: may this code stand in a close frame? */
bool peal_ws_conn_impl_is_code(unsigned code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

/* RFC6455 5.5.1: the reason is UTF-8; cut it between characters. */
static size_t cut_reason(peal_slice reason) {
  if (reason.len <= REASON_MAX)
    return reason.len;
  size_t len = REASON_MAX;
  while (len > 0 && ((uint8_t)reason.ptr[len] & 0xc0u) == 0x80u)
    len--;
  return len;
}

/* Queue our close frame; if memory is out for it the stream just ends. */
void peal_ws_conn_impl_close(peal_ws_conn *conn, unsigned code,
                             peal_slice reason, uint64_t now_ms) {
  char payload[PEAL_WS_INPUT_CONTROL_MAX];
  size_t len = 0;
  if (conn->is_closing)
    return;
  conn->is_closing = true;
  peal_ws_conn_set_time(conn, now_ms + (conn->opts->close_timeout_ms
                                            ? conn->opts->close_timeout_ms
                                            : CLOSE_TIMEOUT_MS));
  if (peal_ws_conn_impl_is_code(code)) {
    payload[len++] = (char)(code >> 8);
    payload[len++] = (char)(code & 0xffu);
    size_t cut = cut_reason(reason);
    if (cut)
      memcpy(payload + len, reason.ptr, cut);
    len += cut;
  }
  peal_err err = peal_ws_conn_impl_queue(conn, PEAL_WS_CLOSE, 0,
                                         (peal_slice){payload, len});
  (void)err;
}

void peal_ws_conn_close(peal_ws_conn *conn, unsigned code, peal_slice reason,
                        uint64_t now_ms) {
  if (!peal_ws_conn_can_send(conn))
    return;
  peal_ws_conn_impl_close(conn, code, reason, now_ms);
  peal_ws_conn_impl_settle(conn);
}

/* -- leaving ------------------------------------------------------------- */

void peal_ws_conn_pull(peal_ws_conn *conn, peal_iovs *out) {
  if (!conn->block)
    return;
  if (conn->opts->messages_first)
    peal_ws_queue_pull_own(&conn->block->out, out);
  else
    peal_ws_queue_pull(&conn->block->out, out);
}

void peal_ws_conn_pull_close(peal_ws_conn *conn, peal_iovs *out) {
  assert(conn->opts->messages_first);
  if (conn->block)
    peal_ws_queue_pull_last(&conn->block->out, out);
}

/* RFC6455 5.5.1: nothing goes behind a close frame; before it, if the owner has
 * it so. */
static bool has_place(const peal_ws_conn *conn) {
  if (conn->opts->messages_first)
    return !conn->is_expired &&
           (!conn->block || peal_ws_queue_is_own_shown(&conn->block->out));
  return peal_ws_conn_can_send(conn) &&
         (!conn->block || peal_ws_queue_is_shown(&conn->block->out));
}

bool peal_ws_conn_pull_message(peal_ws_conn *conn, peal_iovs *out,
                               uint8_t opcode, char prefix, peal_slice body) {
  assert(!PEAL_ROLE_IS_CLIENT(conn->opts));
  return has_place(conn) &&
         peal_ws_queue_pull_message(out, opcode, prefix, body);
}

size_t peal_ws_conn_message_len(const peal_ws_conn *conn, char prefix,
                                size_t body_len) {
  (void)conn;
  return peal_ws_queue_message_len(prefix, body_len);
}

size_t peal_ws_conn_sent(peal_ws_conn *conn, size_t len) {
  if (conn->is_expired)
    return 0; /* nobody waits for it any more */
  if (conn->block)
    len = peal_ws_queue_sent(&conn->block->out, len);
  peal_ws_conn_impl_settle(conn);
  assert(peal_ws_conn_check(conn));
  return len;
}

peal_err peal_ws_conn_keep(peal_ws_conn *conn, uint8_t opcode, char prefix,
                           peal_message *message, peal_slice body,
                           size_t sent) {
  if (!peal_ws_conn_impl_block(conn))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  peal_err err = peal_ws_queue_keep(&conn->block->out, opcode, prefix, message,
                                    body, sent);
  peal_ws_conn_impl_settle(conn);
  assert(peal_ws_conn_check(conn));
  return err;
}

size_t peal_ws_conn_queued(const peal_ws_conn *conn) {
  return conn->block ? conn->block->out.bytes : 0;
}

/* -- looking ------------------------------------------------------------- */

bool peal_ws_conn_is_receiving(const peal_ws_conn *conn) {
  return conn->block && !peal_ws_input_is_idle(&conn->block->in);
}

peal_ws_input_rules peal_ws_conn_impl_rules(const peal_ws_conn *conn) {
  return (peal_ws_input_rules){.max_bytes = max_of(conn),
                               .max_frames = conn->opts->max_frames,
                               .masked = !PEAL_ROLE_IS_CLIENT(conn->opts),
                               .deflated = peal_ws_conn_is_deflated(conn)};
}

bool peal_ws_conn_check(const peal_ws_conn *conn) {
  peal_ws_input_rules rules = peal_ws_conn_impl_rules(conn);
  if (conn->lent.len && (conn->is_ended || conn->is_expired))
    return false;
  if (conn->is_expired && !conn->is_closing)
    return false;
  if (conn->is_slow && !conn->is_closing && !peal_ws_conn_is_receiving(conn))
    return false;
  return !conn->block || (peal_ws_input_check(&conn->block->in, &rules) &&
                          peal_ws_queue_check(&conn->block->out));
}
