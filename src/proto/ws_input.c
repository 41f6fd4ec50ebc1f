/* SPDX-License-Identifier: MIT */
#include "proto/ws_input.h"

#include <string.h>

#include "base/err_site.h"
#include "base/mem.h"
#include "proto/proto_limits.h"
#include "proto/role.h"

/* A buffer for a message whose end is not announced begins with this. */
#define BUF_MIN 512u
/* Up to here the announced length of a frame is reserved at once. */
#define BUF_TRUST 4096u
/* What does not shrink is longer when it is deflated: with the least memory,
 * zlib's blocks without compression add five bytes to each 127. */
#define DEFLATE_PART 16u
#define DEFLATE_MORE 64u

/* -- life ---------------------------------------------------------------- */

void peal_ws_input_init(peal_ws_input *input, const peal_mem *mem,
                        peal_account *account) {
  *input = (peal_ws_input){.mem = mem, .account = account};
}

static void release_buf(peal_ws_input *input) {
  peal_mem_free(input->mem, input->buf);
  if (input->account)
    peal_account_release(input->account, input->buf_cap);
  input->buf = NULL;
  input->buf_cap = 0;
  input->buf_len = 0;
}

void peal_ws_input_deinit(peal_ws_input *input) {
  release_buf(input);
}

void peal_ws_input_settle(peal_ws_input *input) {
  if (!input->is_lent)
    return;
  input->is_lent = false;
  input->control_len = 0;
  if (!input->opcode)
    release_buf(input);
}

bool peal_ws_input_is_idle(const peal_ws_input *input) {
  return !input->in_frame && !input->head_len && !input->opcode &&
         !input->is_lent;
}

/* -- headers -------------------------------------------------------------- */

static void skip(peal_ws_input_bytes *bytes, size_t count) {
  bytes->ptr += count;
  bytes->len -= count;
}

static bool is_control(const peal_ws_frame *frame) {
  return (frame->opcode & 8u) != 0;
}

/* A frame that is neither part of a message nor followed by more of one. */
static bool is_alone(const peal_ws_frame *frame) {
  return frame->fin && frame->opcode != PEAL_WS_CONTINUATION;
}

/* The longest payload of a message. */
static size_t max_of(const peal_ws_input_rules *rules, bool is_deflated) {
  size_t max = rules->max_bytes;
  return PEAL_ROLE_HAS_DEFLATE && is_deflated
             ? max + max / DEFLATE_PART + DEFLATE_MORE
             : max;
}

/* RFC6455 5.2, RFC7692 6: RSV1 means something if that was agreed, on the first
 * frame of a message. */
static bool may_be_deflated(const peal_ws_input_rules *rules,
                            const peal_ws_frame *frame) {
  return PEAL_ROLE_HAS_DEFLATE && rules->deflated &&
         (frame->opcode == PEAL_WS_TEXT || frame->opcode == PEAL_WS_BINARY);
}

/* Of a fragment it is not known here. */
static bool may_belong_to_deflated(const peal_ws_input_rules *rules,
                                   const peal_ws_frame *frame) {
  return frame->rsv1 || (rules->deflated && !is_alone(frame));
}

static peal_err check_frame(const peal_ws_input_rules *rules,
                            const peal_ws_frame *frame) {
  if (frame->rsv1 && !may_be_deflated(rules, frame))
    return PEAL_FAIL(PEAL_ERR_WS_RSV);
  /* RFC6455 5.1: clients mask, servers do not. */
  if (frame->masked != rules->masked)
    return PEAL_FAIL(PEAL_ERR_WS_MASK);
  if (!is_control(frame) && frame->len > rules->max_bytes &&
      frame->len > max_of(rules, may_belong_to_deflated(rules, frame)))
    return PEAL_FAIL(PEAL_ERR_WS_TOO_BIG);
  return PEAL_OK;
}

/* A frame costs us work that its bytes may not pay for: many are allowed only
 * to a message that has bytes in proportion. */
static bool are_too_many(const peal_ws_input *input,
                         const peal_ws_input_rules *rules) {
  uint64_t bytes = input->buf_len + input->frame.len;
  uint64_t most = rules->max_frames ? rules->max_frames
                                    : PEAL_LIMIT_WS_FRAMES +
                                          bytes / PEAL_LIMIT_WS_FRAME_BYTES;
  return input->frames > most;
}

/* RFC6455 5.4: fragments of one message follow one another. */
static peal_err begin_data(peal_ws_input *input,
                           const peal_ws_input_rules *rules) {
  const peal_ws_frame *frame = &input->frame;
  if ((frame->opcode == PEAL_WS_CONTINUATION) != (input->opcode != 0))
    return PEAL_FAIL(PEAL_ERR_WS_FRAGMENT);
  if (!input->opcode) {
    input->opcode = frame->opcode;
    input->is_deflated = frame->rsv1;
    input->frames = 0;
  }
  if (frame->len > max_of(rules, input->is_deflated) - input->buf_len)
    return PEAL_FAIL(PEAL_ERR_WS_TOO_BIG);
  input->frames++;
  return are_too_many(input, rules) ? PEAL_FAIL(PEAL_ERR_LIMIT) : PEAL_OK;
}

static peal_err begin_frame(peal_ws_input *input,
                            const peal_ws_input_rules *rules) {
  peal_err err = check_frame(rules, &input->frame);
  if (!err && !is_control(&input->frame))
    err = begin_data(input, rules);
  if (err)
    return err;
  input->in_frame = true;
  input->left = input->frame.len;
  return PEAL_OK;
}

/* A header whose first bytes came before. */
static peal_err resume_header(peal_ws_input *input,
                              peal_ws_input_bytes *bytes) {
  size_t before = input->head_len;
  size_t room = sizeof(input->head) - before;
  size_t more = bytes->len < room ? bytes->len : room;
  size_t used = 0;
  memcpy(input->head + before, bytes->ptr, more);
  peal_err err = peal_ws_frame_decode(
      &input->frame, (peal_slice){input->head, before + more}, &used);
  if (err == PEAL_ERR_AGAIN) {
    input->head_len = (uint8_t)(before + more);
    skip(bytes, more);
  } else if (!err) {
    input->head_len = 0;
    skip(bytes, used - before);
  }
  return err;
}

static peal_err take_header(peal_ws_input *input,
                            const peal_ws_input_rules *rules,
                            peal_ws_input_bytes *bytes) {
  size_t used = 0;
  peal_err err;
  if (input->head_len) {
    err = resume_header(input, bytes);
    return err ? err : begin_frame(input, rules);
  }
  err = peal_ws_frame_decode(&input->frame,
                             (peal_slice){bytes->ptr, bytes->len}, &used);
  if (err == PEAL_ERR_AGAIN) {
    memcpy(input->head, bytes->ptr, bytes->len);
    input->head_len = (uint8_t)bytes->len;
    used = bytes->len;
  }
  skip(bytes, used);
  return err ? err : begin_frame(input, rules);
}

/* -- payloads that lie whole in the input ----------------------------------- */

/* RFC6455 5.6: text is UTF-8. */
static peal_err take_whole(const peal_ws_frame *frame,
                           peal_ws_input_bytes *bytes,
                           peal_ws_input_item *item) {
  size_t len = (size_t)frame->len;
  char *ptr = bytes->ptr;
  skip(bytes, len);
  if (frame->masked)
    peal_ws_frame_mask(ptr, ptr, len, frame->mask, 0);
  *item = (peal_ws_input_item){frame->opcode, frame->rsv1, {ptr, len}};
  if (frame->opcode == PEAL_WS_TEXT &&
      !(PEAL_ROLE_HAS_DEFLATE && frame->rsv1) &&
      !peal_utf8_is_valid(item->data))
    return PEAL_FAIL(PEAL_ERR_UTF8);
  return PEAL_OK;
}

peal_err peal_ws_input_whole(const peal_ws_input_rules *rules,
                             peal_ws_input_bytes *bytes,
                             peal_ws_input_item *item) {
  peal_ws_frame frame;
  size_t used = 0;
  peal_err err =
      peal_ws_frame_decode(&frame, (peal_slice){bytes->ptr, bytes->len}, &used);
  if (!err)
    err = check_frame(rules, &frame);
  if (err)
    return err;
  if (frame.opcode == PEAL_WS_CONTINUATION)
    return PEAL_FAIL(PEAL_ERR_WS_FRAGMENT);
  if (!frame.fin || frame.len > bytes->len - used)
    return PEAL_ERR_AGAIN;
  skip(bytes, used);
  return take_whole(&frame, bytes, item);
}

/* -- payloads in pieces ----------------------------------------------------- */

/* Grows by doubling, so that the work is linear in the bytes that came, and
 * never past what the peer may send. */
static size_t next_cap(const peal_ws_input *input,
                       const peal_ws_input_rules *rules, size_t need) {
  size_t max = max_of(rules, input->is_deflated);
  size_t cap = input->buf_cap ? input->buf_cap * 2 : BUF_MIN;
  if (input->frame.fin)
    max = input->buf_len + (size_t)input->left;
  if (max <= BUF_TRUST || cap > max)
    cap = max;
  return cap < need ? need : cap;
}

/* Room for `need` bytes in all, charged before it is there. */
static peal_err reserve(peal_ws_input *input, const peal_ws_input_rules *rules,
                        size_t need) {
  if (need <= input->buf_cap)
    return PEAL_OK;
  size_t cap = next_cap(input, rules, need);
  size_t more = cap - input->buf_cap;
  peal_err err =
      input->account ? peal_account_charge(input->account, more) : PEAL_OK;
  if (err)
    return err;
  char *buf = input->buf ? peal_mem_resize(input->mem, input->buf, cap)
                         : peal_mem_alloc(input->mem, cap);
  if (!buf) {
    if (input->account)
      peal_account_release(input->account, more);
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  }
  input->buf = buf;
  input->buf_cap = cap;
  return PEAL_OK;
}

/* Copy the next `len` bytes of the payload, unmasked. */
static peal_slice gather(peal_ws_input *input, peal_ws_input_bytes *bytes,
                         size_t len, char *to) {
  const peal_ws_frame *frame = &input->frame;
  if (frame->masked)
    peal_ws_frame_mask(to, bytes->ptr, len, frame->mask,
                       frame->len - input->left);
  else if (len)
    memcpy(to, bytes->ptr, len);
  skip(bytes, len);
  input->left -= len;
  return (peal_slice){to, len};
}

static bool is_plain_text(const peal_ws_input *input) {
  return input->opcode == PEAL_WS_TEXT &&
         !(PEAL_ROLE_HAS_DEFLATE && input->is_deflated);
}

static peal_err finish_message(peal_ws_input *input, peal_ws_input_item *item) {
  if (is_plain_text(input) && !peal_utf8_is_complete(&input->utf8))
    return PEAL_FAIL(PEAL_ERR_UTF8);
  *item = (peal_ws_input_item){
      input->opcode, input->is_deflated, {input->buf, input->buf_len}};
  input->opcode = 0;
  input->is_lent = true;
  return PEAL_OK;
}

/* Returns PEAL_ERR_AGAIN also behind a fragment that is not the last. */
static peal_err take_data(peal_ws_input *input,
                          const peal_ws_input_rules *rules,
                          peal_ws_input_bytes *bytes, size_t len,
                          peal_ws_input_item *item) {
  if (len) {
    peal_err err = reserve(input, rules, input->buf_len + len);
    if (err)
      return err;
    peal_slice piece = gather(input, bytes, len, input->buf + input->buf_len);
    input->buf_len += len;
    /* RFC6455 8.1: fail at the first byte that is wrong. */
    if (is_plain_text(input) && !peal_utf8_feed(&input->utf8, piece))
      return PEAL_FAIL(PEAL_ERR_UTF8);
  }
  if (input->left)
    return PEAL_ERR_AGAIN;
  input->in_frame = false;
  return input->frame.fin ? finish_message(input, item) : PEAL_ERR_AGAIN;
}

static peal_err take_control(peal_ws_input *input, peal_ws_input_bytes *bytes,
                             size_t len, peal_ws_input_item *item) {
  (void)gather(input, bytes, len, input->control + input->control_len);
  input->control_len = (uint8_t)(input->control_len + len);
  if (input->left)
    return PEAL_ERR_AGAIN;
  input->in_frame = false;
  input->is_lent = true;
  *item = (peal_ws_input_item){
      input->frame.opcode, false, {input->control, input->control_len}};
  return PEAL_OK;
}

static peal_err take_payload(peal_ws_input *input,
                             const peal_ws_input_rules *rules,
                             peal_ws_input_bytes *bytes,
                             peal_ws_input_item *item) {
  const peal_ws_frame *frame = &input->frame;
  if (is_alone(frame) && input->left == frame->len &&
      frame->len <= bytes->len) {
    input->in_frame = false;
    if (!is_control(frame))
      input->opcode = 0;
    return take_whole(frame, bytes, item);
  }
  size_t len = input->left < bytes->len ? (size_t)input->left : bytes->len;
  if (is_control(frame))
    return take_control(input, bytes, len, item);
  return take_data(input, rules, bytes, len, item);
}

peal_err peal_ws_input_next(peal_ws_input *input,
                            const peal_ws_input_rules *rules,
                            peal_ws_input_bytes *bytes,
                            peal_ws_input_item *item) {
  peal_err err = PEAL_ERR_AGAIN;
  peal_ws_input_settle(input);
  while (bytes->len && err == PEAL_ERR_AGAIN) {
    err = input->in_frame ? PEAL_OK : take_header(input, rules, bytes);
    if (!err)
      err = take_payload(input, rules, bytes, item);
  }
  return err;
}

bool peal_ws_input_check(const peal_ws_input *input,
                         const peal_ws_input_rules *rules) {
  return input->buf_len <= input->buf_cap &&
         input->buf_len <= max_of(rules, rules->deflated) &&
         (input->buf != NULL) == (input->buf_cap > 0) &&
         input->control_len <= PEAL_WS_INPUT_CONTROL_MAX &&
         !(input->in_frame && input->head_len) &&
         input->head_len < PEAL_WS_FRAME_HEADER_MAX &&
         (!input->in_frame || input->left <= input->frame.len) &&
         (!input->account || input->account->used >= input->buf_cap);
}
