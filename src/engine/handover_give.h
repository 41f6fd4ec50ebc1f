/* SPDX-License-Identifier: MIT */
#pragma once
/* handover_give: the side that goes (engine/handover): what may leave leaves,
 * on all workers. */
#include "engine/handover_impl.h"

/* All on worker 0, and one step at a time: a mail comes there behind each.
 *
 * The other one is ready: batched_mail, when all that could leave at once has,
 * and over_mail, when no other is left. */
void peal_handover_give_begin(peal_handover *handover);
/* That was all at once: say so. */
void peal_handover_give_batch(peal_handover *handover);
/* It will send no request any more: settled_mail, when those that it had sent
 * are answered or back there. */
void peal_handover_give_settle(peal_handover *handover);
/* It has gone away: go on with what is left; ready_mail. */
void peal_handover_give_abort(peal_handover *handover);
