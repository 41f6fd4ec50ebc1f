/* SPDX-License-Identifier: MIT */
#pragma once
/* outbox_queue: which events an outbox holds and where they stand in its files,
 * which is to be sent next, what may be written, which file may go. It knows no
 * file and no connection: it is told what happened to them, and answers.
 * In the flow: wire/outbox_scan -> [outbox_queue] -> client/outbox.
 *
 *             admit      place     stored      next       done
 *   an event ------> () ------> o ------> o ------> o ------> (gone)
 *               room      writing   waiting    sent  |
 *                                      ^             |
 *                                      +----again----+
 *
 * A file's number is the seq of its first event, or a little more; only the last
 * one is written. The oldest goes when every
 * event in it is over, so what says that an event is over stands in the same
 * file or in a younger one. All Thread: pure. */
#include <peal/base.h>

/* Bytes that are kept free for each event, to write down that it is over. */
#define PEAL_OUTBOX_QUEUE_MARK_BYTES 24u

typedef struct peal_outbox_queue_opts {
  uint64_t max_bytes;  /* of all files */
  uint64_t file_bytes; /* a file that has so many is followed by the next */
  uint32_t window;     /* events that may be sent and not be over */
  uint32_t retry_ms, retry_max_ms; /* behind a refusal, doubling */
  bool drops;                      /* the oldest file, if there is no room */
} peal_outbox_queue_opts;

/* Where an event stands. */
typedef struct peal_outbox_queue_entry {
  uint64_t seq;
  uint64_t number; /* of the file */
  uint64_t offset; /* in it */
  uint32_t len;    /* of the whole record */
  uint8_t state;
} peal_outbox_queue_entry;

typedef struct peal_outbox_queue_file {
  uint64_t number;
  uint64_t bytes;
  size_t live; /* events in it that are not over */
} peal_outbox_queue_file;

typedef struct peal_outbox_queue {
  peal_outbox_queue_opts opts;
  const peal_mem *mem;              /* borrowed */
  peal_outbox_queue_entry *entries; /* `count` from `first` on, by seq */
  size_t first, count, cap;
  peal_outbox_queue_file *files; /* by number; the last one is written */
  size_t file_count, file_cap;
  uint64_t bytes;    /* of all files */
  uint64_t admitted; /* bytes of events that have room and no place */
  size_t admitted_count;
  size_t pending;    /* events with a place that are not over */
  size_t sent;       /* of these: sent */
  uint64_t dropped;  /* events that made room, since the beginning */
  uint64_t next_seq; /* of the next event */
  uint64_t retry_at_ms;
  uint32_t wait_ms; /* behind the next refusal */
  bool connected;
  bool is_closed; /* the last file is not written any more */
} peal_outbox_queue;

void peal_outbox_queue_init(peal_outbox_queue *queue,
                            const peal_outbox_queue_opts *opts,
                            const peal_mem *mem);
void peal_outbox_queue_deinit(peal_outbox_queue *queue);

/* -- what the files hold, in the order of their numbers ---------------------- */

/* A file, younger than all before. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_outbox_queue_add_file(peal_outbox_queue *queue,
                                                    uint64_t number,
                                                    uint64_t bytes);
/* How many bytes the last file has, known behind its scan. */
void peal_outbox_queue_set_bytes(peal_outbox_queue *queue, uint64_t bytes);
/* An event of the last file; one that is known is ignored. Returns: PEAL_OK,
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_outbox_queue_add_event(peal_outbox_queue *queue,
                                                     uint64_t seq,
                                                     uint64_t offset,
                                                     uint32_t len);
/* A mark of the last file: this event is over, known or not. */
void peal_outbox_queue_add_done(peal_outbox_queue *queue, uint64_t seq);

/* -- writing ----------------------------------------------------------------- */

/* Room for an event of `len` bytes, which is to get a place or to be withdrawn.
 * With `drops` the oldest file's events may end for it.
 * Returns: PEAL_OK; PEAL_ERR_LIMIT: it never fits; PEAL_ERR_QUEUE_FULL. */
PEAL_MUST_CHECK peal_err peal_outbox_queue_admit(peal_outbox_queue *queue,
                                                 size_t len);
void peal_outbox_queue_withdraw(peal_outbox_queue *queue, size_t len);
/* Does the next event of `len` bytes begin a file? What has been placed before
 * is to be stored before. */
bool peal_outbox_queue_turns(const peal_outbox_queue *queue, size_t len);
/* The place of the oldest event that was admitted; events are placed in the
 * order of their seq. *is_new: the file does not exist yet.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM (it is still admitted). */
PEAL_MUST_CHECK peal_err peal_outbox_queue_place(peal_outbox_queue *queue,
                                                 uint64_t seq, size_t len,
                                                 peal_outbox_queue_entry *out,
                                                 bool *is_new);
/* All that have a place are written: they may be sent. */
void peal_outbox_queue_stored(peal_outbox_queue *queue);
/* What has been placed and not been stored is not in the file, which has been
 * cut to its length before; its events are admitted again. `is_broken`: it
 * could not be cut, and nothing is to be written into it any more. */
void peal_outbox_queue_unplace(peal_outbox_queue *queue, bool is_broken);
/* The place of a mark. False: there is no file that it can be written into. */
bool peal_outbox_queue_mark(peal_outbox_queue *queue, uint64_t *number,
                            uint64_t *offset);
/* The mark has been written there. */
void peal_outbox_queue_marked(peal_outbox_queue *queue);
/* A file that may go; it is not counted any more. False: none. */
bool peal_outbox_queue_expired(peal_outbox_queue *queue, uint64_t *number);

/* -- sending ----------------------------------------------------------------- */

/* Sending may begin, or has ended: nothing is sent and not over then. */
void peal_outbox_queue_connect(peal_outbox_queue *queue, bool connected);
/* The event to be sent now; it is sent from then on. False: none. */
bool peal_outbox_queue_next(peal_outbox_queue *queue, uint64_t now_ms,
                            peal_outbox_queue_entry *out);
/* Where an event stands that was sent. False: it is over, or waits. */
bool peal_outbox_queue_sent(const peal_outbox_queue *queue, uint64_t seq,
                            peal_outbox_queue_entry *out);
/* It is over. False: it has been already. */
bool peal_outbox_queue_done(peal_outbox_queue *queue, uint64_t seq);
/* It is to be sent again: with the next connection or at once; `refused`:
 * behind a wait, which doubles. */
void peal_outbox_queue_again(peal_outbox_queue *queue, uint64_t seq,
                             bool refused, uint64_t now_ms);
/* When _next may have one without anything happening; UINT64_MAX: never. */
uint64_t peal_outbox_queue_deadline(const peal_outbox_queue *queue);

/* Assert what always holds. */
void peal_outbox_queue_check(const peal_outbox_queue *queue);
