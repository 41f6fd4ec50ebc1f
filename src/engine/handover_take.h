/* SPDX-License-Identifier: MIT */
#pragma once
/* handover_take: the side that comes (engine/handover): what the other gives is
 * brought to its worker, and goes on there. */
#include "engine/handover_impl.h"

/* What has come, and is to go on together. */
typedef struct peal_handover_batch {
  struct peal_handover_parcel **first; /* a list for each worker */
} peal_handover_batch;

PEAL_MUST_CHECK peal_err peal_handover_batch_init(
    peal_handover_batch *batch, const peal_handover *handover);
/* Whatever has not gone on is closed. */
void peal_handover_batch_deinit(peal_handover_batch *batch,
                                const peal_handover *handover);
/* A LINK or a SESSION is in the reader: its body is copied, its descriptor
 * taken. What there is no memory for, or makes no sense, is closed. */
void peal_handover_batch_add(peal_handover_batch *batch,
                             peal_handover *handover);
/* All of them go on, each on its worker; the lists are empty. */
void peal_handover_batch_run(peal_handover_batch *batch,
                             peal_handover *handover);
/* On all workers: behind what has come, no more comes. */
void peal_handover_take_end(peal_handover *handover);
