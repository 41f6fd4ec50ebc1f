/* SPDX-License-Identifier: MIT */
#pragma once
/* web_timeout: a request that is not answered in its route's time is answered
 * with 503 and its connection closed. Whoever deferred it still owns it: the
 * late answer goes nowhere, as if the peer had gone. */
#include "web/web_impl.h"

void peal_web_timeout_init(peal_web_ctx *ctx);
/* From now; a body that is still coming has http's own limits and does not
 * count. */
void peal_web_timeout_start(peal_web_ctx *ctx);
void peal_web_timeout_stop(peal_web_ctx *ctx);
