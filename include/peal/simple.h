/* SPDX-License-Identifier: MIT */
#pragma once
/* simple: a Socket.IO client for programs that go from top to bottom: no loop,
 * no callback, each call waits. What python-socketio has as SimpleClient.
 *
 *   peal_simple *simple;
 *   peal_client_problem why;
 *   if (peal_simple_open(&simple, &opts, &why))
 *     return complain(why.text);
 *   peal_simple_emit(simple, "hello", PEAL_ARGS(peal_str("world")));
 *   while (peal_simple_receive(simple, PEAL_OFF, &doc) == PEAL_OK)
 *     …                         [event, …arguments]
 *   peal_simple_close(simple);
 *
 * It is a peal_client on a thread of its own. While that reconnects the calls
 * wait; when it has gone for good they say PEAL_ERR_CLOSED.
 *
 * All functions but peal_simple_close may be called from several threads at the
 * same time. Without an object (NULL) nothing happens: the result is
 * PEAL_ERR_USAGE, NULL or "".
 *
 * Example: examples/client_call/main.c */
#include <peal/client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct peal_simple peal_simple;

/* What happens to an event for which there is no room in the inbox. */
typedef enum peal_simple_full {
  PEAL_SIMPLE_DROP_OLDEST, /* of those that wait there */
  PEAL_SIMPLE_DROP_NEWEST
} peal_simple_full;

/* Options; only client.url is needed. */
typedef struct peal_simple_opts {
  peal_client_opts client;  /* without `worker` */
  peal_val auth;            /* an object; copied. {0}: none */
  uint32_t open_timeout_ms; /* of peal_simple_open; default 5000; PEAL_OFF: as
                               long as it takes */
  bool retry_first; /* a first connection that fails is tried again, until
                       open_timeout_ms */
  uint32_t max_inbox_events; /* default 10000; PEAL_OFF: no limit but the
                                next */
  size_t max_inbox_bytes;    /* as they lie in memory; default 8 MiB */
  peal_simple_full inbox_full;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_simple_opts;

/* Connect to the namespace in the URL, and wait until that is done. `why` may be
 * NULL.
 * Returns: PEAL_OK; PEAL_ERR_TIMEOUT; PEAL_ERR_REFUSED (by the server); why no
 * connection could be made; as peal_client_new; *out is NULL on errors.
 * Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_simple_open(peal_simple **out,
                                                   const peal_simple_opts *opts,
                                                   peal_client_problem *why);
/* Send an event; while it reconnects wait until that is done.
 * Returns: PEAL_OK, PEAL_ERR_CLOSED, as peal_client_emit. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_simple_emit(peal_simple *simple,
                                                   const char *event,
                                                   peal_args args);
/* Send an event and wait for its acknowledgement: `timeout_ms` from when it was
 * sent, 0: 60000. *answer (may be NULL) gets the arguments as an array; the
 * caller's, by peal_doc_free. It is sent once: PEAL_ERR_CLOSED also if the
 * connection was lost meanwhile, and nobody knows whether it has arrived.
 * Returns: PEAL_OK, PEAL_ERR_TIMEOUT, PEAL_ERR_CLOSED, as peal_client_emit.
 * Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_simple_call(peal_simple *simple,
                                                   const char *event,
                                                   peal_args args,
                                                   uint32_t timeout_ms,
                                                   peal_doc **answer);
/* The next event that has come, in order: an array of its name and its
 * arguments; the caller's, by peal_doc_free. Waits for at most `timeout_ms` (0:
 * not at all, PEAL_OFF: as long as it takes). One that asks for an
 * acknowledgement has got an empty one when it came.
 * Returns: PEAL_OK; PEAL_ERR_TIMEOUT; PEAL_ERR_CLOSED: nothing waits and
 * nothing will come. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_simple_receive(peal_simple *simple,
                                                      uint32_t timeout_ms,
                                                      peal_doc **out);
/* How many events were dropped for want of room. Thread: any. */
PEAL_API uint64_t peal_simple_dropped(peal_simple *simple);
/* Its id at the server, "" while it is not connected. Copied into `out`, which
 * has `cap` bytes, cut if it is longer. Returns `out`, or "" without one.
 * Thread: any. */
PEAL_API const char *peal_simple_sid(peal_simple *simple, char *out,
                                     size_t cap);
/* "polling", "websocket", or "" while it is not connected. Thread: any. */
PEAL_API const char *peal_simple_transport(peal_simple *simple);
/* For all that is not here. Its handlers run on the thread of the client.
 * Borrowed. Thread: any. */
PEAL_API peal_client_nsp *peal_simple_nsp(peal_simple *simple);
/* Disconnect, send what waits (at most 2 s), and free it with all that waits in
 * the inbox. No other call may be under way. Thread: any but the client's. */
PEAL_API void peal_simple_close(peal_simple *simple);

#ifdef __cplusplus
}
#endif
