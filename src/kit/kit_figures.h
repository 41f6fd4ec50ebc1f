/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_figures: what every program tells of itself on /metrics. */
#include <peal/kit_program.h>

/* A peal_web_metrics_fn; `user` is the peal_kit. */
void peal_kit_figures_write(peal_web_metrics_out *out, void *user);
