/* SPDX-License-Identifier: MIT */
#pragma once
/* server_impl: the objects of the server and who owns them.
 *
 *   peal_server ── peal_nsp (one per name, shared by all workers)
 *        │             └─ peal_nsp_local (one per worker): sockets, rooms,
 *        │                handlers
 *        ├─ peal_parent (one per pattern or function): its children are
 *        │                namespaces, too
 *        └─ peal_server_local (one per worker): scratch, figures
 *   peal_server_client (one per engine connection) ── peal_socket (one per namespace)
 *
 * Sockets are removed only by events of their own connection or at the end of
 * the turn, never inside a call of a handler: so a broadcast may walk over
 * them. */
#include <stdatomic.h>

#include <peal/server.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "base/room_set.h"
#include "base/ticket_pool.h"
#include "engine/engine.h"
#include "engine/engine_conn.h"
#include "engine/sid_table.h"
#include "events/hook.h"
#include "net/on_worker.h"
#include "net/op_load.h"
#include "net/worker_impl.h"
#include "proto/sio_conn.h"
#include "server/figures.h"
#include "server/live_sessions.h"
#include "server/ref_table.h"

typedef struct peal_server_client peal_server_client;
typedef struct peal_pending_ack peal_pending_ack;
typedef struct peal_belongings peal_belongings;

/* -- the server --------------------------------------------------------------- */

/* All namespaces by name, and what makes them; under its lock, which nobody
 * holds while a function of the program's runs. */
typedef struct peal_nsp_table {
  uv_mutex_t lock;
  uv_mutex_t room_lock; /* of peal_nsp.rooms; the last one to be taken */
  bool has_lock, has_room_lock;
  bool is_over; /* all are freed, in whatever order */
  peal_map by_name;
  peal_list all;      /* peal_nsp.node: those in by_name */
  peal_list gone;     /* the same: ended, and not given back yet */
  peal_list shells;   /* the same: memory for other names (nsp_end) */
  peal_list parents;  /* peal_parent.node, in order of registration */
  peal_list watchers; /* nsp_watch; fixed before the run */
  unsigned parent_count;
} peal_nsp_table;

/* What events meet only where somebody asked for it. */
typedef enum peal_odd {
  PEAL_ODD_RATE = 1, /* there is a limit somewhere */
  PEAL_ODD_TRACE = 2
} peal_odd;

/* Of a worker (slow_handler). */
typedef struct peal_slow_handler {
  uint64_t look_ms; /* by the worker's clock: when to read the processor's */
  uint64_t look_ns; /* the same, exactly; UINT64_MAX: never */
  uint64_t base_ns; /* what was read last */
  uint64_t step_ns; /* between two readings */
  uint64_t limit_ns;
} peal_slow_handler;

typedef struct peal_server_local {
  peal_buf encode; /* scratch for encoding, reused */
  peal_sio_conn_opts sio;
  peal_figures figures;
  atomic_uint odd; /* bits of peal_odd, the same for all workers */
  peal_slow_handler slow;
  bool auto_ack;                /* the option */
  bool is_tracing;              /* the application is told of an event */
  peal_ticket_pool nexts;       /* peal_next */
  peal_ticket_pool replies;     /* peal_reply */
  peal_ticket_pool event_nexts; /* peal_event_next */
  peal_ref_table refs;          /* sockets that are referred to */
  peal_map values;              /* of clients that have some (session) */
  peal_live_sessions live;      /* for a store of recovery */
  uint16_t owed_at;             /* counts the looks at who is owed a reply */
} peal_server_local;

struct peal_server {
  peal_server_opts opts; /* not its strings: they were the caller's */
  const peal_mem *mem;
  const peal_parser *parser; /* NULL: the default one */
  peal_arena strings;        /* copies of the engine options' strings */
  peal_http_server *http;
  peal_workers *workers;
  peal_engine *engine;
  peal_logger *log;
  struct peal_client_files *files;
  struct peal_handover *handover;    /* NULL: not */
  struct peal_adapter *adapter;      /* to other nodes; NULL: there are none */
  struct peal_recovery *recovery;    /* here, in memory; NULL: not */
  struct peal_recovery_store *store; /* elsewhere, instead; NULL: not */
  struct peal_onlooker *onlooker;    /* NULL: nobody looks */
  peal_server_local *locals;
  peal_nsp_table spaces;
  peal_nsp *wildcard; /* serves all of them; NULL: nobody asked for it */
  unsigned worker_count;
  uint32_t seed;
  uint64_t key_seed; /* of conflation keys */
  bool owns_http;
  atomic_bool running;
  _Atomic(struct peal_tracing *) tracing; /* NULL: never asked for */
  char apart[PEAL_CACHE_LINE_BYTES];      /* all workers write what follows */
  peal_op_load load;
};

static inline peal_server_local *peal_server_local_of(
    peal_server *server, const peal_worker *worker) {
  return &server->locals[peal_worker_index(worker)];
}

/* What is on for one is on for all. Thread: any. */
static inline void peal_server_set_odd(peal_server *server, peal_odd bit,
                                       bool on) {
  for (unsigned i = 0; i < server->worker_count; i++)
    if (on)
      atomic_fetch_or_explicit(&server->locals[i].odd, bit,
                               memory_order_release);
    else
      atomic_fetch_and_explicit(&server->locals[i].odd, ~(unsigned)bit,
                                memory_order_release);
}

/* -- namespaces ------------------------------------------------------------------ */

/* Of one namespace on one worker. */
typedef struct peal_nsp_local {
  peal_nsp *nsp;
  peal_worker *worker;
  peal_server_local *home; /* of the worker */
  peal_sid_table sockets;  /* by peal_socket.id: members */
  peal_map rooms;          /* name -> peal_room */
  peal_list all;           /* peal_socket.node: members */
  peal_list pending;       /* peal_socket.node: not accepted (yet) */
  peal_hooks hooks;        /* registered functions */
  peal_flush sweep;        /* some of them were removed */
  size_t count;
  uint64_t next_ack; /* ids are the namespace's (reference 1.7) */
  uint64_t told;     /* events that handlers were told of */
  uint32_t epoch;    /* of peal_socket.visit, at most its maximum */
  bool is_open;      /* who sets it up has done so: sockets may come in */
  bool counts_rooms; /* somebody wants to hear of them (room_watch) */
  char offset[44];   /* of what was run last, by a store; or empty */
  /* No line of the cache is shared with the next one. */
  char apart[PEAL_CACHE_LINE_BYTES];
} peal_nsp_local;

/* Of its sockets, instead of the server's; written by any thread. */
typedef struct peal_nsp_rate {
  atomic_bool is_set;
  _Atomic uint32_t per_s, burst, policy;
} peal_nsp_rate;

struct peal_nsp {
  peal_server *server; /* the same for ever, whatever becomes of the rest */
  peal_nsp_rate rate;
  peal_nsp_local *locals;
  struct peal_parent *parent; /* it is one; or NULL */
  peal_nsp *child_of;         /* its parent; or NULL */
  peal_list node;             /* of the server's table */
  peal_list sibling;          /* of child_of's children */
  peal_list children;         /* of a parent: their siblings */
  uint32_t child_count;
  uint32_t serial;  /* another one for each namespace in this memory */
  atomic_uint uses; /* those who keep it from ending: sockets, sessions */
  atomic_uint refs; /* those who keep its memory */
  bool can_end;     /* uses and refs are counted */
  bool is_kept;     /* somebody has it for the life of the server */
  bool has_ended;
  bool end_is_told;
  bool is_shown; /* worker 0's: somebody is told of its events (admin_events) */
  size_t charged;     /* bytes, to the server's account */
  peal_map rooms;     /* while somebody listens (room_watch) */
  peal_mail opening;  /* from worker to worker (nsp_open) */
  peal_mail ending;   /* the same (nsp_end, which is its fn) */
  peal_flush burying; /* on each of them */
  size_t name_len;
  char name[]; /* terminated */
};

/* A function of sockets, which a parent has none of. */
static inline bool peal_nsp_has_sockets(const peal_nsp *nsp) {
  return nsp && !nsp->parent;
}

static inline peal_nsp_local *peal_nsp_local_of(peal_nsp *nsp,
                                                const peal_worker *worker) {
  return &nsp->locals[peal_worker_index(worker)];
}

/* Members on this worker. Thread: any. */
static inline size_t peal_nsp_local_count(const peal_nsp_local *local) {
  return __atomic_load_n(&local->count, __ATOMIC_RELAXED);
}

/* Does somebody watch what goes out? */
static inline bool peal_nsp_local_is_watched(const peal_nsp_local *local) {
  return local->hooks.chains[PEAL_HOOK_OUTGOING] != NULL;
}

/* -- clients and sockets ------------------------------------------------------------ */

struct peal_server_client {
  peal_engine_conn *conn; /* in whose block it stands */
  peal_sio_conn sio;
  int16_t failure; /* peal_err: to be closed for it at the end of the turn */
  bool close_asked : 1;
  bool is_reading : 1; /* the loop over the machine's events is on the stack */
  bool read_asked : 1; /* it is wanted at the end of the turn */
  bool has_values : 1; /* of sessions (session) */
  uint8_t given_up;    /* sockets that it left in the middleware */
  uint16_t owed_at;    /* when it was last found that a reply is owed to it */
};

typedef enum peal_socket_state {
  PEAL_SOCKET_PENDING,   /* in the middleware */
  PEAL_SOCKET_ACCEPTING, /* in the connect handlers */
  PEAL_SOCKET_CONNECTED,
  PEAL_SOCKET_LEAVING, /* peal_disconnect was called */
  PEAL_SOCKET_GONE     /* the disconnect handlers run, or it was refused */
} peal_socket_state;

typedef struct peal_ack_list {
  peal_pending_ack *first, *last; /* in order of emission */
  uint32_t count;
} peal_ack_list;

/* What few sockets have. */
typedef struct peal_socket_extra {
  struct peal_candidate *candidate; /* until it is accepted */
  struct peal_auth *auth;
  struct peal_socket_recovery *recovery; /* of a server that has it */
  struct peal_socket_long_name *name;    /* NULL: it is the id */
  peal_user_free_fn user_free;
  peal_belongings *belongings;
  peal_ack_list acks;
} peal_socket_extra;

#define PEAL_SOCKET_VISIT_MAX ((1u << 19) - 1)

struct peal_socket {
  peal_nsp_local *local;
  peal_server_client *client; /* NULL once the connection is gone */
  void *user;
  peal_list node;           /* in the namespace's all or pending */
  peal_room_set *rooms;     /* without its own; NULL: none */
  peal_socket_extra *extra; /* NULL: none */
  char id[21];
  uint32_t visit : 19;    /* epoch of the last selection that met it */
  uint32_t state : 3;     /* peal_socket_state */
  uint32_t has_rooms : 1; /* its own at least: from the connect handlers on */
  uint32_t is_member : 1; /* counted and reached by broadcasts: accepted, not
                             gone */
};

/* What an idle client costs here: a budget, kept small. */
_Static_assert(sizeof(peal_server_client) <= 112 && sizeof(peal_socket) <= 80,
               "peal_server_client or peal_socket has grown");

/* At the beginning of a function of a socket (net/on_worker). */
#define PEAL_ON_SOCKET(socket, instead)                                        \
  PEAL_ON_WORKER((socket) ? (socket)->local->worker : NULL, instead)

static inline peal_figures *peal_figures_of(const peal_socket *socket) {
  return &socket->local->home->figures;
}
