/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_held: a Socket.IO packet that waits: for its attachments, for its
 * namespace to be accepted, or for its turn to be told.
 * In the flow: a part of proto/sio_conn.
 *
 * Waiting packets form rings in order of arrival; a ring is named by its
 * newest, whose `next` is the oldest. NULL is the empty ring. */
#include "proto/sio_types.h"

typedef struct peal_sio_held {
  struct peal_sio_held *next;
  peal_sio_link link; /* whose it is; dropped if that is over */
  uint64_t attach_at; /* ms: when the attachments must have come */
  size_t text_len;
  uint32_t wanted; /* attachments announced */
  uint32_t come;   /* of them, kept or not */
  uint32_t kept;
  bool last_is_lent;       /* the last one kept is not owned */
  bool is_ack;             /* told also while its namespace is paused */
  bool is_binary;          /* what is called its text */
  peal_slice *attachments; /* behind the text; their bytes are owned */
  char text[];
} peal_sio_held;

/* What a packet costs before its attachments, to be charged by the owner. */
size_t peal_sio_held_cost(size_t text_len, uint32_t wanted);
/* What it costs at present. */
size_t peal_sio_held_bytes(const peal_sio_held *held);
/* Its text and attachments alone. */
size_t peal_sio_held_payload(const peal_sio_held *held);
/* The text is copied. Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_sio_held *peal_sio_held_new(const peal_mem *mem,
                                                 peal_slice text,
                                                 uint32_t wanted);
void peal_sio_held_free(const peal_mem *mem, peal_sio_held *held);
/* The next attachment, copied; not more than are wanted.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_held_attach(const peal_mem *mem,
                                              peal_sio_held *held,
                                              peal_slice data);
/* The last attachment, borrowed: for a packet that is told before `data` goes. */
void peal_sio_held_lend(peal_sio_held *held, peal_slice data);
peal_slice peal_sio_held_text(const peal_sio_held *held);

/* To the end of a ring. */
void peal_sio_held_push(peal_sio_held **ring, peal_sio_held *held);
/* The oldest, which stays; the ring is not empty. */
peal_sio_held *peal_sio_held_oldest(peal_sio_held *ring);
/* The oldest, taken out; NULL if there is none. */
peal_sio_held *peal_sio_held_shift(peal_sio_held **ring);
/* All of `from` behind all of `ring`. */
void peal_sio_held_move(peal_sio_held **ring, peal_sio_held **from);
