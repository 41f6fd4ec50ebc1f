/* SPDX-License-Identifier: MIT */
#pragma once
/* intake: what devices send, stored, then acknowledged, then shown.
 *
 * A result is that of its test and minute: sent again it changes nothing, and
 * is acknowledged as stored. One with a later timestamp is a correction and
 * takes the place of the one before; with the same or an earlier one the first
 * stays. A test belongs to the device that began it with its key: no other may
 * write to it. */
#include <peal/kit.h>

#include "lab.h"
#include "runs.h"

/* Who sends. */
typedef struct writer {
  char device[PEAL_KIT_DEVICE_ID_BYTES]; /* that has shown its key; or empty */
  char sender[RUNS_SENDER_BYTES];      /* the same, or an address behind `@` */
  uint8_t hash[PEAL_KIT_DIGEST_BYTES]; /* of its key */
} writer;

/* sludge-data and sludge-height-update of one that may write. */
void intake_on_result(lab *app, const writer *from, const peal_event *event);
void intake_on_height(lab *app, const writer *from, const peal_event *event);
/* Tests beyond max_tests go, the oldest first. On a worker. */
void intake_prune(lab *app);
