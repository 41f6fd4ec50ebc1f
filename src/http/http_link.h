/* SPDX-License-Identifier: MIT */
#pragma once
/* http_link: one accepted connection: a stream below, the machine
 * (proto/http_conn) in the middle, a request above. One loop: read, feed,
 * next, act.
 * In the flow: net/stream -> [http_link] -> http/http_req, and back. */
#include "http/http_exchange.h"

/* Take an accepted connection; its tag is its account of the address.
 * `redirect` as in peal_http_place. */
void peal_http_link_open(peal_http_home *home, const peal_stream_parcel *parcel,
                         const peal_address *address, uint16_t redirect);
/* Take a connection whose bytes were read by another owner so far; `data`
 * (borrowed) is what came behind. Its tag has been set. `refusal`: answer with
 * this status and end; 0: serve. False, and nothing has changed, if memory is
 * out. */
PEAL_MUST_CHECK bool peal_http_link_take(peal_http_home *home,
                                         peal_stream *stream,
                                         const peal_address *address,
                                         peal_slice data, unsigned refusal);
/* Too many: a 503 and the end. Its tag is PEAL_ADDRESS_COUNT_REFUSED. */
void peal_http_link_refuse(peal_http_home *home,
                           const peal_stream_parcel *parcel,
                           const peal_address *address);
/* End what does nothing, at the beginning of a stop. */
void peal_http_link_stop_all(peal_http_home *home);
/* Forget the connection without its socket: its stream has another owner. */
void peal_http_link_give(peal_http_link *link);

/* A connection that another process may take: no request is being served. */
typedef struct peal_http_link_offer {
  peal_address address;
  uint16_t redirect; /* as in peal_http_place */
  int fd;            /* stays the connection's */
  uint8_t hops;      /* how often it has gone, for one request */
  peal_slice data;   /* borrowed: what has come of the next request */
} peal_http_link_offer;

/* Has it been taken? */
typedef bool (*peal_http_link_offer_fn)(void *user,
                                        const peal_http_link_offer *offer);
/* Offer each that may be taken; of the others those that have served a request
 * end, behind their answer. Returns how many were taken. */
size_t peal_http_link_offer_all(peal_http_home *home,
                                peal_http_link_offer_fn fn, void *user);
/* Take one from another process; its descriptor is taken, its tag is its account
 * of the address. */
void peal_http_link_arrive(peal_http_home *home,
                           const peal_stream_parcel *parcel,
                           const peal_http_link_offer *offer);
/* Send these bytes as the answer and end the connection; the request is as
 * one whose peer has gone. */
void peal_http_link_part(peal_http_req *req, peal_slice raw, peal_err err);
