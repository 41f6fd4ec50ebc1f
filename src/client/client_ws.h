/* SPDX-License-Identifier: MIT */
#pragma once
/* client_ws: the WebSocket of a client's connection: dialled, asked for by a
 * GET with Upgrade, then frames both ways. What it sends it takes from the
 * session.
 * In the flow: client/client_engine -> [client_ws] -> net/dial, net/stream,
 * proto/http_conn, proto/ws_conn; messages go back. */
#include "client/client_engine_opts.h"
#include "net/worker_impl.h"
#include "proto/eio_client_answer.h"
#include "proto/eio_out.h"

typedef struct peal_client_ws peal_client_ws;

/* Never inside a call of the owner's; in each of them _free may be called. */
typedef struct peal_client_ws_callbacks {
  void (*on_open)(void *user);
  /* `data` is borrowed for the callback. */
  void (*on_message)(void *user, bool binary, peal_slice data);
  /* Something of the session's has left. */
  void (*on_sent)(void *user);
  /* Once and last: it is gone, or could not be opened; to be freed, here at the
   * latest. `answer` is borrowed for
   * the callback; its status is 0 if it was open. */
  void (*on_close)(void *user, const peal_eio_client_answer *answer);
} peal_client_ws_callbacks;

/* `opts`, `callbacks` and `session` are borrowed for life; `target` is copied.
 * Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_client_ws *peal_client_ws_open(
    peal_worker *worker, const peal_client_engine_opts *opts,
    peal_eio_session *session, peal_slice target,
    const peal_client_ws_callbacks *callbacks, void *user);
/* The session has something for it. */
void peal_client_ws_flush(peal_client_ws *ws);
/* Would it leave now? */
bool peal_client_ws_is_blocked(const peal_client_ws *ws);
/* Bytes that are the session's no longer, and have not left. */
size_t peal_client_ws_queued_bytes(const peal_client_ws *ws);
/* Close it in order: on_close comes. */
void peal_client_ws_shut(peal_client_ws *ws);
/* At once; nothing is told any more. NULL is a no-op. */
void peal_client_ws_free(peal_client_ws *ws);
