/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_use: what stands in front of the sessions of a server, Socket.IO or raw:
 * functions that see every request of its path, and functions that hear of every
 * request that was refused.
 *
 *   a request of the path, a WebSocket's too, with a session id or without
 *      |   origin (peal_cors_opts), preflights, files of the client
 *      v
 *   peal_server_use, one function after the other       no: refused, code 3
 *      v
 *   what <peal/engine.h> draws: transport, session, allow_request, version
 *      |
 *      +-- refused with a code:  peal_server_on_connection_error
 *
 * Both cost nothing where nobody has registered anything. */
#include <peal/base.h>
#include <peal/engine.h>
#include <peal/http.h>
#include <peal/server.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- in front of every request --------------------------------------------- */

/* An answer to one function about one request; give exactly one, now or later,
 * on the request's worker. The first counts, a second one within five minutes
 * changes nothing; if the client has gone meanwhile, the answer is due and has
 * no effect. No time limit runs while it is due. */
typedef struct peal_engine_next peal_engine_next;
/* May this request go on? `req` is borrowed until the answer: all functions of
 * <peal/http.h> that read its head may be called, and peal_http_answer_header
 * adds a field to its answer, a WebSocket's 101 included; it is not to be
 * answered otherwise. */
typedef void (*peal_engine_use_fn)(peal_http_req *req, peal_engine_next *next,
                                   void *user);
/* Call `fn` for every request that is for a session, or begins one (reference:
 * engine.use); a preflight, and the files of the client, are answered before.
 * Before the run; several in the order of their registration.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (it runs), PEAL_ERR_NOMEM. Thread: the one that
 * sets up. */
PEAL_API peal_err peal_server_use(peal_server *server, peal_engine_use_fn fn,
                                  void *user);
/* The same of a raw server. Thread: the one that sets up. */
PEAL_API peal_err peal_engine_server_use(peal_engine_server *server,
                                         peal_engine_use_fn fn, void *user);
/* It goes on, to the next function or to its session. NULL: nothing. */
PEAL_API void peal_engine_next_ok(peal_engine_next *next);
/* It is answered with this status (0, or none of 400 to 599: 400) and these
 * words, which are copied (NULL: "Bad request"): as {"code":3,"message":…}, of a
 * WebSocket the words alone. A session that there is stays. NULL: nothing. */
PEAL_API void peal_engine_next_refuse(peal_engine_next *next, unsigned status,
                                      const char *message);

/* -- what was refused ------------------------------------------------------- */

/* A request that was refused (reference: connection_error); all is borrowed
 * until the function returns. */
typedef struct peal_connection_error {
  unsigned code;       /* 0 to 5, as the reference */
  const char *message; /* that of the code: "Transport unknown", "Session ID
                          unknown", "Bad handshake method", "Bad request",
                          "Forbidden", "Unsupported protocol version" */
  const char *text;    /* what was answered, if that is something else; or "" */
  /* Of code 3: "TRANSPORT_MISMATCH", "PROTOCOL_MISMATCH",
   * "TRANSPORT_HANDSHAKE_ERROR", "MIDDLEWARE_FAILURE"; otherwise "". */
  const char *name;
  peal_slice transport; /* as the query has it; NULL ptr: it is not there */
  peal_slice sid;       /* the same */
  peal_slice method;
  unsigned protocol; /* the version that it asks for: EIO of the query; 3: it is
                         not there, or no number */
  bool is_websocket; /* it asked for one */
  peal_http_req *req; /* to be asked and not to be answered */
} peal_connection_error;

typedef void (*peal_connection_error_fn)(const peal_connection_error *error,
                                         void *user);
/* Call `fn` on its worker for each request that is refused with a code, before it
 * is answered; before the run; several in the order of their registration.
 * Anybody can make it be called: whoever writes to a log there has a limit.
 * Returns: as peal_server_use. Thread: the one that sets up. */
PEAL_API peal_err peal_server_on_connection_error(peal_server *server,
                                                  peal_connection_error_fn fn,
                                                  void *user);
/* The same of a raw server. Thread: the one that sets up. */
PEAL_API peal_err peal_engine_server_on_connection_error(
    peal_engine_server *server, peal_connection_error_fn fn, void *user);

#ifdef __cplusplus
}
#endif
