/* SPDX-License-Identifier: MIT */
#pragma once
/* figures: how the program is doing. `user` is the desk. */
#include "desk.h"

/* Every second, on worker 0: is the store well. */
void figures_tick(desk *app);
/* GET /health: {"status":"ok"}; 503 "degraded" without store or camera. */
void figures_on_health(peal_http_req *req, void *user);
/* Lines of /metrics. */
void figures_on_metrics(peal_web_metrics_out *out, void *user);
