/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_calls: requests to other services (models, notifiers, other programs) by
 * libcurl, on a worker's own loop: no thread, no waiting.
 *
 *   peal_kit_call_start --> waiting --> trying --first piece--> streaming
 *                              |         |  ^                       |
 *                              |         v  | 429, 5xx, no connection
 *                              |       pausing                      |
 *                              +-- cancel: gone, no callback        v
 *                                                        on_end, exactly once
 *
 * Only answers of status 2xx are given to `on_piece`, piece by piece as they
 * come. Before the first piece a call that failed for reasons that pass is tried
 * again, after a pause that doubles, or that the server asked for (Retry-After);
 * after it never: what has been shown cannot be taken back. Certificates are
 * verified, redirects are not followed (they would carry the key elsewhere), and
 * neither addresses nor headers are logged.
 *
 * All functions: on the worker of the calls, or before and after the run. From
 * inside of callbacks everything is allowed. */
#include <peal/base.h>
#include <peal/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The calls of one worker, with their connections. */
typedef struct peal_kit_calls peal_kit_calls;
/* One of them; gone when on_end has returned, and when it was cancelled. */
typedef struct peal_kit_call peal_kit_call;

/* Options; {0} are the defaults. Texts are copied. */
typedef struct peal_kit_calls_opts {
  uint32_t max_running;   /* at once, pauses included; default 16 */
  uint32_t max_waiting;   /* behind them; default 256 */
  uint32_t connect_ms;    /* for name, connection and TLS; default 5000 */
  const char *user_agent; /* default "peal/<version>" */
  const char *ca_file; /* instead of the system's certificates; NULL: those */
  /* 0: for what comes. */
  uintptr_t reserved[8];
} peal_kit_calls_opts;

/* Returns NULL if memory is out, or libcurl cannot be had. */
PEAL_API PEAL_MUST_CHECK peal_kit_calls *peal_kit_calls_new(
    peal_worker *worker, const peal_kit_calls_opts *opts);
/* Cancel what there is (on_end is called with PEAL_ERR_CANCELLED), close the
 * connections. While the worker runs: on it, at the latest in its on_stop. NULL
 * is a no-op. */
PEAL_API void peal_kit_calls_free(peal_kit_calls *calls);

/* How a call has ended; borrowed until on_end returns. */
typedef struct peal_kit_call_end {
  /* PEAL_OK: a 2xx, whole. PEAL_ERR_REFUSED: another status. PEAL_ERR_HOST,
   * _CONNECT, _CERT, _TLS_PEER: no connection. PEAL_ERR_TIMEOUT: silence, or
   * too slow. PEAL_ERR_TOO_LONG: over max_bytes. PEAL_ERR_CLOSED: it broke off.
   * PEAL_ERR_ANSWER: no HTTP. PEAL_ERR_CANCELLED: peal_kit_calls_free.
   * PEAL_ERR_NOMEM. */
  peal_err err;
  const char *message;     /* in words, static, nothing of the server's text */
  int status;              /* of the last answer; 0: there was none */
  uint32_t tries;          /* 0: it was never begun */
  uint32_t retry_after_ms; /* what the last answer asked for */
  uint64_t bytes;          /* that on_piece was given, or of `whole` */
  peal_slice whole;        /* with is_whole, and PEAL_OK: the answer */
} peal_kit_call_end;

/* A piece of the answer, borrowed. */
typedef void (*peal_kit_call_piece_fn)(peal_kit_call *call, peal_slice piece,
                                       void *user);
/* It is over. `call` is gone when this returns. */
typedef void (*peal_kit_call_end_fn)(peal_kit_call *call,
                                     const peal_kit_call_end *end, void *user);

/* What is asked. Texts and body are copied; `url` is needed. */
typedef struct peal_kit_call_opts {
  const char *method; /* NULL: POST with a body, else GET */
  const char *url;    /* http or https */
  /* "Name: value", NULL-terminated, up to 32; NULL: none. Wiped afterwards. */
  const char *const *headers;
  peal_slice body;
  peal_kit_call_piece_fn on_piece; /* NULL: the answer does not matter */
  peal_kit_call_end_fn on_end;     /* NULL: neither does the end */
  void *user;
  /* Keep the answer and give it at the end, in place of on_piece: so a try that
   * broke off in the middle is made again, too. */
  bool is_whole;
  uint32_t timeout_ms;  /* of one try in all; 0: none, which is for streams */
  uint32_t stall_ms;    /* slower than stall_bytes in such a time is a failure,
                           the wait for the first byte included; default 30000 */
  uint32_t stall_bytes; /* default 1 */
  uint32_t retries;     /* tries after the first; default 2; PEAL_OFF: none */
  uint32_t backoff_ms;  /* the first pause, doubling up to 8 s; default 500 */
  uint32_t max_retry_after_ms; /* who asks for more is not waited for; default
                                  30000 */
  uint64_t max_bytes;          /* of the answer; default 1 MiB */
  /* 0: for what comes. */
  uintptr_t reserved[8];
} peal_kit_call_opts;

/* Ask. Never calls back inside of this call. `out` may be NULL.
 * Returns: PEAL_OK; PEAL_ERR_USAGE (no url, another scheme, a line break in url
 * or headers, too many of them, reserved words), PEAL_ERR_QUEUE_FULL
 * (max_waiting), PEAL_ERR_CLOSED (being freed), PEAL_ERR_NOMEM. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_call_start(
    peal_kit_calls *calls, const peal_kit_call_opts *opts, peal_kit_call **out);
/* Never mind: no callback comes any more, and what is on its way is cut: its
 * connection is closed. The call is gone. NULL is a no-op. */
PEAL_API void peal_kit_call_cancel(peal_kit_call *call);

/* Figures as of now, and since the beginning. */
typedef struct peal_kit_calls_stats {
  uint32_t running, waiting;      /* now */
  uint64_t done, failed, retries; /* so far */
} peal_kit_calls_stats;

PEAL_API void peal_kit_calls_stats_get(const peal_kit_calls *calls,
                                       peal_kit_calls_stats *out);

#ifdef __cplusplus
}
#endif
