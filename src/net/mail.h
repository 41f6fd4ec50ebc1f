/* SPDX-License-Identifier: MIT */
#pragma once
/* mail: messages to a worker from any thread, itself included. */
#include "net/worker.h"

/* Thread: any. Never fails: the mail is the caller's memory. If the worker
 * has ended already, fn is called on the calling thread. */
void peal_mail_send(peal_worker *worker, peal_mail *mail);
/* Returns false if the worker has ended: the mail is still the caller's.
 * Thread: any. */
bool peal_mail_put(peal_worker *worker, peal_mail *mail);
/* Run what has come, oldest first, as much as a turn may (net_limits); the rest
 * waits for the next turn, which is asked for. Worker only. */
void peal_mail_run(peal_worker *worker);
/* Close the mailbox and run all that it held. Worker only. */
void peal_mail_close(peal_worker *worker);
