/* SPDX-License-Identifier: MIT */
#pragma once
/* hook: the registered functions of one namespace as one worker sees them: a
 * chain for each kind, and one for each event name; of a server's namespace or
 * of a client's. Each worker has its own, read and changed on its thread alone:
 * no lock, no atomic on the way to a handler.
 *
 * They may be changed while they are called. One that is added is not called
 * for what is being told just now; one that is removed is not called any more,
 * and its memory waits until no handler is on the stack (_sweep). */
#include <stdatomic.h>

#include <peal/client.h>
#include <peal/events.h>
#include <peal/rooms.h>
#include <peal/server.h>

typedef enum peal_hook_kind {
  PEAL_HOOK_EVENT, /* by name; the others have one chain each */
  PEAL_HOOK_ANY,
  PEAL_HOOK_OUTGOING,
  PEAL_HOOK_CONNECT,
  PEAL_HOOK_DISCONNECT,
  PEAL_HOOK_DISCONNECTING,
  PEAL_HOOK_DRAIN,
  PEAL_HOOK_USE, /* never removed: those who wait in one hold a place here */
  PEAL_HOOK_CONNECT_ERROR, /* of a client, as the next */
  PEAL_HOOK_NOTICE,
  PEAL_HOOK_ROOM, /* of a server, as the next */
  PEAL_HOOK_CALL, /* of a server: events of other nodes, each with its name */
  PEAL_HOOK_WILDCARD,
  PEAL_HOOK_ERROR,
  PEAL_HOOK_USE_EVENT, /* never removed, as USE */
  PEAL_HOOK_HANDOVER,  /* of a server, to the next process */
  PEAL_HOOK_ADOPTED,   /* of a server, from the one before */
  PEAL_HOOK_KINDS
} peal_hook_kind;

/* Shared by the hooks of all workers that are to be called once in all. */
typedef struct peal_hook_once {
  atomic_bool called;
  atomic_uint refs; /* one for each hook */
} peal_hook_once;

/* One registered function. */
typedef struct peal_hook {
  struct peal_hook *next; /* of its chain, in order of registration */
  struct peal_hook *peer; /* the first of another event in the same bucket */

  union {
    peal_event_fn event;
    peal_outgoing_fn outgoing;
    peal_connect_fn connect;
    peal_disconnect_fn disconnect;
    peal_socket_fn socket;
    peal_use_fn use;
    peal_room_fn room;
    peal_server_event_fn server_event;
    peal_error_fn error;
    peal_use_event_fn use_event;
    peal_client_event_fn client_event;
    peal_client_outgoing_fn client_outgoing;
    peal_client_connect_fn client_connect;
    peal_client_connect_error_fn client_connect_error;
    peal_client_disconnect_fn client_disconnect;
    peal_client_notice_fn client_notice;
  } fn;

  void *user;
  peal_hook_once *once; /* NULL: as often as it comes */
  uint64_t age;         /* higher: added later */
  uint32_t hash;        /* of the name */
  uint8_t kind;         /* peal_hook_kind */
  bool removed;
  bool in_front; /* of those that are there when it is added */
  size_t name_len;
  char name[]; /* of the event, terminated */
} peal_hook;

#define PEAL_HOOK_FEW 8u /* buckets; more come with more events */

typedef struct peal_hooks {
  peal_hook *chains[PEAL_HOOK_KINDS];
  peal_hook *last; /* the first hook of the last event: often the next */
  peal_hook **buckets;
  peal_hook *few[PEAL_HOOK_FEW];
  const peal_mem *mem; /* of the hooks; any thread may use it */
  uint64_t age;        /* of the newest */
  uint32_t cap;        /* buckets: a power of two */
  uint32_t count;      /* events */
  uint32_t seed;
} peal_hooks;

void peal_hook_init(peal_hooks *hooks, const peal_mem *mem, uint32_t seed);
void peal_hook_deinit(peal_hooks *hooks);
/* A copy of `like` with this name, in no chain yet; it takes a reference of
 * `like->once`. NULL if memory is out. Thread: any. */
PEAL_MUST_CHECK peal_hook *peal_hook_copy(const peal_mem *mem,
                                          const peal_hook *like,
                                          peal_slice name);
/* One that is in no chain. Thread: any. */
void peal_hook_free(const peal_mem *mem, peal_hook *hook);
/* Copies of all that are in `from`, in the same order, but of those that were to
 * be called once and have been. Returns: PEAL_OK, PEAL_ERR_NOMEM (some are). */
PEAL_MUST_CHECK peal_err peal_hook_copy_all(peal_hooks *to,
                                            const peal_hooks *from);
/* What such copies take, about. */
size_t peal_hook_bytes(const peal_hooks *hooks);
/* Takes `hook`, behind those of its chain, or in front of them. */
void peal_hook_add(peal_hooks *hooks, peal_hook *hook);
/* All like this one: of its kind, name, function and user. True if there was
 * any: a _sweep is due. */
bool peal_hook_remove(peal_hooks *hooks, const peal_hook *like);
/* Free what was removed. No handler may be on the stack. */
void peal_hook_sweep(peal_hooks *hooks);
/* The chain of an event, or NULL. */
peal_hook *peal_hook_of_event(peal_hooks *hooks, peal_slice event);

/* The first in the chain from `hook` on that is to be called, of those that
 * were there at `age`; NULL at the end. */
static inline peal_hook *peal_hook_live(peal_hook *hook, uint64_t age) {
  while (hook && (hook->removed || hook->age > age))
    hook = hook->next;
  return hook;
}
