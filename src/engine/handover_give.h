/* SPDX-License-Identifier: MIT */
#pragma once
/* handover_give: the side that goes (engine/handover): what may leave leaves,
 * on all workers. */
#include "engine/handover_impl.h"

/* On worker 0: the other one is ready. When all have left over_mail comes to
 * worker 0. */
void peal_handover_give_begin(peal_handover *handover);
/* On worker 0: it has gone away: go on with what is left. */
void peal_handover_give_abort(peal_handover *handover);
