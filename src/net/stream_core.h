/* SPDX-License-Identifier: MIT */
#pragma once
/* stream_core: what the files that make up a stream share and nobody else
 * sees: its struct, its flags, what it waits for, how it closes.
 *
 *   stream_life -> stream_recv, stream_send -> stream_finish -> stream_core */
#include "net/stream.h"
#include "net/stream_verbs.h"
#include "net/turn.h"

enum {
  PEAL_STREAM_CLOSING = 1 << 0, /* the descriptor is closed; on_close follows */
  PEAL_STREAM_GIVEN = 1 << 1,   /* it is another's: no on_close */
  PEAL_STREAM_WATCHED = 1 << 2, /* the poller knows the descriptor */
  PEAL_STREAM_PAUSED = 1 << 3,
  PEAL_STREAM_READ_ENDED = 1 << 4, /* the peer's FIN has been read */
  PEAL_STREAM_GONE_SEEN = 1 << 5,  /* it is known to wait behind unread bytes */
  PEAL_STREAM_BLOCKED = 1 << 6,    /* the kernel is to take no more now */
  PEAL_STREAM_MORE = 1 << 7,       /* the turn's share of writing is used up */
  PEAL_STREAM_FINISHING = 1 << 8,
  PEAL_STREAM_FIN_SENT = 1 << 9,
  PEAL_STREAM_SENDING = 1 << 10, /* inside pull and send */
  PEAL_STREAM_ASKED = 1 << 11,   /* there is something to pull */
  PEAL_STREAM_QUEUED = 1 << 12   /* for the end of the turn */
};

/* Above the flags: what the poller has been asked for (IN, OUT, END). */
#define PEAL_STREAM_WATCH_SHIFT 13

/* What few streams have. */
typedef struct peal_stream_extra {
  peal_stream *stream;
  void *state;            /* of the transport */
  peal_wheel_timer timer; /* while finishing */
  uint64_t sent;          /* bytes since the timer was set */
  size_t unacked;         /* then */
  uint32_t drained;       /* bytes read and dropped */
  uint32_t lowat;         /* bytes; 0: none */
} peal_stream_extra;

typedef struct peal_stream_kind {
  peal_polled_kind polled; /* first: it is what an item carries */
  const peal_stream_verbs *verbs;
} peal_stream_kind;

struct peal_stream {
  peal_polled item; /* first; its kind is a peal_stream_kind */
  peal_worker *worker;
  const peal_stream_callbacks *callbacks;
  void *user;
  peal_list node; /* worker->conns */
  peal_stream_extra *extra;
  uint32_t progress_ms; /* the lower half of the worker's clock */
  int fd;
  uint32_t tag;
  int16_t err; /* peal_err of the close */
  uint16_t state;
};

/* What an idle connection costs here: a budget, kept small. */
_Static_assert(sizeof(peal_stream) <= 80, "peal_stream has grown");

static inline bool peal_stream_core_has(const peal_stream *stream,
                                        unsigned bits) {
  return (stream->state & bits) != 0;
}

static inline void peal_stream_core_set(peal_stream *stream, unsigned bits) {
  stream->state = (uint16_t)(stream->state | bits);
}

static inline void peal_stream_core_unset(peal_stream *stream, unsigned bits) {
  stream->state = (uint16_t)(stream->state & ~bits);
}

static inline const peal_stream_verbs *peal_stream_core_verbs(
    const peal_stream *stream) {
  return ((const peal_stream_kind *)(const void *)stream->item.kind)->verbs;
}

static inline void *peal_stream_core_state(const peal_stream *stream) {
  return stream->extra ? stream->extra->state : NULL;
}

static inline unsigned peal_stream_core_watched(const peal_stream *stream) {
  return (unsigned)stream->state >> PEAL_STREAM_WATCH_SHIFT;
}

/* Bytes that the transport has taken and not sent. */
static inline size_t peal_stream_core_held(const peal_stream *stream) {
  void *state = peal_stream_core_state(stream);
  return state ? peal_stream_core_verbs(stream)->held(state) : 0;
}

/* Is something behind what was read, of which the descriptor does not tell? */
static inline bool peal_stream_core_more(const peal_stream *stream) {
  void *state = peal_stream_core_state(stream);
  return state && peal_stream_core_verbs(stream)->more(state);
}

/* As peal_stream_unacked. */
size_t peal_stream_core_unacked(const peal_stream *stream);
/* What few streams have; NULL if memory is out. */
peal_stream_extra *peal_stream_core_extra(peal_stream *stream);
/* Bring the poller up to date with the flags. */
void peal_stream_core_watch(peal_stream *stream);
/* Out of the poller, until watched again. */
void peal_stream_core_unwatch(peal_stream *stream);
/* To be called at the end of the turn. */
void peal_stream_core_queue(peal_stream *stream);
/* Out of the worker's books. */
void peal_stream_core_leave(peal_stream *stream);
/* Descriptor and transport, which are the stream's no longer. */
peal_stream_parcel peal_stream_core_parcel(peal_stream *stream);
/* Bytes have come or gone. */
void peal_stream_core_progress(peal_stream *stream);
/* What a negative errno of a verb means for the owner. */
peal_err peal_stream_core_err(ptrdiff_t failed);
