/* SPDX-License-Identifier: MIT */
#include "proto/ws_queue.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "wire/ws_frame.h"

/* Frames a block holds without a second allocation. */
#define INLINE_FRAMES 4u
/* Frames that are copied whole into the write (as base/iovs does). */
#define SHORT_BYTES 512u

typedef struct ring {
  peal_ws_queue_frame *frames;
  uint32_t head;
  uint32_t count;
  uint32_t cap; /* 0 or a power of two */
} ring;

struct peal_ws_queue_block {
  ring frames;     /* in the order in which they leave */
  ring pongs;      /* not yet given a place among the frames */
  size_t offset;   /* bytes of the first frame that have left */
  size_t messages; /* text and binary among the frames */
  uint32_t placed; /* pongs among the frames */
  peal_ws_queue_frame first[INLINE_FRAMES];
};

static peal_ws_queue_frame *ring_at(const ring *r, uint32_t index) {
  return &r->frames[(r->head + index) & (r->cap - 1)];
}

/* Room for `more` frames. `inside` is memory that is not to be freed. */
static bool ring_reserve(ring *r, const peal_mem *mem, uint32_t more,
                         const peal_ws_queue_frame *inside) {
  if (r->cap - r->count >= more)
    return true;
  uint32_t cap = r->cap ? r->cap : INLINE_FRAMES;
  while (cap - r->count < more) {
    if (cap > UINT32_MAX / 2)
      return false;
    cap *= 2;
  }
  size_t size;
  if (__builtin_mul_overflow(cap, sizeof(*r->frames), &size))
    return false;
  peal_ws_queue_frame *frames = peal_mem_alloc(mem, size);
  if (!frames)
    return false;
  for (uint32_t i = 0; i < r->count; i++)
    frames[i] = *ring_at(r, i);
  if (r->frames != inside)
    peal_mem_free(mem, r->frames);
  r->frames = frames;
  r->head = 0;
  r->cap = cap;
  return true;
}

static void ring_push(ring *r, const peal_ws_queue_frame *frame) {
  *ring_at(r, r->count) = *frame;
  r->count++;
}

static peal_ws_queue_frame ring_shift(ring *r) {
  peal_ws_queue_frame frame = *ring_at(r, 0);
  r->head = (r->head + 1) & (r->cap - 1);
  r->count--;
  return frame;
}

static void ring_unshift(ring *r, const peal_ws_queue_frame *frame) {
  r->head = (r->head - 1) & (r->cap - 1);
  r->count++;
  *ring_at(r, 0) = *frame;
}

static peal_slice frame_body(const peal_ws_queue_frame *frame) {
  return frame->bytes ? peal_bytes_slice(frame->bytes) : (peal_slice){NULL, 0};
}

/* Header and prefix to `out` (PEAL_WS_FRAME_HEADER_MAX + 1 bytes). */
static size_t frame_head(const peal_ws_queue_frame *frame, char *out) {
  if (frame->opcode == PEAL_WS_QUEUE_RAW)
    return 0;
  peal_ws_frame head = {.len =
                            frame_body(frame).len + (frame->prefix ? 1u : 0u),
                        .opcode = frame->opcode,
                        .fin = true,
                        .masked = frame->masked};
  memcpy(head.mask, frame->key, sizeof(head.mask));
  size_t len = peal_ws_frame_encode(out, &head);
  if (frame->prefix)
    out[len++] = frame->prefix;
  return len;
}

/* Bytes on the wire, all told. */
static size_t frame_size(const peal_ws_queue_frame *frame) {
  size_t len = frame_body(frame).len + (frame->prefix ? 1u : 0u);
  if (frame->opcode == PEAL_WS_QUEUE_RAW)
    return len;
  size_t extended = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;
  return 2 + extended + (frame->masked ? 4u : 0u) + len;
}

static bool frame_is_message(const peal_ws_queue_frame *frame) {
  return frame->opcode == PEAL_WS_TEXT || frame->opcode == PEAL_WS_BINARY;
}

static void ring_deinit(ring *r, const peal_mem *mem,
                        const peal_ws_queue_frame *inside) {
  while (r->count)
    peal_bytes_unref(ring_shift(r).bytes);
  if (r->frames != inside)
    peal_mem_free(mem, r->frames);
}

void peal_ws_queue_deinit(peal_ws_queue *queue, const peal_mem *mem) {
  peal_ws_queue_block *block = queue->block;
  if (!block)
    return;
  ring_deinit(&block->frames, mem, block->first);
  ring_deinit(&block->pongs, mem, NULL);
  peal_mem_free(mem, block);
  *queue = (peal_ws_queue){NULL, 0};
}

static peal_ws_queue_block *get_block(peal_ws_queue *queue,
                                      const peal_mem *mem) {
  peal_ws_queue_block *block = queue->block;
  if (block)
    return block;
  block = peal_mem_alloc(mem, sizeof(*block));
  if (!block)
    return NULL;
  block->frames = (ring){.frames = block->first, .cap = INLINE_FRAMES};
  block->pongs = (ring){.frames = NULL};
  block->offset = 0;
  block->messages = 0;
  block->placed = 0;
  queue->block = block;
  return block;
}

/* An empty queue owns nothing. */
static void release_if_empty(peal_ws_queue *queue, const peal_mem *mem) {
  if (queue->block && !queue->block->frames.count && !queue->block->pongs.count)
    peal_ws_queue_deinit(queue, mem);
}

static peal_err refuse(peal_ws_queue *queue, const peal_mem *mem,
                       const peal_ws_queue_frame *frame) {
  peal_bytes_unref(frame->bytes);
  release_if_empty(queue, mem);
  return PEAL_ERR_NOMEM;
}

/* RFC6455 5.5.1: nothing follows a close frame, so the pongs that wait go in
 * front of it now. Returns false if memory is out. */
static bool settle_pongs(peal_ws_queue_block *block, const peal_mem *mem) {
  if (!ring_reserve(&block->frames, mem, block->pongs.count, block->first))
    return false;
  while (block->pongs.count) {
    peal_ws_queue_frame pong = ring_shift(&block->pongs);
    ring_push(&block->frames, &pong);
    block->placed++;
  }
  return true;
}

peal_err peal_ws_queue_add(peal_ws_queue *queue, const peal_mem *mem,
                           const peal_ws_queue_frame *frame) {
  peal_ws_queue_block *block = get_block(queue, mem);
  if (!block)
    return refuse(queue, mem, frame);
  if (frame->opcode == PEAL_WS_CLOSE && !settle_pongs(block, mem))
    return refuse(queue, mem, frame);
  if (!ring_reserve(&block->frames, mem, 1, block->first))
    return refuse(queue, mem, frame);
  ring_push(&block->frames, frame);
  block->messages += frame_is_message(frame) ? 1u : 0u;
  queue->bytes += frame_size(frame);
  return PEAL_OK;
}

peal_err peal_ws_queue_add_pong(peal_ws_queue *queue, const peal_mem *mem,
                                const peal_ws_queue_frame *frame) {
  peal_ws_queue_block *block = get_block(queue, mem);
  if (!block)
    return refuse(queue, mem, frame);
  /* RFC6455 5.5.3: pongs for older pings may be left out. A peer that does
   * not read must not make us hold more and more of them. */
  if (block->pongs.count == PEAL_LIMIT_WS_PONGS) {
    peal_ws_queue_frame oldest = ring_shift(&block->pongs);
    queue->bytes -= frame_size(&oldest);
    peal_bytes_unref(oldest.bytes);
  }
  if (!ring_reserve(&block->pongs, mem, 1, NULL))
    return refuse(queue, mem, frame);
  ring_push(&block->pongs, frame);
  queue->bytes += frame_size(frame);
  return PEAL_OK;
}

/* Give the waiting pongs their place: first, but behind a frame that is half
 * sent or raw. Pongs placed before must have left, so that a peer that does not read
 * holds at most two sets of them. If memory is out they wait longer. */
static void place_pongs(peal_ws_queue_block *block, const peal_mem *mem) {
  ring *frames = &block->frames;
  uint32_t count = block->pongs.count;
  if (!count || block->placed)
    return;
  if (!ring_reserve(frames, mem, count, block->first))
    return;
  peal_ws_queue_frame begun = {.bytes = NULL};
  bool has_begun =
      block->offset > 0 ||
      (frames->count && ring_at(frames, 0)->opcode == PEAL_WS_QUEUE_RAW);
  if (has_begun)
    begun = ring_shift(frames);
  for (uint32_t i = count; i-- > 0;)
    ring_unshift(frames, ring_at(&block->pongs, i));
  if (has_begun)
    ring_unshift(frames, &begun);
  block->pongs.count = 0;
  block->placed = count;
}

/* A short frame, whole: header and body in one step. Returns false if that is
 * not possible here. */
static bool pull_short(const peal_ws_queue_frame *frame, peal_slice body,
                       peal_iovs *out) {
  char *to =
      body.len > SHORT_BYTES
          ? NULL
          : peal_iovs_reserve(out, body.len + PEAL_WS_FRAME_HEADER_MAX + 1);
  if (!to)
    return false;
  size_t len = frame_head(frame, to);
  if (body.len)
    memcpy(to + len, body.ptr, body.len);
  peal_iovs_commit(out, len + body.len);
  return true;
}

/* The part of one frame behind its first `skip` bytes. Returns false if there
 * is no room for all of it. */
static bool pull_frame(const peal_ws_queue_frame *frame, size_t skip,
                       peal_iovs *out) {
  peal_slice body = frame_body(frame);
  char head[PEAL_WS_FRAME_HEADER_MAX + 1];
  if (skip == 0 && pull_short(frame, body, out))
    return true;
  size_t len = frame_head(frame, head);
  if (skip < len) {
    if (!peal_iovs_copy(out, (peal_slice){head + skip, len - skip}))
      return false;
    skip = 0;
  } else {
    skip -= len;
  }
  if (skip == body.len)
    return true;
  return peal_iovs_add(out, (peal_slice){body.ptr + skip, body.len - skip});
}

void peal_ws_queue_pull(peal_ws_queue *queue, const peal_mem *mem,
                        peal_iovs *out) {
  peal_ws_queue_block *block = queue->block;
  if (!block)
    return;
  place_pongs(block, mem);
  size_t skip = block->offset;
  for (uint32_t i = 0; i < block->frames.count; i++) {
    if (!pull_frame(ring_at(&block->frames, i), skip, out))
      return;
    skip = 0;
  }
}

void peal_ws_queue_sent(peal_ws_queue *queue, const peal_mem *mem, size_t len) {
  peal_ws_queue_block *block = queue->block;
  assert(len <= queue->bytes);
  if (!block)
    return;
  queue->bytes -= len;
  while (len > 0 && block->frames.count) {
    size_t left = frame_size(ring_at(&block->frames, 0)) - block->offset;
    if (len < left) {
      block->offset += len;
      return;
    }
    len -= left;
    block->offset = 0;
    peal_ws_queue_frame frame = ring_shift(&block->frames);
    block->messages -= frame_is_message(&frame) ? 1u : 0u;
    block->placed -= frame.opcode == PEAL_WS_PONG ? 1u : 0u;
    peal_bytes_unref(frame.bytes);
  }
  release_if_empty(queue, mem);
}

size_t peal_ws_queue_messages(const peal_ws_queue *queue) {
  return queue->block ? queue->block->messages : 0;
}
