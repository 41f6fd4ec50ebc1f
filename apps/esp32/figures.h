/* SPDX-License-Identifier: MIT */
#pragma once
/* figures: how the program is doing: /status, /memory-stats and its own part
 * of /metrics. */
#include "dash.h"

/* `user` is the dash. */
void figures_on_status(peal_http_req *req, void *user);
void figures_on_memory(peal_http_req *req, void *user);
void figures_on_metrics(peal_web_metrics_out *out, void *user);
