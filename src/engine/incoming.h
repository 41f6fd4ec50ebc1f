/* SPDX-License-Identifier: MIT */
#pragma once
/* incoming: what a request to the engine asks for, and whether it may: the
 * checks of the reference in its order (1.3). */
#include "engine/engine_conn_impl.h"

/* Codes of the reference (1.3). */
typedef enum peal_incoming_code {
  PEAL_INCOMING_OK = -1,
  PEAL_INCOMING_TRANSPORT_UNKNOWN = 0,
  PEAL_INCOMING_SID_UNKNOWN = 1,
  PEAL_INCOMING_BAD_METHOD = 2,
  PEAL_INCOMING_BAD_REQUEST = 3,
  PEAL_INCOMING_FORBIDDEN = 4,
  PEAL_INCOMING_BAD_VERSION = 5
} peal_incoming_code;

typedef struct peal_incoming {
  peal_engine *engine;
  peal_http_req *req;
  peal_engine_conn *conn; /* of the sid, if there is one */
  peal_eio_via via;
  bool is_upgrade;
  bool has_sid;
  const char *why; /* it is a bad request, in the reference's words; NULL */
} peal_incoming;

/* Transport, then sid, or method. Sets via, has_sid, conn. */
peal_incoming_code peal_incoming_check(peal_incoming *incoming);
/* As the reference: all that is not version 4. */
bool peal_incoming_is_eio3(const peal_incoming *incoming);
/* Its version, which comes last. */
bool peal_incoming_is_spoken(const peal_incoming *incoming);
/* Enforced on both transports, not only announced. */
bool peal_incoming_is_origin_allowed(const peal_incoming *incoming);
/* Binary as base64 text is asked for. */
bool peal_incoming_wants_base64(const peal_incoming *incoming);
