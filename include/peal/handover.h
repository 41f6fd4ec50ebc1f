/* SPDX-License-Identifier: MIT */
#pragma once
/* handover: a new process of a program takes over from the one that runs, with
 * its listening sockets and its clients, who notice nothing: no connection is
 * refused, no session ends, no event is lost or comes twice. The option
 * `handover` of peal_server_opts names a path that both know; the new process
 * is started beside the old one, which ends by itself.
 *
 *   old: runs ── asked by the new one ── hands over ── the rest drains ── ends
 *   new:         peal_server_new ── peal_server_run ── goes on with them
 *
 * Which functions run, and what travels: docs/guide/restarting.md.
 *
 * Example: examples/restart/main.c */
#include <peal/base.h>
#include <peal/server.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Something about a socket in a handover. */
typedef void (*peal_handover_fn)(peal_socket *socket, void *user);

/* Registered and removed as all functions of a namespace (<peal/server.h>), with
 * the same results. */

/* In the process that goes: call `fn` for each socket that is about to be handed
 * over, connected still and in its rooms: what the next process is to know of it
 * is put into peal_socket_set_data here. The socket may stay after all, and
 * `fn` be called for it again. Behind it no disconnect handler runs, but the
 * function of peal_socket_set_user_free. Thread: any. */
PEAL_API peal_err peal_on_handover(peal_nsp *nsp, peal_handover_fn fn,
                                   void *user);
/* The reverse, as peal_off. Thread: any. */
PEAL_API peal_err peal_off_handover(peal_nsp *nsp, peal_handover_fn fn,
                                    void *user);
/* In the process that comes: call `fn` for each socket that has come, connected
 * and in its rooms, with its data; instead of middleware and connect handlers,
 * which ran elsewhere. The place to set its user pointer, timers and handlers
 * of its own. Thread: any. */
PEAL_API peal_err peal_on_adopted(peal_nsp *nsp, peal_handover_fn fn,
                                  void *user);
/* The reverse, as peal_off. Thread: any. */
PEAL_API peal_err peal_off_adopted(peal_nsp *nsp, peal_handover_fn fn,
                                   void *user);

/* How handovers went in this process. */
typedef struct peal_handover_stats {
  bool has_taken;            /* it took over from another one */
  uint64_t sessions_taken;   /* from there */
  uint64_t sessions_refused; /* of them, those that could not go on: closed */
  uint64_t links_taken;      /* connections of HTTP, between two requests */
  uint64_t sessions_given;   /* to the next one */
  uint64_t sessions_kept; /* did not come to rest in time: told to come back */
  uint64_t links_given;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_handover_stats;

/* All zero without a server, or without the option. Thread: any. */
PEAL_API void peal_handover_stats_get(peal_server *server,
                                      peal_handover_stats *out);

#ifdef __cplusplus
}
#endif
