/* SPDX-License-Identifier: MIT */
#pragma once
/* figures: how the program is doing. `user` is the lab. */
#include "lab.h"

/* Every second, on worker 0: is the store well, what is in it. */
void figures_tick(lab *app);
/* GET /health: {"status":"ok"}, or 503 "degraded" without the store. */
void figures_on_health(peal_http_req *req, void *user);
/* GET /status: what the page has to know first. */
void figures_on_status(peal_http_req *req, void *user);
/* Lines of /metrics. */
void figures_on_metrics(peal_web_metrics_out *out, void *user);
