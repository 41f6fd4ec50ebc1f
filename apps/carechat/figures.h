/* SPDX-License-Identifier: MIT */
#pragma once
/* figures: what is told of the program itself: /health and /metrics. */
#include "care.h"

/* Beside what every application says (peal_kit_health_on). On any worker. */
void figures_add_health(peal_pairs *out, peal_build *build, void *user);
void figures_on_metrics(peal_web_metrics_out *out, void *user);
