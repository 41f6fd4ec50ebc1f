/* SPDX-License-Identifier: MIT */
#pragma once
/* cors_refused: what the log says about an origin that may not: it names the
 * option that would allow it. */
#include "http/cors.h"
#include "net/logger.h"

/* A line of `area` about the origin of `req`. */
void peal_cors_refused_log(const peal_cors *cors, const peal_http_req *req,
                           peal_logger *log, const char *area);
