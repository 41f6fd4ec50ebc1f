/* SPDX-License-Identifier: MIT */
#pragma once
/* figures: how the program is doing. `user` is the lab. */
#include "lab.h"

/* Every second, on worker 0: what is in the store. */
void figures_tick(lab *app);
/* What the health page says of it; the store is the kit's to watch. */
void figures_add_health(peal_pairs *out, peal_build *build, void *user);
/* Lines of /metrics. */
void figures_on_metrics(peal_web_metrics_out *out, void *user);
