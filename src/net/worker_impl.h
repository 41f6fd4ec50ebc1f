/* SPDX-License-Identifier: MIT */
#pragma once
/* worker_impl: the inside of net/ by the names of before, for the layers above:
 * a worker, its turn, its mail. */
#include "base/iovs.h"
#include "net/hooks.h"
#include "net/mail.h"
#include "net/tally.h"
#include "net/turn.h"
#include "net/worker.h"

#define peal_worker_impl_send peal_mail_send
#define peal_worker_impl_flush_later peal_turn_flush_later
#define peal_worker_impl_forget peal_hooks_forget
#define peal_worker_impl_is_ending peal_worker_is_ending
#define peal_worker_impl_ask peal_worker_ask
#define peal_worker_impl_answered peal_worker_answered
#define peal_worker_impl_clock_ms peal_worker_clock_ms
#define peal_worker_impl_count peal_tally_add
#define peal_worker_impl_figure peal_tally_get
