/* SPDX-License-Identifier: MIT */
#pragma once
/* outbox_write: what an outbox's thread does to its files. The lock is held, and
 * given up while the system works.
 * In the flow: client/outbox_thread -> [outbox_write] -> outbox_file. */
#include "client/outbox_impl.h"

/* Milliseconds of a clock that is never set. Thread: any. */
uint64_t peal_outbox_write_now_ms(void);
/* A place in a file of this outbox. */
peal_outbox_place peal_outbox_write_place(const peal_outbox *outbox,
                                          uint64_t number, uint64_t offset);
/* Write the oldest jobs, as many as go into one file and one write. Those that
 * somebody waits for end here, if the disk does not take them; the others stay
 * for a second try. */
void peal_outbox_write_jobs(peal_outbox *outbox);
/* End the jobs that somebody waits for, and all when the outbox is closing:
 * they are not stored. */
void peal_outbox_write_fail(peal_outbox *outbox, peal_err err);
/* An event is over: that is written behind what there is. If it cannot be, the
 * event is sent once more after a restart, and its id tells. */
void peal_outbox_write_mark(peal_outbox *outbox, uint64_t seq);
/* Force to the disk what an interval has left. */
void peal_outbox_write_sync(peal_outbox *outbox);
/* Remove the files in which all is over. */
void peal_outbox_write_expired(peal_outbox *outbox);
