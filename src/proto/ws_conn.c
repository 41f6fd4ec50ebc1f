/* SPDX-License-Identifier: MIT */
#include "proto/ws_conn.h"

#include <assert.h>
#include <string.h>

#include "base/err_site.h"
#include "base/mem.h"
#include "proto/http_pace.h"
#include "proto/proto_limits.h"
#include "proto/role.h"
#include "proto/ws_inflate.h"
#include "proto/ws_input.h"
#include "proto/ws_queue.h"
#include "wire/utf8.h"

#define NEVER UINT64_MAX
#define AT_MAX (UINT64_MAX >> 16)
#define CLOSE_TIMEOUT_MS 5000u
#define CODE_NONE 1005u     /* RFC6455 7.4.1: the close frame had no code */
#define CODE_ABNORMAL 1006u /* RFC6455 7.4.1: no close frame came */
#define CODE_POLICY 1008u   /* RFC6455 7.4.1: as for other limits */
#define REASON_MAX (PEAL_WS_INPUT_CONTROL_MAX - 2u)

/* What has not come whole and what has not left. */
typedef struct block {
  peal_ws_input in;
  peal_http_pace pace; /* of what is unfinished in `in` */
  peal_ws_queue out;
  peal_ws_inflate inflate;
  void *deflater; /* with takeover, from the first message on; charged */
} block;

struct peal_ws_conn {
  const peal_ws_conn_opts *opts;
  peal_account *account;
  block *block;             /* NULL: nothing */
  peal_ws_input_bytes lent; /* of the last feed, not looked at yet */
  uint64_t at_ms : 48;      /* of the last feed; closing: the deadline */
  uint64_t deflates : 1;    /* the rest of these were agreed on */
  uint64_t takes_over : 1;  /* what we send refers to what we sent */
  uint64_t remembers : 1;   /* the same of the peer */
  uint64_t send_bits : 4;
  uint64_t recv_bits : 4;
  uint64_t is_closing : 1; /* our close frame is queued or sent */
  uint64_t is_ended : 1;   /* the close event was given */
  uint64_t is_slow : 1;    /* what is unfinished came too slowly */
  uint64_t is_expired : 1; /* the deadline of the close has passed */
};

/* What an idle client costs here: a budget, kept small. */
_Static_assert(sizeof(peal_ws_conn) <= 48, "peal_ws_conn has grown");

/* -- life ---------------------------------------------------------------- */

static void set_time(peal_ws_conn *conn, uint64_t at_ms) {
  conn->at_ms = at_ms & AT_MAX;
}

static const peal_mem *mem_of(const peal_ws_conn *conn) {
  return peal_mem_or_libc(conn->opts->mem);
}

static block *get_block(peal_ws_conn *conn) {
  if (conn->block)
    return conn->block;
  const peal_mem *mem = mem_of(conn);
  block *fresh = peal_mem_alloc(mem, sizeof(*fresh));
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

static bool is_deflated(const peal_ws_conn *conn) {
  return PEAL_ROLE_HAS_DEFLATE && conn->deflates;
}

static size_t max_of(const peal_ws_conn *conn) {
  size_t max = conn->opts->max_message_bytes ? conn->opts->max_message_bytes
                                             : PEAL_LIMIT_PAYLOAD_BYTES;
  return max < SIZE_MAX / 4 ? max : SIZE_MAX / 4;
}

static peal_ws_inflate_rules inflate_rules(const peal_ws_conn *conn) {
  return (peal_ws_inflate_rules){
      .verbs = conn->opts->deflate,
      .mem = mem_of(conn),
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
static void drop_memory(peal_ws_conn *conn) {
  if (!is_deflated(conn) || !conn->block)
    return;
  peal_ws_inflate_rules rules = inflate_rules(conn);
  peal_ws_inflate_deinit(&conn->block->inflate, &rules);
  drop_deflater(conn);
}

static void drop_block(peal_ws_conn *conn) {
  if (!conn->block)
    return;
  drop_memory(conn);
  peal_ws_input_deinit(&conn->block->in);
  peal_ws_queue_clear(&conn->block->out);
  peal_mem_free(mem_of(conn), conn->block);
  conn->block = NULL;
}

static bool has_memory(const peal_ws_conn *conn) {
  return is_deflated(conn) && (conn->block->deflater ||
                               !peal_ws_inflate_is_idle(&conn->block->inflate));
}

/* An idle connection owns nothing more. */
static void settle_block(peal_ws_conn *conn) {
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
  if (get_block(conn) && !peal_ws_queue_add_raw(&conn->block->out, head))
    return conn;
  peal_ws_conn_free(conn);
  return NULL;
}

void peal_ws_conn_free(peal_ws_conn *conn) {
  if (!conn)
    return;
  drop_block(conn);
  peal_mem_free(mem_of(conn), conn);
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
  return is_deflated(conn);
}

bool peal_ws_conn_takes_over(const peal_ws_conn *conn) {
  return is_deflated(conn) && conn->takes_over;
}

/* RFC7692 6.1: the receivers that agreed on the same window, and remember
 * nothing, share it. */
void peal_ws_conn_deflate(peal_ws_conn *conn, peal_ws_shape *shape,
                          peal_message *message, size_t part, bool make) {
  if (!is_deflated(conn) || conn->takes_over)
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
  if (!get_block(conn))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  if (head.masked) {
    uint32_t key = conn->opts->mask(conn->opts->mask_user);
    memcpy(head.mask, &key, sizeof(head.mask));
  }
  return peal_ws_queue_add(&conn->block->out, &head, prefix, body);
}

static peal_err queue_frame(peal_ws_conn *conn, peal_ws_opcode opcode,
                            char prefix, peal_slice body) {
  return queue_shape(conn, (uint8_t)opcode, prefix, body);
}

static peal_err queue_deflated(peal_ws_conn *conn,
                               const peal_ws_deflate_rules *rules,
                               peal_ws_opcode opcode, char prefix,
                               peal_slice data) {
  size_t room = peal_ws_deflate_room(data.len + (prefix ? 1u : 0u));
  block *own = conn->takes_over ? get_block(conn) : NULL;
  char *made =
      conn->takes_over && !own ? NULL : peal_mem_alloc(mem_of(conn), room);
  size_t len = made ? peal_ws_deflate_own(rules, own ? &own->deflater : NULL,
                                          prefix, data, made, room)
                    : 0;
  peal_err err = len ? queue_shape(conn, (uint8_t)opcode | PEAL_WS_RSV1, 0,
                                   (peal_slice){made, len})
                     : queue_frame(conn, opcode, prefix, data);
  peal_mem_free(mem_of(conn), made);
  /* The next ones would refer to what is not sent. */
  if (err && len && own)
    drop_deflater(conn);
  return err;
}

/* RFC6455 5.5.1: nothing goes behind a close frame. */
static bool can_send(const peal_ws_conn *conn) {
  return !conn->is_closing && !conn->is_ended;
}

peal_err peal_ws_conn_send_with(peal_ws_conn *conn, peal_ws_opcode opcode,
                                char prefix, peal_slice data,
                                bool may_deflate) {
  assert(opcode == PEAL_WS_TEXT || opcode == PEAL_WS_BINARY);
  if (!can_send(conn))
    return PEAL_ERR_CLOSED;
  peal_ws_deflate_rules rules = deflate_rules(conn);
  bool is_worth =
      is_deflated(conn) && may_deflate &&
      peal_ws_deflate_is_worth(&rules, data.len + (prefix ? 1u : 0u));
  peal_err err = is_worth ? queue_deflated(conn, &rules, opcode, prefix, data)
                          : queue_frame(conn, opcode, prefix, data);
  settle_block(conn);
  return err;
}

peal_err peal_ws_conn_send(peal_ws_conn *conn, peal_ws_opcode opcode,
                           char prefix, peal_slice data) {
  return peal_ws_conn_send_with(conn, opcode, prefix, data, true);
}

peal_err peal_ws_conn_ping(peal_ws_conn *conn, peal_slice payload) {
  if (payload.len > PEAL_WS_INPUT_CONTROL_MAX)
    return PEAL_ERR_USAGE;
  if (!can_send(conn))
    return PEAL_ERR_CLOSED;
  peal_err err = queue_frame(conn, PEAL_WS_PING, 0, payload);
  settle_block(conn);
  return err;
}

/* RFC6455 7.4.1, 7.4.2: may this code stand in a close frame? */
static bool is_code(unsigned code) {
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
static void queue_close(peal_ws_conn *conn, unsigned code, peal_slice reason,
                        uint64_t now_ms) {
  char payload[PEAL_WS_INPUT_CONTROL_MAX];
  size_t len = 0;
  if (conn->is_closing)
    return;
  conn->is_closing = true;
  set_time(conn,
           now_ms + (conn->opts->close_timeout_ms ? conn->opts->close_timeout_ms
                                                  : CLOSE_TIMEOUT_MS));
  if (is_code(code)) {
    payload[len++] = (char)(code >> 8);
    payload[len++] = (char)(code & 0xffu);
    size_t cut = cut_reason(reason);
    if (cut)
      memcpy(payload + len, reason.ptr, cut);
    len += cut;
  }
  peal_err err =
      queue_frame(conn, PEAL_WS_CLOSE, 0, (peal_slice){payload, len});
  (void)err;
}

void peal_ws_conn_close(peal_ws_conn *conn, unsigned code, peal_slice reason,
                        uint64_t now_ms) {
  if (!can_send(conn))
    return;
  queue_close(conn, code, reason, now_ms);
  settle_block(conn);
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
  return can_send(conn) &&
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
  settle_block(conn);
  assert(peal_ws_conn_check(conn));
  return len;
}

peal_err peal_ws_conn_keep(peal_ws_conn *conn, uint8_t opcode, char prefix,
                           peal_message *message, peal_slice body,
                           size_t sent) {
  if (!get_block(conn))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  peal_err err = peal_ws_queue_keep(&conn->block->out, opcode, prefix, message,
                                    body, sent);
  settle_block(conn);
  assert(peal_ws_conn_check(conn));
  return err;
}

size_t peal_ws_conn_queued(const peal_ws_conn *conn) {
  return conn->block ? conn->block->out.bytes : 0;
}

/* -- the end ------------------------------------------------------------- */

static void end(peal_ws_conn *conn, peal_ws_event *event, peal_err err,
                unsigned code, peal_slice reason) {
  conn->is_ended = true;
  conn->lent = (peal_ws_input_bytes){NULL, 0};
  *event = (peal_ws_event){.type = PEAL_WS_EVENT_CLOSE,
                           .code = (uint16_t)code,
                           .err = err,
                           .data = reason};
}

static void drop_input(peal_ws_conn *conn) {
  if (!conn->block)
    return;
  drop_memory(conn);
  peal_ws_input_deinit(&conn->block->in);
  peal_ws_input_init(&conn->block->in, mem_of(conn), conn->account);
}

/* RFC6455 7.1.7: fail the connection: tell the peer why, read no more. */
static void fail(peal_ws_conn *conn, peal_ws_event *event, peal_err err) {
  drop_input(conn);
  unsigned code = conn->is_slow ? CODE_POLICY : peal_err_ws_code(err);
  queue_close(conn, code, (peal_slice){NULL, 0}, conn->at_ms);
  end(conn, event, err, CODE_ABNORMAL, (peal_slice){NULL, 0});
}

static uint32_t message_ms(const peal_ws_conn *conn) {
  return conn->opts->message_ms ? conn->opts->message_ms
                                : PEAL_LIMIT_WS_MESSAGE_MS;
}

uint64_t peal_ws_conn_deadline(const peal_ws_conn *conn) {
  if (conn->is_expired || peal_ws_conn_is_done(conn))
    return NEVER;
  if (conn->is_closing)
    return conn->at_ms;
  return peal_ws_conn_is_receiving(conn)
             ? peal_http_pace_deadline(&conn->block->pace, message_ms(conn))
             : NEVER;
}

static void expire(peal_ws_conn *conn) {
  conn->is_expired = true;
  conn->lent = (peal_ws_input_bytes){NULL, 0};
  if (conn->block)
    peal_ws_queue_clear(&conn->block->out);
  settle_block(conn);
}

void peal_ws_conn_tick(peal_ws_conn *conn, uint64_t now_ms) {
  if (now_ms < peal_ws_conn_deadline(conn))
    return;
  if (conn->is_closing) {
    expire(conn);
  } else if (peal_http_pace_is_late(&conn->block->pace, message_ms(conn),
                                    PEAL_LIMIT_WS_MESSAGE_PACE, now_ms)) {
    conn->is_slow = true;
    set_time(conn, now_ms);
  }
  assert(peal_ws_conn_check(conn));
}

bool peal_ws_conn_is_done(const peal_ws_conn *conn) {
  return conn->is_ended && !peal_ws_conn_queued(conn);
}

bool peal_ws_conn_is_at_rest(const peal_ws_conn *conn) {
  const block *own = conn->block;
  return (!own || (!own->out.bytes && peal_ws_input_is_idle(&own->in) &&
                   !own->inflate.message.ptr)) &&
         !conn->lent.len && !conn->is_closing && !conn->is_ended &&
         !conn->is_slow;
}

peal_deflate_terms peal_ws_conn_terms(const peal_ws_conn *conn) {
  if (!is_deflated(conn))
    return (peal_deflate_terms){.on = false};
  return (peal_deflate_terms){.on = true,
                              .server_takeover = conn->takes_over,
                              .client_takeover = conn->remembers,
                              .server_bits = (uint8_t)conn->send_bits,
                              .client_bits = (uint8_t)conn->recv_bits};
}

peal_slice peal_ws_conn_window(const peal_ws_conn *conn) {
  const block *own = conn->block;
  return own ? (peal_slice){own->inflate.window.ptr, own->inflate.window_len}
             : (peal_slice){NULL, 0};
}

peal_err peal_ws_conn_remember(peal_ws_conn *conn, peal_slice window) {
  if (!window.len || !is_deflated(conn) || !conn->remembers)
    return PEAL_OK;
  if (!get_block(conn))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  peal_ws_inflate_rules rules = inflate_rules(conn);
  peal_err err =
      peal_ws_inflate_remember(&conn->block->inflate, &rules, window);
  settle_block(conn);
  return err;
}

bool peal_ws_conn_is_receiving(const peal_ws_conn *conn) {
  return conn->block && !peal_ws_input_is_idle(&conn->block->in);
}

/* -- receiving ----------------------------------------------------------- */

static peal_ws_input_rules rules_of(const peal_ws_conn *conn) {
  return (peal_ws_input_rules){.max_bytes = max_of(conn),
                               .max_frames = conn->opts->max_frames,
                               .masked = !PEAL_ROLE_IS_CLIENT(conn->opts),
                               .deflated = is_deflated(conn)};
}

/* Only bytes of the message pay for the time it takes: control frames between
 * its fragments could go on for ever. */
static peal_err take_piece(peal_ws_conn *conn, const peal_ws_input_rules *rules,
                           peal_ws_input_item *item) {
  peal_ws_input *in = &conn->block->in;
  peal_ws_input_settle(in);
  if (peal_ws_input_is_idle(in))
    peal_http_pace_start(&conn->block->pace, conn->at_ms);
  size_t before = in->buf_len;
  peal_err err = peal_ws_input_next(in, rules, &conn->lent, item);
  peal_http_pace_add(&conn->block->pace, in->buf_len - before, conn->at_ms);
  return err;
}

static peal_err take(peal_ws_conn *conn, peal_ws_input_item *item) {
  if (!conn->lent.len)
    return PEAL_ERR_AGAIN;
  peal_ws_input_rules rules = rules_of(conn);
  if (!conn->block || peal_ws_input_is_idle(&conn->block->in)) {
    peal_err err = peal_ws_input_whole(&rules, &conn->lent, item);
    if (err != PEAL_ERR_AGAIN)
      return err;
  }
  if (!get_block(conn))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  return take_piece(conn, &rules, item);
}

/* RFC6455 5.5.1: nothing, or a code and a reason in UTF-8. */
static peal_err take_close(peal_ws_conn *conn, peal_slice payload,
                           peal_ws_event *event) {
  unsigned code = CODE_NONE;
  peal_slice reason = {NULL, 0};
  if (payload.len == 1)
    return PEAL_FAIL(PEAL_ERR_WS_CLOSE);
  if (payload.len) {
    code = (unsigned)(uint8_t)payload.ptr[0] << 8 | (uint8_t)payload.ptr[1];
    reason = (peal_slice){payload.ptr + 2, payload.len - 2};
    if (!is_code(code))
      return PEAL_FAIL(PEAL_ERR_WS_CLOSE);
    if (!peal_utf8_is_valid(reason))
      return PEAL_FAIL(PEAL_ERR_UTF8);
  }
  /* RFC6455 5.5.1: the answer echoes the code; CODE_NONE is not sent. */
  queue_close(conn, code, (peal_slice){NULL, 0}, conn->at_ms);
  end(conn, event, PEAL_OK, code, reason);
  return PEAL_OK;
}

/* RFC7692 7.2.2: as if it had come so; RFC6455 5.6: text is UTF-8. */
static peal_err inflate(peal_ws_conn *conn, peal_ws_input_item *item) {
  if (!get_block(conn))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  peal_ws_inflate_rules rules = inflate_rules(conn);
  peal_err err = peal_ws_inflate_message(&conn->block->inflate, &rules,
                                         item->data, &item->data);
  if (!err && item->opcode == PEAL_WS_TEXT && !peal_utf8_is_valid(item->data))
    err = PEAL_FAIL(PEAL_ERR_UTF8);
  return err;
}

/* Returns: PEAL_OK with an event; PEAL_ERR_AGAIN: there is none; what is
 * wrong. */
static peal_err act_on(peal_ws_conn *conn, const peal_ws_input_item *item,
                       peal_ws_event *event) {
  peal_err err = PEAL_OK;
  switch (item->opcode) {
  case PEAL_WS_CLOSE:
    return take_close(conn, item->data, event);
  case PEAL_WS_PING:
    /* RFC6455 5.5.2: a pong with the same payload, unless we are closing. */
    if (!conn->is_closing)
      err = queue_frame(conn, PEAL_WS_PONG, 0, item->data);
    return err ? err : PEAL_ERR_AGAIN;
  case PEAL_WS_PONG:
    return PEAL_ERR_AGAIN;
  }
  *event = (peal_ws_event){.type = PEAL_WS_EVENT_MESSAGE,
                           .opcode = item->opcode,
                           .data = item->data};
  return PEAL_OK;
}

void peal_ws_conn_feed(peal_ws_conn *conn, char *data, size_t len,
                       uint64_t now_ms) {
  assert(!conn->lent.len);
  if (conn->is_ended || conn->is_expired)
    return;
  conn->lent = (peal_ws_input_bytes){data, len};
  if (!conn->is_closing)
    set_time(conn, now_ms);
}

/* Returns: PEAL_OK with an event; PEAL_ERR_AGAIN: there is none; what is
 * wrong. */
static peal_err take_event(peal_ws_conn *conn, peal_ws_event *event) {
  peal_err err = PEAL_ERR_AGAIN;
  if (conn->is_slow && !conn->is_closing)
    return PEAL_FAIL(PEAL_ERR_TIMEOUT);
  while (err == PEAL_ERR_AGAIN && conn->lent.len) {
    peal_ws_input_item item = {0};
    err = take(conn, &item);
    if (!err && PEAL_ROLE_HAS_DEFLATE && item.deflated)
      err = inflate(conn, &item);
    if (!err)
      err = act_on(conn, &item, event);
  }
  return err;
}

static void settle_input(peal_ws_conn *conn) {
  if (!conn->block)
    return;
  peal_ws_input_settle(&conn->block->in);
  if (is_deflated(conn) && conn->block->inflate.message.ptr) {
    peal_ws_inflate_rules rules = inflate_rules(conn);
    peal_ws_inflate_settle(&conn->block->inflate, &rules);
  }
}

bool peal_ws_conn_next(peal_ws_conn *conn, peal_ws_event *event) {
  if (conn->is_ended)
    drop_input(conn);
  settle_input(conn);
  peal_err err = take_event(conn, event);
  if (err && err != PEAL_ERR_AGAIN) {
    fail(conn, event, err);
    err = PEAL_OK;
  } else if (err && conn->is_expired && !conn->is_ended) {
    end(conn, event, PEAL_FAIL(PEAL_ERR_TIMEOUT), CODE_ABNORMAL,
        (peal_slice){NULL, 0});
    err = PEAL_OK;
  }
  if (err) /* a control frame that came in pieces */
    settle_input(conn);
  settle_block(conn);
  assert(peal_ws_conn_check(conn));
  return !err;
}

bool peal_ws_conn_check(const peal_ws_conn *conn) {
  peal_ws_input_rules rules = rules_of(conn);
  if (conn->lent.len && (conn->is_ended || conn->is_expired))
    return false;
  if (conn->is_expired && !conn->is_closing)
    return false;
  if (conn->is_slow && !conn->is_closing && !peal_ws_conn_is_receiving(conn))
    return false;
  return !conn->block || (peal_ws_input_check(&conn->block->in, &rules) &&
                          peal_ws_queue_check(&conn->block->out));
}
