/* SPDX-License-Identifier: MIT */
#pragma once
/* commands: what can be asked of the monitor, by HTTP or by an event: it is
 * checked where it comes, done on worker 0, kept, and then answered. */
#include "desk.h"

/* Pause and resume (it holds at once, and over restarts; where it cannot be
 * stored the answer has a `warning`), the threshold, alerts, who sits there and
 * how they sit well, figures of days, and monitoring_status as the event has
 * it. */
PEAL_MUST_CHECK peal_err commands_register(desk *app);

/* A new viewer hears how things are; `id` (of its socket) is copied. */
void commands_greet(desk *app, const char *id);
