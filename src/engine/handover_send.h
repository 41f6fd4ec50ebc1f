/* SPDX-License-Identifier: MIT */
#pragma once
/* handover_send: what is said to the other process, by all workers in turn. */
#include "engine/handover_impl.h"
#include "http/http_link.h"

/* `fd` (-1: none) stays the caller's. Once something could not be sent, nothing
 * can.
 * Returns: PEAL_OK, PEAL_ERR_CLOSED, PEAL_ERR_TIMEOUT, PEAL_ERR_SYSTEM. */
PEAL_MUST_CHECK peal_err peal_handover_send(peal_handover *handover,
                                            peal_handover_type type,
                                            peal_slice body, int fd);
/* As peal_http_pass_fn, of a handover: the session that a request asks for is not
 * here, and may be with the other process. */
bool peal_handover_send_request(peal_http_req *req, void *mounted,
                                const peal_http_link_offer *offer, void *user);
