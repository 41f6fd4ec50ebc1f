/* SPDX-License-Identifier: MIT */
#include "proto/ws_queue.h"

#include <assert.h>
#include <string.h>

#include "base/err_site.h"
#include "base/limits.h"
#include "base/mem.h"
#include "proto/proto_limits.h"

/* Bodies up to here are copied behind their header into the write (as
 * base/iovs does); longer ones are referenced. */
#define SHORT_BYTES 512u
/* A header of an unmasked or masked frame, and the prefix. */
#define HEAD_MAX (PEAL_WS_FRAME_HEADER_MAX + 1u)

/* One block: this, and `len` bytes. */
struct peal_ws_queue_frame {
  peal_ws_queue_frame *next;
  peal_message *message; /* one reference; NULL: all bytes are in data */
  peal_slice body;       /* of message, behind data */
  size_t len;            /* of data */
  size_t sent;           /* of data and body together */
  size_t charged;        /* to the account */
  bool is_pong;
  bool is_pulled; /* shown by the last pull */
  char data[];
};

/* -- lists of frames ------------------------------------------------------- */

static void append(peal_ws_queue_list *list, peal_ws_queue_frame *frame) {
  if (list->head)
    list->tail->next = frame;
  else
    list->head = frame;
  list->tail = frame;
}

static peal_ws_queue_frame *shift(peal_ws_queue_list *list) {
  peal_ws_queue_frame *frame = list->head;
  list->head = frame->next;
  frame->next = NULL;
  return frame;
}

static size_t left_of(const peal_ws_queue_frame *frame) {
  return frame->len + frame->body.len - frame->sent;
}

static peal_ws_queue_frame *new_frame(peal_ws_queue *queue, size_t len,
                                      bool is_pong, peal_err *err) {
  size_t size = sizeof(peal_ws_queue_frame) + len;
  bool is_charged = is_pong && queue->account;
  *err = is_charged ? peal_account_charge(queue->account, size) : PEAL_OK;
  if (*err)
    return NULL;
  peal_ws_queue_frame *frame = peal_mem_alloc(queue->mem, size);
  if (frame) {
    *frame = (peal_ws_queue_frame){
        .len = len, .is_pong = is_pong, .charged = is_charged ? size : 0};
    return frame;
  }
  if (is_charged)
    peal_account_release(queue->account, size);
  *err = PEAL_FAIL(PEAL_ERR_NOMEM);
  return NULL;
}

static void free_frame(peal_ws_queue *queue, peal_ws_queue_frame *frame) {
  if (frame->charged)
    peal_account_release(queue->account, frame->charged);
  peal_message_unref(frame->message);
  peal_mem_free(queue->mem, frame);
}

static void drop(peal_ws_queue *queue, peal_ws_queue_frame *frame) {
  queue->bytes -= left_of(frame);
  free_frame(queue, frame);
}

/* -- life ------------------------------------------------------------------ */

void peal_ws_queue_init(peal_ws_queue *queue, const peal_mem *mem,
                        peal_account *account) {
  *queue = (peal_ws_queue){.mem = mem, .account = account};
}

void peal_ws_queue_clear(peal_ws_queue *queue) {
  if (queue->begun)
    drop(queue, queue->begun);
  queue->begun = NULL;
  while (queue->own.head)
    drop(queue, shift(&queue->own));
  while (queue->last.head)
    drop(queue, shift(&queue->last));
}

/* -- queueing -------------------------------------------------------------- */

peal_err peal_ws_queue_add_raw(peal_ws_queue *queue, peal_slice bytes) {
  peal_err err;
  peal_ws_queue_frame *frame = new_frame(queue, bytes.len, false, &err);
  if (!frame)
    return err;
  memcpy(frame->data, bytes.ptr, bytes.len);
  append(&queue->own, frame);
  queue->bytes += bytes.len;
  return PEAL_OK;
}

/* RFC6455 5.5.3: pongs for older pings may be left out. A peer that does not
 * read must not make us hold more and more of them. Those that a pull shows
 * may be on their way. */
static void trim_pongs(peal_ws_queue *queue, unsigned most) {
  unsigned count = 0;
  for (peal_ws_queue_frame *f = queue->own.head; f; f = f->next)
    count += f->is_pong && !f->is_pulled;
  peal_ws_queue_list kept = {NULL, NULL};
  while (count > most && queue->own.head) {
    peal_ws_queue_frame *frame = shift(&queue->own);
    if (frame->is_pong && !frame->is_pulled) {
      drop(queue, frame);
      count--;
    } else {
      append(&kept, frame);
    }
  }
  if (!kept.head)
    return;
  kept.tail->next = queue->own.head;
  if (queue->own.head)
    kept.tail = queue->own.tail;
  queue->own = kept;
}

/* Prefix and body behind the header, masked if the header says so. */
static void put_payload(char *to, const peal_ws_frame *head, char prefix,
                        peal_slice body) {
  size_t first = prefix ? 1 : 0;
  if (prefix)
    to[0] = prefix;
  if (head->masked) {
    peal_ws_frame_mask(to, to, first, head->mask, 0);
    peal_ws_frame_mask(to + first, body.ptr, body.len, head->mask, first);
  } else if (body.len) {
    memcpy(to + first, body.ptr, body.len);
  }
}

peal_err peal_ws_queue_add(peal_ws_queue *queue, const peal_ws_frame *head,
                           char prefix, peal_slice body) {
  char bytes[PEAL_WS_FRAME_HEADER_MAX];
  peal_ws_frame full = *head;
  peal_err err;
  full.fin = true;
  full.len = body.len + (prefix ? 1u : 0u);
  size_t head_len = peal_ws_frame_encode(bytes, &full);
  size_t len = head_len + (size_t)full.len;
  bool is_pong = full.opcode == PEAL_WS_PONG;
  bool is_own = is_pong || full.opcode == PEAL_WS_PING ||
                (queue->is_data_own && full.opcode != PEAL_WS_CLOSE);
  if (is_pong)
    trim_pongs(queue, PEAL_LIMIT_WS_PONGS - 1);
  peal_ws_queue_frame *frame = new_frame(queue, len, is_pong, &err);
  if (!frame)
    return err;
  memcpy(frame->data, bytes, head_len);
  put_payload(frame->data + head_len, &full, prefix, body);
  append(is_own ? &queue->own : &queue->last, frame);
  queue->bytes += len;
  return PEAL_OK;
}

/* -- messages of somebody else --------------------------------------------- */

/* Header and prefix to `out` (HEAD_MAX bytes). */
static size_t put_head(char *out, uint8_t opcode, char prefix,
                       size_t body_len) {
  size_t first = prefix ? 1 : 0;
  peal_ws_frame head = {.len = body_len + first,
                        .opcode = opcode & (uint8_t)~PEAL_WS_RSV1,
                        .fin = true,
                        .rsv1 = (opcode & PEAL_WS_RSV1) != 0};
  size_t len = peal_ws_frame_encode(out, &head);
  if (prefix)
    out[len] = prefix;
  return len + first;
}

size_t peal_ws_queue_message_len(char prefix, size_t body_len) {
  size_t len = body_len + (prefix ? 1u : 0u);
  return len + (len < 126 ? 2u : len <= UINT16_MAX ? 4u : 10u);
}

bool peal_ws_queue_pull_message(peal_iovs *out, uint8_t opcode, char prefix,
                                peal_slice body) {
  char *to = body.len > SHORT_BYTES
                 ? NULL
                 : peal_iovs_reserve(out, body.len + HEAD_MAX);
  if (to) {
    size_t len = put_head(to, opcode, prefix, body.len);
    if (body.len)
      memcpy(to + len, body.ptr, body.len);
    peal_iovs_commit(out, len + body.len);
    return true;
  }
  char head[HEAD_MAX];
  /* Header and body may need a piece each. */
  if (out->count + 2 > PEAL_LIMIT_IOVECS)
    return false;
  size_t len = put_head(head, opcode, prefix, body.len);
  return peal_iovs_copy(out, (peal_slice){head, len}) &&
         peal_iovs_add(out, body);
}

peal_err peal_ws_queue_keep(peal_ws_queue *queue, uint8_t opcode, char prefix,
                            peal_message *message, peal_slice body,
                            size_t sent) {
  char head[HEAD_MAX];
  peal_err err;
  size_t len = put_head(head, opcode, prefix, body.len);
  assert(!queue->begun && sent < len + body.len);
  peal_ws_queue_frame *frame = new_frame(queue, len, false, &err);
  if (!frame)
    return err;
  memcpy(frame->data, head, len);
  frame->message = peal_message_ref(message);
  frame->body = body;
  frame->sent = sent;
  queue->begun = frame;
  queue->bytes += left_of(frame);
  return PEAL_OK;
}

/* -- leaving --------------------------------------------------------------- */

/* All that is left of a frame, or nothing. */
static bool pull_frame(peal_ws_queue_frame *frame, peal_iovs *out) {
  size_t skip = frame->sent;
  peal_slice body = frame->body;
  frame->is_pulled = false;
  if (out->count + 2 > PEAL_LIMIT_IOVECS)
    return false;
  if (skip < frame->len) {
    if (!peal_iovs_add(out,
                       (peal_slice){frame->data + skip, frame->len - skip}))
      return false;
    skip = frame->len;
  }
  skip -= frame->len;
  if (body.len > skip &&
      !peal_iovs_add(out, (peal_slice){body.ptr + skip, body.len - skip}))
    return false;
  frame->is_pulled = true;
  return true;
}

/* What a pull before showed and this one does not, is not shown. */
static void pull_list(peal_ws_queue_list *list, bool has_room, peal_iovs *out) {
  for (peal_ws_queue_frame *f = list->head; f; f = f->next) {
    bool was_pulled = f->is_pulled;
    has_room = has_room && pull_frame(f, out);
    f->is_pulled = has_room;
    if (!has_room && !was_pulled)
      return;
  }
}

static void pull_own(peal_ws_queue *queue, peal_iovs *out) {
  bool has_room = !queue->begun || pull_frame(queue->begun, out);
  for (peal_ws_queue_frame *f = queue->own.head; f; f = f->next)
    f->is_pulled = false;
  trim_pongs(queue, PEAL_LIMIT_WS_PONGS);
  pull_list(&queue->own, has_room, out);
}

bool peal_ws_queue_is_own_shown(const peal_ws_queue *queue) {
  return (!queue->begun || queue->begun->is_pulled) &&
         (!queue->own.head || queue->own.tail->is_pulled);
}

void peal_ws_queue_pull(peal_ws_queue *queue, peal_iovs *out) {
  pull_own(queue, out);
  peal_ws_queue_pull_last(queue, out);
}

void peal_ws_queue_pull_own(peal_ws_queue *queue, peal_iovs *out) {
  pull_own(queue, out);
  pull_list(&queue->last, false, out);
}

void peal_ws_queue_pull_last(peal_ws_queue *queue, peal_iovs *out) {
  pull_list(&queue->last, peal_ws_queue_is_own_shown(queue), out);
}

bool peal_ws_queue_is_shown(const peal_ws_queue *queue) {
  return peal_ws_queue_is_own_shown(queue) &&
         (!queue->last.head || queue->last.tail->is_pulled);
}

/* The next frame that the pull showed, taken from where it waits; NULL: what
 * comes now is not ours. */
static peal_ws_queue_frame *take_pulled(peal_ws_queue *queue) {
  peal_ws_queue_frame *frame = queue->begun;
  if (frame) {
    if (!frame->is_pulled)
      return NULL;
    queue->begun = NULL;
    return frame;
  }
  if (queue->own.head && queue->own.head->is_pulled)
    return shift(&queue->own);
  if (queue->last.head && queue->last.head->is_pulled)
    return shift(&queue->last);
  return NULL;
}

size_t peal_ws_queue_sent(peal_ws_queue *queue, size_t len) {
  while (len > 0) {
    peal_ws_queue_frame *frame = take_pulled(queue);
    if (!frame)
      return len;
    size_t left = left_of(frame);
    if (len < left) {
      frame->sent += len;
      queue->bytes -= len;
      queue->begun = frame;
      return 0;
    }
    len -= left;
    drop(queue, frame);
  }
  return 0;
}

static size_t list_bytes(const peal_ws_queue_list *list) {
  size_t bytes = 0;
  for (const peal_ws_queue_frame *f = list->head; f; f = f->next)
    bytes += left_of(f);
  return bytes;
}

bool peal_ws_queue_check(const peal_ws_queue *queue) {
  size_t bytes = queue->begun ? left_of(queue->begun) : 0;
  unsigned pongs = 0;
  if (queue->begun && bytes == 0)
    return false;
  for (const peal_ws_queue_frame *f = queue->own.head; f; f = f->next) {
    pongs += f->is_pong;
    if (f->sent || (!f->next && f != queue->own.tail))
      return false;
  }
  return pongs <= 2 * PEAL_LIMIT_WS_PONGS &&
         queue->bytes ==
             bytes + list_bytes(&queue->own) + list_bytes(&queue->last);
}
