/* SPDX-License-Identifier: MIT */
#pragma once
/* figures: what is told of the program itself: /health and /metrics. */
#include "care.h"

void figures_on_health(peal_http_req *req, void *user);
void figures_on_metrics(peal_web_metrics_out *out, void *user);
