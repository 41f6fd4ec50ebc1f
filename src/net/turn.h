/* SPDX-License-Identifier: MIT */
#pragma once
/* turn: one turn of a worker, and its end.
 *
 *   1. wait           until something comes or a timer is due
 *   2. tell           connections and listening sockets that are ready
 *   3. timers         that are due
 *   4. the libuv loop mail, files, tasks, signals, if it has something
 *   5. the end        what asked for it writes; the turn arena is emptied
 *
 * Whoever has something to write asks for the end of the turn; nobody else is
 * called there, and a worker for which nothing comes makes no turn. */
#include "net/worker.h"

/* Something to be done at the end of the turn; embed and initialise `node`
 * with peal_list_init. */
typedef struct peal_flush {
  peal_list node;
  void (*fn)(struct peal_flush *flush);
} peal_flush;

/* Waits for at most `max_ms` (-1: as long as there is nothing to do). */
void peal_turn_run(peal_worker *worker, int max_ms);
/* How long there is nothing to do, as of worker->now_ms, in the form of
 * poll(2): 0: there is something, -1: for ever, unless something comes. */
int peal_turn_idle_ms(const peal_worker *worker);
/* Run flush->fn at the end of this turn (once, however often asked). */
void peal_turn_flush_later(peal_worker *worker, peal_flush *flush);
/* Call the item's on_turn_end at the end of this turn. It must not be in the
 * list already, and cannot be taken out. */
void peal_turn_end_later(peal_worker *worker, peal_polled *item);
/* The end of a turn. */
void peal_turn_end(peal_worker *worker);
