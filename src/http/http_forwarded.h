/* SPDX-License-Identifier: MIT */
#pragma once
/* http_forwarded: whose request it is, as the proxies that are trusted say:
 * the client's address, the host that it called, by which scheme. */
#include "http/http_exchange.h"

/* Read what stands in the head of `req`, whose peer is trusted. */
void peal_http_forwarded_read(peal_http_req *req);
/* Has somebody said something of the kind, whoever it is? */
bool peal_http_forwarded_is_there(const peal_http_req *req);
