/* SPDX-License-Identifier: MIT */
#include "proto/ws_conn.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "proto/ws_queue.h"
#include "wire/utf8.h"

#define CLOSE_TIMEOUT_MS 5000u
#define CODE_NONE 1005u     /* RFC6455 7.4.1: the close frame had no code */
#define CODE_ABNORMAL 1006u /* RFC6455 7.4.1: no close frame came */
#define CONTROL_MAX 125u    /* RFC6455 5.5 */
#define REASON_MAX (CONTROL_MAX - 2u)
/* A buffer for a message whose end is not announced begins with this. */
#define BUF_MIN 512u
/* Up to here the announced length of a frame is reserved at once. */
#define BUF_TRUST 4096u

/* What is known of a frame and a message that have not come whole. */
typedef struct receiver {
  /* The frame that is being read, if in_frame. */
  peal_ws_frame frame;
  uint64_t left; /* of its payload */

  /* Payload of the unfinished message, then of an unfinished control frame. */
  char *buf;
  size_t buf_cap;
  size_t message_len;

  uint32_t frames;                     /* of the unfinished message */
  peal_utf8 utf8;                      /* of the unfinished text */
  char head[PEAL_WS_FRAME_HEADER_MAX]; /* an unfinished header */
  uint8_t head_len;
  uint8_t control_len;    /* bytes of the control frame in buf */
  uint8_t message_opcode; /* of the unfinished message, 0: none */
  bool in_frame;
} receiver;

struct peal_ws_conn {
  const peal_ws_conn_callbacks *callbacks;
  void *user;
  const peal_mem *mem;
  uint32_t (*mask)(void *user); /* client */
  size_t max_message_bytes;
  uint64_t deadline;
  /* On the stack of _feed; kept between two of them only if something is
   * unfinished, else NULL. */
  receiver *in;
  peal_ws_queue queue;
  uint32_t close_timeout_ms;
  peal_err err; /* sticky: each later feed returns it */
  bool client;
  bool is_closing; /* our close frame is queued or sent */
  bool is_ended;   /* on_close was called */
  bool is_busy;    /* inside a callback's caller */
  bool is_freed;
};

/* What an idle client costs here; see the budget in design.md 7. */
_Static_assert(sizeof(peal_ws_conn) <= 88, "peal_ws_conn has grown");

/* What is left of the bytes given to _feed. */
typedef struct input {
  char *ptr;
  size_t len;
} input;

/* -- life ---------------------------------------------------------------- */

peal_ws_conn *peal_ws_conn_new(const peal_ws_conn_opts *opts,
                               const peal_ws_conn_callbacks *callbacks,
                               void *user) {
  static const peal_ws_conn_opts defaults = {.client = false};
  if (!opts)
    opts = &defaults;
  assert(!opts->client || opts->mask);
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_ws_conn *conn = peal_mem_zalloc(mem, sizeof(*conn));
  if (!conn)
    return NULL;
  conn->callbacks = callbacks;
  conn->user = user;
  conn->mem = mem;
  conn->client = opts->client;
  conn->mask = opts->mask;
  conn->max_message_bytes = opts->max_message_bytes ? opts->max_message_bytes
                                                    : PEAL_LIMIT_PAYLOAD_BYTES;
  if (conn->max_message_bytes > SIZE_MAX / 4)
    conn->max_message_bytes = SIZE_MAX / 4;
  conn->close_timeout_ms =
      opts->close_timeout_ms ? opts->close_timeout_ms : CLOSE_TIMEOUT_MS;
  conn->deadline = UINT64_MAX;
  if (!opts->head)
    return conn;
  peal_ws_queue_frame head = {.bytes = peal_bytes_ref(opts->head),
                              .opcode = PEAL_WS_QUEUE_RAW};
  if (!peal_ws_queue_add(&conn->queue, mem, &head))
    return conn;
  peal_ws_conn_free(conn);
  return NULL;
}

static void release_buf(peal_ws_conn *conn) {
  receiver *in = conn->in;
  if (!in)
    return;
  peal_mem_free(conn->mem, in->buf);
  in->buf = NULL;
  in->buf_cap = 0;
  in->message_len = 0;
  in->control_len = 0;
}

static void drop_receiver(peal_ws_conn *conn) {
  release_buf(conn);
  peal_mem_free(conn->mem, conn->in);
  conn->in = NULL;
}

void peal_ws_conn_free(peal_ws_conn *conn) {
  if (!conn)
    return;
  if (conn->is_busy) {
    conn->is_freed = true;
    return;
  }
  drop_receiver(conn);
  peal_ws_queue_deinit(&conn->queue, conn->mem);
  peal_mem_free(conn->mem, conn);
}

/* Leave a function that may have called back. */
static void leave(peal_ws_conn *conn) {
  conn->is_busy = false;
  if (conn->is_freed)
    peal_ws_conn_free(conn);
}

/* -- sending ------------------------------------------------------------- */

/* Queue a frame of `prefix` and `body`, whose reference is taken also on
 * failure. A client sends a masked copy of both. */
static peal_err queue_frame(peal_ws_conn *conn, uint8_t opcode, char prefix,
                            peal_bytes *body) {
  peal_ws_queue_frame frame = {
      .bytes = body, .opcode = opcode, .prefix = prefix};
  if (conn->client) {
    peal_slice plain = body ? peal_bytes_slice(body) : (peal_slice){NULL, 0};
    size_t first = prefix ? 1 : 0;
    peal_bytes *copy = peal_bytes_alloc(plain.len + first, conn->mem);
    if (copy) {
      /* RFC6455 5.3: a fresh key, which nobody can foresee, for each frame. */
      uint32_t key = conn->mask(conn->user);
      char *to = peal_bytes_data(copy);
      memcpy(frame.key, &key, sizeof(frame.key));
      if (prefix)
        peal_ws_frame_mask(to, &prefix, 1, frame.key, 0);
      peal_ws_frame_mask(to + first, plain.ptr, plain.len, frame.key, first);
    }
    peal_bytes_unref(body);
    if (!copy)
      return PEAL_ERR_NOMEM;
    frame.bytes = copy;
    frame.prefix = 0;
    frame.masked = true;
  }
  if (opcode == PEAL_WS_PONG)
    return peal_ws_queue_add_pong(&conn->queue, conn->mem, &frame);
  return peal_ws_queue_add(&conn->queue, conn->mem, &frame);
}

static peal_err queue_control(peal_ws_conn *conn, uint8_t opcode,
                              peal_slice payload) {
  peal_bytes *body = NULL;
  assert(payload.len <= CONTROL_MAX);
  if (payload.len) {
    body = peal_bytes_alloc(payload.len, conn->mem);
    if (!body)
      return PEAL_ERR_NOMEM;
    memcpy(peal_bytes_data(body), payload.ptr, payload.len);
  }
  return queue_frame(conn, opcode, 0, body);
}

peal_err peal_ws_conn_send(peal_ws_conn *conn, peal_ws_opcode opcode,
                           char prefix, peal_bytes *bytes) {
  assert(opcode == PEAL_WS_TEXT || opcode == PEAL_WS_BINARY);
  /* RFC6455 5.5.1: no data frames after a close frame. */
  if (conn->is_closing || conn->is_ended || conn->is_freed)
    return PEAL_ERR_CLOSED;
  return queue_frame(conn, (uint8_t)opcode, prefix, peal_bytes_ref(bytes));
}

peal_err peal_ws_conn_ping(peal_ws_conn *conn, peal_slice payload) {
  if (payload.len > CONTROL_MAX)
    return PEAL_ERR_USAGE;
  if (conn->is_closing || conn->is_ended || conn->is_freed)
    return PEAL_ERR_CLOSED;
  return queue_control(conn, PEAL_WS_PING, payload);
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
  char payload[CONTROL_MAX];
  size_t len = 0;
  if (conn->is_closing)
    return;
  conn->is_closing = true;
  conn->deadline = now_ms + conn->close_timeout_ms;
  if (is_code(code)) {
    payload[len++] = (char)(code >> 8);
    payload[len++] = (char)(code & 0xffu);
    size_t cut = cut_reason(reason);
    if (cut)
      memcpy(payload + len, reason.ptr, cut);
    len += cut;
  }
  peal_err err = queue_control(conn, PEAL_WS_CLOSE, (peal_slice){payload, len});
  (void)err;
}

void peal_ws_conn_close(peal_ws_conn *conn, unsigned code, peal_slice reason,
                        uint64_t now_ms) {
  if (conn->is_ended || conn->is_freed)
    return;
  queue_close(conn, code, reason, now_ms);
}

void peal_ws_conn_pull(peal_ws_conn *conn, peal_iovs *out) {
  peal_ws_queue_pull(&conn->queue, conn->mem, out);
}

void peal_ws_conn_sent(peal_ws_conn *conn, size_t len) {
  peal_ws_queue_sent(&conn->queue, conn->mem, len);
}

size_t peal_ws_conn_queued(const peal_ws_conn *conn) {
  return conn->queue.bytes;
}

size_t peal_ws_conn_queued_messages(const peal_ws_conn *conn) {
  return peal_ws_queue_messages(&conn->queue);
}

/* -- the end ------------------------------------------------------------- */

static void end(peal_ws_conn *conn, peal_err err, unsigned code,
                peal_slice reason) {
  assert(!conn->is_ended);
  conn->is_ended = true;
  conn->err = err ? err : PEAL_ERR_CLOSED;
  if (!conn->is_freed)
    conn->callbacks->on_close(conn, err, code, reason, conn->user);
}

/* RFC6455 7.1.7: fail the connection: tell the peer why, read no more. */
static void fail(peal_ws_conn *conn, peal_err err, uint64_t now_ms) {
  release_buf(conn);
  queue_close(conn, peal_err_ws_code(err), (peal_slice){NULL, 0}, now_ms);
  end(conn, err, CODE_ABNORMAL, (peal_slice){NULL, 0});
}

uint64_t peal_ws_conn_deadline(const peal_ws_conn *conn) {
  return peal_ws_conn_is_done(conn) ? UINT64_MAX : conn->deadline;
}

void peal_ws_conn_tick(peal_ws_conn *conn, uint64_t now_ms) {
  if (now_ms < peal_ws_conn_deadline(conn))
    return;
  conn->deadline = UINT64_MAX;
  if (conn->is_busy)
    release_buf(conn);
  else
    drop_receiver(conn);
  peal_ws_queue_deinit(&conn->queue, conn->mem);
  if (conn->is_ended)
    return;
  conn->is_busy = true;
  end(conn, PEAL_ERR_TIMEOUT, CODE_ABNORMAL, (peal_slice){NULL, 0});
  leave(conn);
}

bool peal_ws_conn_is_done(const peal_ws_conn *conn) {
  return conn->is_ended && !conn->queue.bytes;
}

/* -- receiving: frame headers --------------------------------------------- */

static void skip(input *in, size_t count) {
  in->ptr += count;
  in->len -= count;
}

/* RFC6455 5.4: fragments of one message follow one another. */
static peal_err begin_data(peal_ws_conn *conn) {
  const peal_ws_frame *frame = &conn->in->frame;
  if (frame->opcode == PEAL_WS_CONTINUATION) {
    if (!conn->in->message_opcode)
      return PEAL_ERR_WS_FRAGMENT;
    if (++conn->in->frames > PEAL_LIMIT_WS_FRAMES)
      return PEAL_ERR_LIMIT;
  } else {
    if (conn->in->message_opcode)
      return PEAL_ERR_WS_FRAGMENT;
    conn->in->message_opcode = frame->opcode;
    conn->in->frames = 1;
    conn->in->utf8 = (peal_utf8){0};
  }
  if (frame->len > conn->max_message_bytes - conn->in->message_len)
    return PEAL_ERR_WS_TOO_BIG;
  return PEAL_OK;
}

static bool is_control(const peal_ws_frame *frame) {
  return (frame->opcode & 8u) != 0;
}

static peal_err begin_frame(peal_ws_conn *conn) {
  const peal_ws_frame *frame = &conn->in->frame;
  /* RFC6455 5.2: no extension was negotiated that gives RSV1 a meaning. */
  if (frame->rsv1)
    return PEAL_ERR_WS_RSV;
  /* RFC6455 5.1: clients mask, servers do not. */
  if (frame->masked == conn->client)
    return PEAL_ERR_WS_MASK;
  if (!is_control(frame)) {
    peal_err err = begin_data(conn);
    if (err)
      return err;
  }
  conn->in->in_frame = true;
  conn->in->left = frame->len;
  return PEAL_OK;
}

/* Returns: PEAL_OK with a whole header taken, PEAL_ERR_AGAIN with all input
 * taken, a violation. */
static peal_err take_header(peal_ws_conn *conn, input *in) {
  size_t used = 0;
  peal_err err;
  if (!conn->in->head_len) {
    err = peal_ws_frame_decode(&conn->in->frame, (peal_slice){in->ptr, in->len},
                               &used);
    if (err == PEAL_ERR_AGAIN) {
      memcpy(conn->in->head, in->ptr, in->len);
      conn->in->head_len = (uint8_t)in->len;
      skip(in, in->len);
    }
  } else {
    size_t room = sizeof(conn->in->head) - conn->in->head_len;
    size_t more = in->len < room ? in->len : room;
    memcpy(conn->in->head + conn->in->head_len, in->ptr, more);
    err = peal_ws_frame_decode(
        &conn->in->frame,
        (peal_slice){conn->in->head, conn->in->head_len + more}, &used);
    if (err == PEAL_ERR_AGAIN) {
      conn->in->head_len = (uint8_t)(conn->in->head_len + more);
      skip(in, more);
    } else if (!err) {
      used -= conn->in->head_len;
      conn->in->head_len = 0;
    }
  }
  if (err)
    return err;
  skip(in, used);
  return begin_frame(conn);
}

/* -- receiving: payloads -------------------------------------------------- */

/* Room for `need` bytes in all. Grows by doubling, so that the work is linear
 * in the bytes that came, and never past what the peer may send. */
static bool reserve_buf(peal_ws_conn *conn, size_t need) {
  if (need <= conn->in->buf_cap)
    return true;
  size_t max = conn->max_message_bytes + CONTROL_MAX;
  size_t cap = conn->in->buf_cap ? conn->in->buf_cap * 2 : BUF_MIN;
  if (!is_control(&conn->in->frame)) {
    if (conn->in->frame.fin)
      max = conn->in->message_len + (size_t)conn->in->left;
    if (max <= BUF_TRUST)
      cap = max;
  }
  if (cap > max)
    cap = max;
  if (cap < need)
    cap = need;
  char *buf = conn->in->buf ? peal_mem_resize(conn->mem, conn->in->buf, cap)
                            : peal_mem_alloc(conn->mem, cap);
  if (!buf)
    return false;
  conn->in->buf = buf;
  conn->in->buf_cap = cap;
  return true;
}

static void deliver(peal_ws_conn *conn, peal_slice data) {
  peal_ws_opcode opcode = (peal_ws_opcode)conn->in->message_opcode;
  conn->in->message_opcode = 0;
  if (!conn->is_freed)
    conn->callbacks->on_message(conn, opcode, data, conn->user);
}

/* A message in one frame that lies whole in the input: the usual case. */
static peal_err take_whole(peal_ws_conn *conn, peal_slice data) {
  conn->in->in_frame = false;
  if (conn->in->message_opcode == PEAL_WS_TEXT && !peal_utf8_is_valid(data))
    return PEAL_ERR_UTF8;
  deliver(conn, data);
  return PEAL_OK;
}

static peal_err take_piece(peal_ws_conn *conn, peal_slice data) {
  bool is_text = conn->in->message_opcode == PEAL_WS_TEXT;
  /* RFC6455 8.1: fail at the first byte that is wrong. */
  if (is_text && !peal_utf8_feed(&conn->in->utf8, data))
    return PEAL_ERR_UTF8;
  if (data.len) {
    if (!reserve_buf(conn, conn->in->message_len + data.len))
      return PEAL_ERR_NOMEM;
    memcpy(conn->in->buf + conn->in->message_len, data.ptr, data.len);
    conn->in->message_len += data.len;
    conn->in->left -= data.len;
  }
  if (conn->in->left)
    return PEAL_ERR_AGAIN;
  conn->in->in_frame = false;
  if (!conn->in->frame.fin)
    return PEAL_OK;
  if (is_text && !peal_utf8_is_complete(&conn->in->utf8))
    return PEAL_ERR_UTF8;
  deliver(conn, (peal_slice){conn->in->buf, conn->in->message_len});
  release_buf(conn);
  return PEAL_OK;
}

/* RFC6455 5.5.1: nothing, or a code and a reason in UTF-8. */
static peal_err take_close(peal_ws_conn *conn, peal_slice payload,
                           uint64_t now_ms) {
  unsigned code = CODE_NONE;
  peal_slice reason = {NULL, 0};
  if (payload.len == 1)
    return PEAL_ERR_WS_CLOSE;
  if (payload.len) {
    code = (unsigned)(uint8_t)payload.ptr[0] << 8 | (uint8_t)payload.ptr[1];
    reason = (peal_slice){payload.ptr + 2, payload.len - 2};
    if (!is_code(code))
      return PEAL_ERR_WS_CLOSE;
    if (!peal_utf8_is_valid(reason))
      return PEAL_ERR_UTF8;
  }
  /* RFC6455 5.5.1: the answer echoes the code; CODE_NONE is not sent. */
  queue_close(conn, code, (peal_slice){NULL, 0}, now_ms);
  end(conn, PEAL_OK, code, reason);
  release_buf(conn);
  return PEAL_OK;
}

static peal_err act_on_control(peal_ws_conn *conn, peal_slice payload,
                               uint64_t now_ms) {
  conn->in->in_frame = false;
  if (conn->in->frame.opcode == PEAL_WS_CLOSE)
    return take_close(conn, payload, now_ms);
  /* RFC6455 5.5.2: a pong with the same payload, unless we are closing. */
  if (conn->in->frame.opcode == PEAL_WS_PING && !conn->is_closing)
    return queue_control(conn, PEAL_WS_PONG, payload);
  return PEAL_OK;
}

/* Pieces of a control frame are gathered behind those of a message. */
static peal_err take_control(peal_ws_conn *conn, peal_slice data,
                             uint64_t now_ms) {
  if (conn->in->left == data.len && !conn->in->control_len)
    return act_on_control(conn, data, now_ms);
  if (!data.len)
    return PEAL_ERR_AGAIN;
  if (!reserve_buf(conn, conn->in->message_len + (size_t)conn->in->frame.len))
    return PEAL_ERR_NOMEM;
  char *control = conn->in->buf + conn->in->message_len;
  memcpy(control + conn->in->control_len, data.ptr, data.len);
  conn->in->control_len = (uint8_t)(conn->in->control_len + data.len);
  conn->in->left -= data.len;
  if (conn->in->left)
    return PEAL_ERR_AGAIN;
  peal_err err = act_on_control(
      conn, (peal_slice){control, conn->in->control_len}, now_ms);
  conn->in->control_len = 0;
  if (!conn->in->message_len)
    release_buf(conn);
  return err;
}

static peal_err take_payload(peal_ws_conn *conn, input *in, uint64_t now_ms) {
  const peal_ws_frame *frame = &conn->in->frame;
  size_t len = conn->in->left < in->len ? (size_t)conn->in->left : in->len;
  char *ptr = in->ptr;
  skip(in, len);
  if (frame->masked)
    peal_ws_frame_mask(ptr, ptr, len, frame->mask, frame->len - conn->in->left);
  peal_slice data = {ptr, len};
  if (is_control(frame))
    return take_control(conn, data, now_ms);
  if (frame->fin && frame->opcode != PEAL_WS_CONTINUATION && len == frame->len)
    return take_whole(conn, data);
  return take_piece(conn, data);
}

static void check(const peal_ws_conn *conn) {
  assert(conn->in->message_len + conn->in->control_len <= conn->in->buf_cap);
  assert(conn->in->message_len <= conn->max_message_bytes);
  assert(!conn->in->in_frame || !conn->in->head_len);
  assert(!conn->is_ended || conn->err);
  (void)conn;
}

static bool is_unfinished(const receiver *in) {
  return in->in_frame || in->head_len || in->message_opcode;
}

/* Keep what is unfinished, or forget all. `fresh` is on the stack. */
static peal_err settle_receiver(peal_ws_conn *conn, receiver *fresh,
                                uint64_t now_ms) {
  peal_err err = PEAL_OK;
  bool keep = !conn->err && !conn->is_freed && is_unfinished(conn->in);
  if (keep && conn->in != fresh)
    return PEAL_OK;
  receiver *kept = keep ? peal_mem_alloc(conn->mem, sizeof(*kept)) : NULL;
  if (kept) {
    *kept = *fresh;
    conn->in = kept;
    return PEAL_OK;
  }
  if (keep) {
    err = PEAL_ERR_NOMEM;
    fail(conn, err, now_ms);
  }
  release_buf(conn);
  if (conn->in != fresh)
    peal_mem_free(conn->mem, conn->in);
  conn->in = NULL;
  return err;
}

peal_err peal_ws_conn_feed(peal_ws_conn *conn, char *data, size_t len,
                           uint64_t now_ms) {
  input in = {data, len};
  peal_err err = PEAL_OK;
  if (conn->is_busy)
    return PEAL_ERR_USAGE;
  if (conn->err)
    return conn->err;
  conn->is_busy = true;
  receiver fresh;
  if (!conn->in) {
    fresh = (receiver){.left = 0};
    conn->in = &fresh;
  }
  while (in.len && !conn->err && !conn->is_freed) {
    err = conn->in->in_frame ? PEAL_OK : take_header(conn, &in);
    if (!err)
      err = take_payload(conn, &in, now_ms);
    if (err && err != PEAL_ERR_AGAIN)
      fail(conn, err, now_ms);
    check(conn);
  }
  err = err == PEAL_ERR_AGAIN ? PEAL_OK : err;
  peal_err kept = settle_receiver(conn, &fresh, now_ms);
  err = err ? err : kept;
  if (conn->is_freed)
    err = PEAL_ERR_CLOSED;
  leave(conn);
  return err;
}
