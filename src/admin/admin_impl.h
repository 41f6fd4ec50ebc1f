/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_impl: the admin side of a server, for the files of admin/ alone.
 *
 *   server/onlooker ──> admin_watch ──> admin_feed ──> the admin namespace
 *   handlers for all events ──> admin_events ──┘           │
 *                       admin_clock: figures, picture ─────┤
 *   admin_orders <── commands of the page ─────────────────┘
 *
 *   admin_page: the status page ──> admin_report: what it shows
 *   admin_auth: who may look, for both
 *
 * What is told while somebody looks is encoded on the worker where it happened.
 * The clock, the picture of a server that fell behind and the reports are worker
 * 0's. */
#include <stdatomic.h>

#include <pthread.h>

#include <peal/admin.h>

#include "admin/admin_auth.h"
#include "admin/admin_limits.h"
#include "net/worker_impl.h"
#include "server/onlooker.h"
#include "server/server_impl.h"

typedef struct peal_admin_note peal_admin_note;
typedef struct peal_admin_viewer peal_admin_viewer;
typedef struct peal_admin_report peal_admin_report;

/* Of one worker. */
typedef struct peal_admin_local {
  peal_admin *admin;
  peal_worker *worker;
  /* What is to be told in the next step (admin_feed). */
  peal_admin_note *first, **last;
  peal_mail flush;
  bool is_posted;
  uint64_t second; /* of the two that follow */
  uint32_t told;
  size_t told_bytes;
  uint64_t lost;     /* refused and dropped, when a queue was empty last */
  bool is_fetching;  /* a picture is being made (admin_picture) */
  peal_list viewers; /* of the status page: peal_admin_viewer.node */
  /* Sessions that ended, by peal_reason. Read by worker 0. */
  char apart[PEAL_CACHE_LINE_BYTES];
  _Atomic uint64_t ended[PEAL_ADMIN_REASONS];
} peal_admin_local;

/* What was counted by a moment. */
typedef struct peal_admin_counts {
  uint64_t connections, packets_in, packets_out, bytes_in, bytes_out;
  uint64_t ended[PEAL_ADMIN_REASONS];
} peal_admin_counts;

struct peal_admin {
  peal_onlooker onlooker; /* first */
  peal_admin_opts opts;   /* with defaults; its strings are in `strings` */
  peal_server *server;
  const peal_mem *mem;
  peal_arena strings;
  peal_nsp *nsp;
  peal_admin_local *locals;
  peal_admin_auth auth;
  char hostname[65];
  const char *stats_key; /* of conflated server_stats */
  int64_t pid;
  uint64_t began_ms;
  /* Those who are connected to the namespace here; with those of other nodes:
   * is anybody? */
  atomic_uint lookers;
  atomic_bool is_looked;
  atomic_bool is_stale;  /* something was left out of what was told */
  atomic_uint viewers;   /* of the status page, here */
  atomic_bool is_waking; /* `wake` is on its way */
  peal_mail wake;

  /* Of worker 0: the clock. */
  peal_timer *clock;
  bool is_running;      /* the clock is */
  bool is_counting;     /* those who look at all nodes */
  size_t far_count;     /* them, as of the last answer */
  uint64_t far_look_ms; /* until then another node says that somebody looks */
  bool is_over;         /* the run ends: it does not begin any more */
  bool has_events;      /* the handlers for all events are registered */
  uint64_t stats_due_ms, picture_due_ms;
  peal_admin_counts before;  /* what was told of already */
  peal_build *buffer;        /* of `seconds` */
  peal_items *seconds;       /* aggregatedEvents since the last server_stats */
  peal_admin_report *report; /* being made; NULL: none */
  peal_list asks;            /* for a report: peal_admin_ask.node */
  size_t ask_count;
};

static inline peal_admin_local *peal_admin_local_of(peal_admin *admin,
                                                    const peal_worker *worker) {
  return &admin->locals[peal_worker_index(worker)];
}

/* Does anybody want to hear of each socket and room? */
static inline bool peal_admin_is_looked(const peal_admin *admin) {
  return admin->opts.mode == PEAL_ADMIN_DEVELOPMENT &&
         atomic_load_explicit(&admin->is_looked, memory_order_relaxed);
}
