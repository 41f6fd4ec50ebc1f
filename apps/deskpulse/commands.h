/* SPDX-License-Identifier: MIT */
#pragma once
/* commands: what can be asked of the monitor, by HTTP or by an event: it is
 * checked where it comes, done on worker 0, kept, and then answered. */
#include "answer.h"
#include "desk.h"

/* Each takes `to`; those that say nothing of `body` do not look at it. Thread:
 * any worker. */
typedef void (*commands_fn)(desk *app, answer *to, peal_val body);

/* Nothing is seen or sent any more, or again. It holds at once, and over
 * restarts; where it cannot be stored the answer has a `warning`. */
void commands_pause(desk *app, answer *to, peal_val body);
void commands_resume(desk *app, answer *to, peal_val body);
/* {"minutes": 0.01 to 1440} */
void commands_set_threshold(desk *app, answer *to, peal_val body);
void commands_acknowledge(desk *app, answer *to, peal_val body);
/* {"user"}: who sits there, and with `calibrate` sits well. */
void commands_set_user(desk *app, answer *to, peal_val body);
void commands_calibrate(desk *app, answer *to, peal_val body);
/* Of today, and of the last `days` days. */
void commands_today(desk *app, answer *to);
void commands_history(desk *app, answer *to, int64_t days);
/* monitoring_status, as the event has it. */
void commands_status(desk *app, answer *to);

/* A new viewer hears how things are; `id` (of its socket) is copied. */
void commands_greet(desk *app, const char *id);
