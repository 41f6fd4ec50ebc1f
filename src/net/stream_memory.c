/* SPDX-License-Identifier: MIT */
#include "net/stream_memory.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/turn.h"

/* What waits for a reader: about what two kernels' buffers hold. */
#define AHEAD_BYTES (256u << 10)

struct peal_stream_memory {
  peal_flush flush;          /* first: tells the stream */
  peal_stream_memory *other; /* NULL: it has gone */
  peal_worker *worker;       /* of the stream; NULL: there is none */
  peal_polled *item;         /* the same */
  unsigned wants;            /* what the stream waits for */
  const void *owner;
  peal_buf in;
  bool held;    /* what comes waits */
  bool shut;    /* nothing more is sent from here */
  bool ended;   /* nothing more comes */
  bool was_cut; /* by an error */
};

/* -- telling --------------------------------------------------------------- */

static bool has_room(const peal_stream_memory *end) {
  return !end->other || end->other->in.len < AHEAD_BYTES;
}

static unsigned found(const peal_stream_memory *end) {
  unsigned events = 0;
  if (end->held)
    return 0;
  if (end->was_cut)
    events |= PEAL_POLL_ERR;
  if (end->in.len || end->ended)
    events |= PEAL_POLL_IN;
  if (end->ended)
    events |= PEAL_POLL_END;
  if (has_room(end))
    events |= PEAL_POLL_OUT;
  return events & (end->wants | PEAL_POLL_ERR);
}

static void look_later(peal_stream_memory *end) {
  if (end && end->worker && found(end))
    peal_turn_flush_later(end->worker, &end->flush);
}

/* The end may be gone behind it. */
static void on_flush(peal_flush *flush) {
  peal_stream_memory *end = PEAL_LIST_OF(flush, peal_stream_memory, flush);
  unsigned events = end->item ? found(end) : 0;
  if (events)
    end->item->kind->on_ready(end->item, events);
}

/* -- the verbs ------------------------------------------------------------- */

static peal_err memory_attach(void *state, peal_worker *worker,
                              peal_account_worker *account) {
  peal_stream_memory *end = state;
  (void)account;
  end->worker = worker;
  return PEAL_OK;
}

void peal_stream_memory_bind(peal_stream_memory *end, peal_polled *item) {
  end->item = item;
}

static ptrdiff_t memory_recv(int fd, void *state, char *out, size_t cap) {
  peal_stream_memory *end = state;
  size_t len = end->in.len < cap ? end->in.len : cap;
  (void)fd;
  if (len) {
    memcpy(out, end->in.ptr, len);
    peal_stream_memory_take(end, len);
    return (ptrdiff_t)len;
  }
  if (end->was_cut)
    return -ECONNRESET;
  return end->ended ? 0 : -EAGAIN;
}

static bool memory_more(const void *state) {
  const peal_stream_memory *end = state;
  return end->in.len || end->ended;
}

static ptrdiff_t memory_send(int fd, void *state, const peal_iovs *iovs) {
  peal_stream_memory *end = state;
  ptrdiff_t sent = 0;
  (void)fd;
  if (!end->other)
    return -EPIPE;
  if (!has_room(end))
    return -EAGAIN;
  peal_buf *to = &end->other->in;
  for (size_t i = 0; i < iovs->count; i++) {
    peal_buf_add(to, iovs->items[i]);
    sent += (ptrdiff_t)iovs->items[i].len;
  }
  if (to->err)
    return -ENOMEM;
  look_later(end->other);
  return sent;
}

static void shut(peal_stream_memory *end, bool reset) {
  if (end->shut || !end->other)
    return;
  end->shut = true;
  end->other->ended = true;
  end->other->was_cut = reset;
  look_later(end->other);
}

static int memory_shutdown(int fd, void *state) {
  (void)fd;
  shut(state, false);
  return 0;
}

/* Asked for each time the stream has looked: what is there already is told. */
static unsigned memory_wants(const void *state, unsigned events) {
  peal_stream_memory *end = (peal_stream_memory *)(uintptr_t)state;
  end->wants = events;
  look_later(end);
  return events;
}

static int memory_peek(int fd, void *state) {
  const peal_stream_memory *end = state;
  (void)fd;
  if (end->in.len)
    return 1;
  return end->ended ? 0 : -EAGAIN;
}

/* All of it has left at once. */
static size_t memory_held(const void *state) {
  (void)state;
  return 0;
}

static void memory_detach(void *state) {
  peal_stream_memory *end = state;
  peal_list_remove(&end->flush.node);
  end->worker = NULL;
  end->item = NULL;
  end->wants = 0;
}

static void memory_drop(void *state) {
  peal_stream_memory_close(state, false);
}

const peal_stream_verbs peal_stream_memory_verbs = {
    .attach = memory_attach,
    .recv = memory_recv,
    .more = memory_more,
    .send = memory_send,
    .shutdown = memory_shutdown,
    .wants = memory_wants,
    .peek = memory_peek,
    .held = memory_held,
    .detach = memory_detach,
    .drop = memory_drop,
};

/* -- an end of somebody's -------------------------------------------------- */

void peal_stream_memory_write(peal_stream_memory *end, peal_slice data) {
  if (end->shut || !end->other)
    return;
  peal_buf_add(&end->other->in, data);
  look_later(end->other);
}

peal_slice peal_stream_memory_look(const peal_stream_memory *end) {
  return (peal_slice){end->in.ptr, end->in.len};
}

void peal_stream_memory_take(peal_stream_memory *end, size_t len) {
  peal_buf_consume(&end->in, len);
  if (!end->in.len)
    peal_buf_deinit(&end->in);
  look_later(end->other);
}

bool peal_stream_memory_has_ended(const peal_stream_memory *end) {
  return end->ended;
}

void peal_stream_memory_set_owner(peal_stream_memory *end, const void *owner) {
  end->owner = owner;
}

const void *peal_stream_memory_owner(const peal_stream_memory *end) {
  return end->owner;
}

void peal_stream_memory_hold(peal_stream_memory *end, bool holds) {
  end->held = holds;
  look_later(end);
}

/* -- life ------------------------------------------------------------------ */

void peal_stream_memory_close(peal_stream_memory *end, bool reset) {
  if (!end)
    return;
  peal_list_remove(&end->flush.node);
  shut(end, reset);
  if (end->other)
    end->other->other = NULL;
  peal_buf_deinit(&end->in);
  peal_mem_free(peal_mem_libc(), end);
}

static peal_stream_memory *new_end(void) {
  peal_stream_memory *end = peal_mem_zalloc(peal_mem_libc(), sizeof(*end));
  if (!end)
    return NULL;
  end->flush.fn = on_flush;
  peal_list_init(&end->flush.node);
  peal_buf_init(&end->in, peal_mem_libc(), 0);
  return end;
}

bool peal_stream_memory_open(peal_stream_memory *ends[2]) {
  ends[0] = new_end();
  ends[1] = new_end();
  if (ends[0] && ends[1]) {
    ends[0]->other = ends[1];
    ends[1]->other = ends[0];
    return true;
  }
  peal_mem_free(peal_mem_libc(), ends[0]);
  peal_mem_free(peal_mem_libc(), ends[1]);
  return false;
}

peal_stream_parcel peal_stream_memory_parcel(peal_stream_memory *end) {
  return (peal_stream_parcel){
      .verbs = &peal_stream_memory_verbs, .state = end, .fd = -1};
}
