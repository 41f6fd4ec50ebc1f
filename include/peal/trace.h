/* SPDX-License-Identifier: MIT */
#pragma once
/* trace: what a server's events are and cost, one by one: a function that is
 * told of each, lines in the log, ids by which a request is followed through
 * several services (OpenTelemetry; W3C Trace Context). Off as a rule, and then
 * it costs nothing; docs/guide/tracing.md.
 *
 * Example: examples/event_rules/main.c */
#include <peal/base.h>
#include <peal/server.h>
#include <peal/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which way an event goes. */
typedef enum peal_trace_way {
  PEAL_TRACE_IN, /* from a client, told when its handlers have returned */
  PEAL_TRACE_OUT /* to a client: once for each that a broadcast reaches */
} peal_trace_way;

/* What it is. */
typedef enum peal_trace_kind {
  PEAL_TRACE_EVENT,
  PEAL_TRACE_ACK,           /* an acknowledgement */
  PEAL_TRACE_CONNECT,       /* the client asks to join, or has joined */
  PEAL_TRACE_CONNECT_ERROR, /* it was refused */
  PEAL_TRACE_DISCONNECT     /* it leaves, or is sent away */
} peal_trace_kind;

/* Ids in lower-case hex, terminated; empty without peal_trace_opts.ids. */
typedef struct peal_trace_ids {
  char trace_id[33];  /* of all that belongs together */
  char span_id[17];   /* of this event */
  char parent_id[17]; /* of what it came from; empty: it began here */
} peal_trace_ids;

/* One event, or what else there is; borrowed. */
typedef struct peal_trace_record {
  peal_trace_way way;
  peal_trace_kind kind;
  peal_slice nsp;   /* with its slash */
  peal_slice event; /* its name; empty for all but events */
  peal_args args;   /* behind the name; of acknowledgements all; else none */
  const char *socket_id;
  size_t bytes;    /* of the packet, attachments included, before framing; 0 for
                      connecting and disconnecting */
  uint64_t cpu_ns; /* of the processor, in its handlers; 0 on the way out, and
                      for acknowledgements */
  peal_trace_ids ids; /* on the way out: of what is being handled */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[4];
} peal_trace_record;

/* Told on the worker of its socket. It may emit: what that sends is not told. */
typedef void (*peal_trace_fn)(const peal_trace_record *record, void *user);

/* {0} is nothing. */
typedef struct peal_trace_opts {
  peal_trace_fn fn; /* told of each event; NULL: nobody */
  void *user;       /* its last argument; used until peal_server_free */
  /* Lines in the log (level info, area "trace") for what this text names; NULL:
   * what the variable PEAL_TRACE of the environment names, otherwise none.
   * Words between commas:
   *
   *   all            everything
   *   in, out        this way alone
   *   nsp=/chat      of this namespace; several: of any of them
   *   event=chat     of this name; a `*` at its end: whatever begins so;
   *                  several: of any of them
   *   values=200     bytes of the values that are shown; default 100, 0: none
   *
   * What a client sends as `auth` is never shown; what events carry is, cut. */
  const char *log;
  /* Make ids: those that come in `traceparent` are gone on with: a member of the
   * event's last argument, otherwise the header of the session's first request.
   * All lines that the log says while an event is handled have its ids
   * (peal_log_record). */
  bool ids;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[4];
} peal_trace_opts;

/* Trace from now on, instead of what was said before; copied; NULL: nothing.
 * What it replaces may be told for a moment still on other workers, and each
 * call costs a kilobyte until peal_server_free.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_OPTION (`log` has a word that it
 * does not know), PEAL_ERR_NOMEM: it is as before. Thread: any. */
PEAL_API peal_err peal_server_trace(peal_server *server,
                                    const peal_trace_opts *opts);

#define PEAL_TRACE_PARENT_BYTES 56u /* "00-" trace id "-" span id "-01" */

/* The `traceparent` of what the calling thread handles, to be handed on with
 * what it asks of others. Spec: W3C Trace Context 3.2.
 * Returns false, and the empty text, if it handles nothing that has ids. Thread:
 * any. */
PEAL_API bool peal_trace_parent(char out[PEAL_TRACE_PARENT_BYTES]);

#ifdef __cplusplus
}
#endif
