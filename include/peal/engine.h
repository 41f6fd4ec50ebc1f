/* SPDX-License-Identifier: MIT */
#pragma once
/* engine: what Engine.IO sessions are told and ask, whoever stands on them:
 * transports, full queues, the cookie, allow_request and the header hook. The
 * options that hold these are in <peal/server.h>.
 *
 * A session is one client, whatever transport it is on and in however many
 * namespaces it is. Where the things below have their place in its life:
 *
 *   a request without a session id
 *      |   transport allowed?                 no: refused, code 0
 *      |   origin allowed (peal_cors_opts)?   no: refused, code 4
 *      v
 *   allow_request                             no: refused, code 4
 *      |   version 4?                         no: refused, code 5
 *      |   room (max_clients, memory)?        no: 503
 *      v
 *   the session begins: on_headers with `initial`, the cookie
 *      |
 *      +-- further answers: on_headers
 *      +-- every message to it: its queue, and the policy when that is full
 *      v
 *   its end: the sockets of the client are told why
 *
 * Refused over polling: {"code":N,"message":TEXT} with 403 for code 4,
 * otherwise 400. Refused as a WebSocket: 400 with the text alone (both as the
 * reference does). */
#include <peal/base.h>
#include <peal/http.h>
#include <peal/ws.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a client may connect over; bits, of which 0 means both. With polling
 * alone a client is never asked to upgrade; with WebSocket alone polling is
 * refused (reference: transports). */
typedef enum peal_transport {
  PEAL_TRANSPORT_POLLING = 1,  /* GET that waits, POST that brings */
  PEAL_TRANSPORT_WEBSOCKET = 2 /* from the start, or by upgrade */
} peal_transport;

/* A cookie with the session id on the first polling answer, for proxies that
 * send a client to the same server by it (reference: cookie). Peal itself never
 * reads it. {0}: none. The texts are copied by who gets the options.
 * Spec: RFC6265 4.1. */
typedef struct peal_server_cookie {
  const char *name;      /* NULL: no cookie; the reference's name is "io" */
  const char *path;      /* default "/"; "" leaves Path out */
  bool no_http_only;     /* pages' scripts may read it */
  const char *same_site; /* default "Lax"; "Strict", or "None" with `secure` */
  bool secure;           /* only over TLS */
  uint32_t max_age_s;    /* default: a session cookie */
} peal_server_cookie;

/* An answer to allow_request; give exactly one, now or later, on the request's
 * worker; the request is gone with it. The first counts, a second one within
 * five minutes behind it changes nothing. If the client goes away meanwhile, the
 * answer is still due and has no effect. No time limit runs while it is due. */
typedef struct peal_allow peal_allow;
/* May this client begin a session? `req` has its head: cookies, tokens in the
 * query, the address; it is borrowed until the answer, not to be answered with
 * the functions of <peal/http.h>. Asked for each handshake, not for an upgrade
 * of a session that there is (reference: allowRequest). */
typedef void (*peal_allow_fn)(peal_http_req *req, peal_allow *allow,
                              void *user);
/* Where a header hook puts fields; borrowed until it returns. */
typedef struct peal_headers peal_headers;
/* Fields for an answer that is about to be sent, a WebSocket's 101 included;
 * `initial`: it is the first one of a session (reference: events
 * initial_headers and headers). `req` can be read only. */
typedef void (*peal_headers_fn)(const peal_http_req *req, bool initial,
                                peal_headers *out, void *user);

/* Let the client in: the session begins inside this call. NULL: nothing. */
PEAL_API void peal_allow_accept(peal_allow *allow);
/* Turn the client away, code 4 with this message, which is copied; NULL:
 * "Forbidden". The client may try again: say nothing in it that helps to guess.
 * `allow` NULL: nothing. */
PEAL_API void peal_allow_refuse(peal_allow *allow, const char *message);
/* Add a field, behind those of CORS; one of the same name stands beside an
 * earlier one. Both texts are copied.
 * Fields that the server writes itself (peal_http_answer_header) are not to be
 * added: over polling that is PEAL_ERR_USAGE, of a 101 it spoils the answer.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (also: no token, control characters),
 * PEAL_ERR_NOMEM. Spec: RFC9110 5. */
PEAL_API peal_err peal_headers_add(peal_headers *headers, const char *name,
                                   const char *value);

#ifdef __cplusplus
}
#endif
