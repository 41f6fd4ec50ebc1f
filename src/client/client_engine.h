/* SPDX-License-Identifier: MIT */
#pragma once
/* client_engine: one Engine.IO 4 connection of a client, from the dialling to
 * its close: long polling, WebSocket, the upgrade from one to the other.
 * In the flow: net/dial, net/stream -> [client_engine] -> client/client, and
 * back; what it does decides proto/eio_client, which it executes:
 *
 *   eio_client --GET, POST--> client_http --+
 *        |                                  +--> net/dial, net/stream
 *        +-----WebSocket----> client_ws ----+
 *
 * It never calls from inside a call of its owner; from inside its callbacks
 * every function may be called, _free included. Thread: worker. */
#include "client/client_engine_opts.h"
#include "net/worker_impl.h"
#include "proto/eio_client.h"

typedef struct peal_client_engine peal_client_engine;

/* What the handshake said. Borrowed for the callback. */
typedef struct peal_client_engine_hello {
  const char *sid;
  bool is_websocket; /* opened directly by one */
} peal_client_engine_hello;

/* None of them may be NULL but the last. */
typedef struct peal_client_engine_callbacks {
  /* Once, before all but on_close. */
  void (*on_open)(void *user, const peal_client_engine_hello *hello);
  /* `data` is borrowed for the callback. */
  void (*on_message)(void *user, bool binary, peal_slice data);
  void (*on_upgrade)(void *user); /* the WebSocket is the way now */
  void (*on_ping)(void *user);    /* the server's heartbeat */
  void (*on_drain)(void *user);   /* _send had refused, or _queued_bytes passed
                                     1 MiB, and nothing waits any more */
  /* Exactly once and last; the engine is to be freed, here or later. `reason`:
   * PEAL_CLIENT_LEFT if it was asked for. `text`: which step, in words for
   * people (borrowed, never NULL; "" if nothing was wrong). */
  void (*on_close)(void *user, peal_client_reason reason, peal_err err,
                   const char *text);
  /* _queued_bytes has become less: something has left. To take note of, and
   * for nothing else. */
  void (*on_left)(void *user);
} peal_client_engine_callbacks;

/* Begin to connect. Returns NULL if memory is out (or the account's ceiling is
 * reached). */
PEAL_MUST_CHECK peal_client_engine *peal_client_engine_open(
    peal_worker *worker, const peal_client_engine_opts *opts,
    const peal_client_engine_callbacks *callbacks, void *user);
/* Queue a message: its text, and its attachments behind it (a reference is
 * taken). Before on_open it waits.
 * Returns: PEAL_OK; PEAL_ERR_CLOSED; PEAL_ERR_NOMEM; PEAL_ERR_QUEUE_FULL: not
 * queued. */
PEAL_MUST_CHECK peal_err peal_client_engine_send(peal_client_engine *engine,
                                                 const peal_eio_item *item);
/* Would a message leave at once? Decides over volatile ones, as the reference:
 * it is open, polling has no POST under way, a WebSocket is not blocked. */
bool peal_client_engine_is_writable(const peal_client_engine *engine);
/* "polling", "websocket", or "" before on_open and behind on_close. */
const char *peal_client_engine_transport(const peal_client_engine *engine);
/* "" before on_open. Borrowed for the life of the engine. */
const char *peal_client_engine_sid(const peal_client_engine *engine);
/* What waits to be sent, a POST's body that is not answered included. */
size_t peal_client_engine_queued_bytes(const peal_client_engine *engine);
/* Is the server's ping overdue, though no timer has said so yet (the process
 * slept)? Then it is as good as gone: on_close follows in this turn. */
bool peal_client_engine_has_ping_expired(peal_client_engine *engine,
                                         uint64_t now_ms);
/* In order: a running upgrade ends, what is queued leaves, then the close
 * packet or a close frame; on_close comes, after close_timeout_ms at the
 * latest. */
void peal_client_engine_close(peal_client_engine *engine);
/* At once; no callback comes any more. NULL is a no-op. */
void peal_client_engine_free(peal_client_engine *engine);
