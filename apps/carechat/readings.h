/* SPDX-License-Identifier: MIT */
#pragma once
/* readings: the history of a person's vital signs, for pages: in pages, the last
 * of each, and long spans in as many pieces as a plot has room for. */
#include "care.h"

/* GET /api/vitals?metric&since&until&limit&cursor */
void readings_on_list(peal_http_req *req, void *user);
/* GET /api/vitals/latest */
void readings_on_latest(peal_http_req *req, void *user);
/* GET /api/vitals/series?metric&from&to&points */
void readings_on_series(peal_http_req *req, void *user);
