/* SPDX-License-Identifier: MIT */
#pragma once
/* engine: what Engine.IO sessions are told and ask, whoever stands on them:
 * transports, full queues, the cookie, allow_request and the header hook. The
 * options that hold these are in <peal/server.h>. */
#include <peal/base.h>
#include <peal/http.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bits; 0 means both. */
typedef enum peal_transport {
  PEAL_TRANSPORT_POLLING = 1,
  PEAL_TRANSPORT_WEBSOCKET = 2
} peal_transport;

/* What happens when a client's send queue has no room for a message. Before
 * that, what waits is written as far as the client takes it, also in the
 * middle of a turn; into an empty queue any message fits. */
typedef enum peal_queue_policy {
  PEAL_QUEUE_CLOSE,       /* default: the client goes, reason "slow consumer" */
  PEAL_QUEUE_DROP_NEWEST, /* the emit returns PEAL_ERR_QUEUE_FULL */
  PEAL_QUEUE_DROP_OLDEST  /* the oldest queued events make room;
                             acknowledgements are kept */
} peal_queue_policy;

/* A cookie with the session id on the first polling answer. {0}: none. */
typedef struct peal_server_cookie {
  const char *name; /* NULL: no cookie; the reference's name is "io" */
  const char *path; /* default "/"; "" leaves Path out */
  bool no_http_only;
  const char *same_site; /* default "Lax" */
  bool secure;
  uint32_t max_age_s; /* default: a session cookie */
} peal_server_cookie;

/* An answer to allow_request; give exactly one, now or later, on the request's
 * worker; the request is gone with it. The first counts, a second one within
 * five minutes behind it changes nothing; if the client goes away meanwhile, the
 * answer is still due and has no effect. */
typedef struct peal_allow peal_allow;
typedef void (*peal_allow_fn)(peal_http_req *req, peal_allow *allow,
                              void *user);
/* Where a header hook puts fields. */
typedef struct peal_headers peal_headers;
/* `initial`: the first answer of a session. */
typedef void (*peal_headers_fn)(const peal_http_req *req, bool initial,
                                peal_headers *out, void *user);

/* NULL is allowed. */
PEAL_API void peal_allow_accept(peal_allow *allow);
/* `message` is copied; NULL: "Forbidden". Answered with 403 and code 4. */
PEAL_API void peal_allow_refuse(peal_allow *allow, const char *message);
/* Copied. Returns: PEAL_OK, PEAL_ERR_USAGE (bad name or value),
 * PEAL_ERR_NOMEM. */
PEAL_API peal_err peal_headers_add(peal_headers *headers, const char *name,
                                   const char *value);

#ifdef __cplusplus
}
#endif
