/* SPDX-License-Identifier: MIT */
#pragma once
/* outbox_thread: the thread of an outbox: writes what was emitted, sends what is
 * stored, writes down what is over, removes files, tells.
 * In the flow: client/outbox -> [outbox_thread] -> outbox_file, outbox_send. */
#include "client/outbox_impl.h"

/* Runs until the outbox is closing; `user` is the outbox. */
void peal_outbox_thread_run(void *user);
/* Free all, without the thread. */
void peal_outbox_thread_free(peal_outbox *outbox);
