/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_handshake: what is kept of the request that began a session: url,
 * peer, and header fields; those that other clients send alike only once for
 * all of them (head_pool). */
#include <peal/http.h>

#include "base/arena.h"
#include "engine/head_pool.h"
#include "proto/handover_record.h"

typedef struct peal_engine_handshake {
  int64_t time_ms;     /* wall clock */
  peal_head *head;     /* fields that others have, too, and the url if shared */
  uint32_t fields_len; /* of its own ones */
  uint32_t url_len;
  uint16_t address_len;
  bool is_secure : 1; /* the client came over TLS */
  bool shares_url : 1;
  bool decodes_url : 1; /* its parameters are not what stands there */
  char data[]; /* its own fields (u16 name length, u16 value length, both
                  texts), url unless shared, address, and if it decodes the
                  url: room for decoded parameters */
} peal_engine_handshake;

/* Copies from the request, charged to the pool's account. `scratch` is used
 * meanwhile. Returns NULL if memory is out. The same pool goes to the functions
 * that ask for one. */
PEAL_MUST_CHECK peal_engine_handshake *peal_engine_handshake_new(
    const peal_http_req *req, peal_head_pool *pool, peal_arena *scratch);
/* The same of one that another process had: from `record`. */
PEAL_MUST_CHECK peal_engine_handshake *peal_engine_handshake_restore(
    const peal_handover_record *record, peal_head_pool *pool,
    peal_arena *scratch);
void peal_engine_handshake_free(peal_engine_handshake *handshake,
                                peal_head_pool *pool);
peal_slice peal_engine_handshake_url(const peal_engine_handshake *handshake);
peal_slice peal_engine_handshake_address(
    const peal_engine_handshake *handshake);
/* The first field of this name; NULL ptr if absent. */
peal_slice peal_engine_handshake_field(const peal_engine_handshake *handshake,
                                       const char *name);
/* A query parameter, percent-decoded; lives as long as the handshake. NULL ptr
 * if absent. */
peal_slice peal_engine_handshake_param(peal_engine_handshake *handshake,
                                       const char *name);
/* How many fields are kept; field `index` of them, its name and its value: those
 * that others have, too, before its own ones, and those of one name in the
 * order in which they came. NULL ptr if there are not so many. */
size_t peal_engine_handshake_field_count(
    const peal_engine_handshake *handshake);
peal_slice peal_engine_handshake_field_at(
    const peal_engine_handshake *handshake, size_t index, peal_slice *value);
/* The same for the parameters of the query, both decoded, in their order. */
size_t peal_engine_handshake_param_count(
    const peal_engine_handshake *handshake);
peal_slice peal_engine_handshake_param_at(peal_engine_handshake *handshake,
                                          size_t index, peal_slice *value);
