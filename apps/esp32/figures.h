/* SPDX-License-Identifier: MIT */
#pragma once
/* figures: how devices, media and analysis are doing: its part of /metrics. */
#include "dash.h"

/* `user` is the dash. */
void figures_on_metrics(peal_web_metrics_out *out, void *user);
