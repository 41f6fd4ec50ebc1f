/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_offer: which subprotocol a client and an endpoint speak (RFC6455 1.9). */
#include "ws/ws_impl.h"

/* Cut the option into the endpoint's list.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM, PEAL_ERR_OPTION (no tokens, too many). */
PEAL_MUST_CHECK peal_err peal_ws_offer_parse(peal_ws_endpoint *endpoint,
                                             const char *protocols);
/* The one to speak with this client: `wanted` (NULL: the first of the endpoint's
 * that it offers). "" if there is none. */
const char *peal_ws_offer_choose(const peal_ws_endpoint *endpoint,
                                 const peal_http_req *req, const char *wanted);
