/* SPDX-License-Identifier: MIT */
#pragma once
/* http_forwarded: whose request it is, as the proxies that are trusted say:
 * the client's address, the host that it called, by which scheme. */
#include "http/http_exchange.h"

/* Behind a request whose peer is a trusted proxy. */
struct peal_http_forwarded {
  peal_address client;
  peal_slice host; /* borrowed from the head; NULL ptr: nobody says */
  bool secure;     /* the client came over TLS */
  char text[PEAL_ADDRESS_MAX]; /* of the client, when it has been asked for */
};

/* Read what stands in the head of `req`, whose peer is trusted. */
void peal_http_forwarded_read(peal_http_forwarded *out,
                              const peal_http_req *req);
/* Has somebody said something of the kind, whoever it is? */
bool peal_http_forwarded_is_there(const peal_http_req *req);
