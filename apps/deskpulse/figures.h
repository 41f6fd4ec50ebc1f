/* SPDX-License-Identifier: MIT */
#pragma once
/* figures: how the program is doing. `user` is the desk. */
#include "desk.h"

/* What /health says beside the common things. A camera that is gone is said,
 * and is no reason to start the program anew: it is looked for all the time. */
void figures_add_health(peal_pairs *out, peal_build *build, void *user);
/* Lines of /metrics. */
void figures_on_metrics(peal_web_metrics_out *out, void *user);
