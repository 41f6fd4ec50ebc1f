/* SPDX-License-Identifier: MIT */
#pragma once
/* polled: something that a worker waits for and that may have something to do
 * at the end of a turn: a connection, a listening socket, the libuv loop. The
 * poller and the turn call it by the functions that it brings along. */

/* Asked for: */
#define PEAL_POLL_IN 1u     /* bytes, or connections, can be read */
#define PEAL_POLL_OUT 2u    /* bytes can be written */
#define PEAL_POLL_END 4u    /* the peer sends no more */
#define PEAL_POLL_SHARED 8u /* others wait for it, too: not all are woken */
/* Told whether asked for or not: */
#define PEAL_POLL_ERR 16u /* an error stands in the socket */
#define PEAL_POLL_HUP 32u /* both directions are over */

typedef struct peal_polled peal_polled;

typedef struct peal_polled_kind {
  void (*on_ready)(peal_polled *item, unsigned events);
  /* The end of a turn for which the item was asked (net/turn). */
  void (*on_turn_end)(peal_polled *item);
} peal_polled_kind;

struct peal_polled {
  const peal_polled_kind *kind;
  peal_polled *next; /* in the turn's list */
};
