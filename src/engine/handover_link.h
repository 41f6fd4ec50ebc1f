/* SPDX-License-Identifier: MIT */
#pragma once
/* handover_link: the record of a connection between two requests: whose it is,
 * and what has come of the next one. */
#include "base/buf.h"
#include "http/http_link.h"

void peal_handover_link_encode(peal_buf *out,
                               const peal_http_link_offer *offer);
/* Its data lies in `in`; it has no descriptor. False: it is none. */
bool peal_handover_link_decode(peal_http_link_offer *out, peal_slice in);
