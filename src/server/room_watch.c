/* SPDX-License-Identifier: MIT */
#include "server/room_watch.h"

#include <string.h>

#include "base/mem.h"
#include "net/worker_impl.h"

/* A room that some workers have. */
typedef struct place {
  unsigned workers;
  uint32_t len;
  char name[];
} place;

/* -- for all workers together ---------------------------------------------------- */

static const peal_mem *mem_of(const peal_nsp *nsp) {
  return nsp->server->mem;
}

static bool is_shared(const peal_nsp *nsp) {
  return nsp->server->worker_count > 1;
}

/* Under the lock. Without memory it counts as the first, which is told once too
 * often. */
static bool count_in(peal_nsp *nsp, peal_slice name) {
  place *at = peal_map_get(&nsp->rooms, name);
  if (at)
    return ++at->workers == 1;
  at = peal_mem_alloc(mem_of(nsp), sizeof *at + name.len);
  if (!at)
    return true;
  *at = (place){.workers = 1, .len = (uint32_t)name.len};
  if (name.len)
    memcpy(at->name, name.ptr, name.len);
  if (peal_map_add(&nsp->rooms, (peal_slice){at->name, name.len}, at))
    peal_mem_free(mem_of(nsp), at);
  return true;
}

static bool count_out(peal_nsp *nsp, peal_slice name) {
  place *at = peal_map_get(&nsp->rooms, name);
  if (!at)
    return true;
  if (--at->workers)
    return false;
  peal_map_remove(&nsp->rooms, name);
  peal_mem_free(mem_of(nsp), at);
  return true;
}

static bool count(peal_nsp *nsp, peal_slice name, bool in) {
  if (!is_shared(nsp))
    return true;
  uv_mutex_t *lock = &nsp->server->spaces.room_lock;
  uv_mutex_lock(lock);
  bool is_edge = in ? count_in(nsp, name) : count_out(nsp, name);
  uv_mutex_unlock(lock);
  return is_edge;
}

/* All that this worker has; the room of an id may be one that others are in. */
static void count_all(const peal_nsp_local *local, bool in) {
  uint32_t cursor = 0;
  for (const peal_room *room; (room = peal_map_next(&local->rooms, &cursor));)
    (void)count(local->nsp, (peal_slice){room->name, room->name_len}, in);
  for (peal_list *node = local->all.next; node != &local->all;
       node = node->next) {
    peal_slice id = peal_slice_of(PEAL_LIST_OF(node, peal_socket, node)->id);
    if (!peal_map_get(&local->rooms, id))
      (void)count(local->nsp, id, in);
  }
}

void peal_room_watch_added(peal_nsp_local *local) {
  if (local->counts_rooms)
    return;
  local->counts_rooms = true;
  count_all(local, true);
}

void peal_room_watch_removed(peal_nsp_local *local) {
  const peal_hook *hook = local->hooks.chains[PEAL_HOOK_ROOM];
  while (hook && hook->removed)
    hook = hook->next;
  if (hook || !local->counts_rooms)
    return;
  local->counts_rooms = false;
  count_all(local, false);
}

void peal_room_watch_deinit(peal_nsp *nsp) {
  uint32_t cursor = 0;
  for (place *at; (at = peal_map_next(&nsp->rooms, &cursor));)
    peal_mem_free(mem_of(nsp), at);
  peal_map_deinit(&nsp->rooms);
}

/* -- telling --------------------------------------------------------------------- */

static void tell(peal_nsp_local *local, peal_room_change change,
                 peal_slice room, peal_socket *socket) {
  const peal_hooks *hooks = &local->hooks;
  uint64_t age = hooks->age;
  for (peal_hook *hook = peal_hook_live(hooks->chains[PEAL_HOOK_ROOM], age);
       hook; hook = peal_hook_live(hook->next, age))
    hook->fn.room(local->nsp, change, room, socket, hook->user);
}

/* Is a member of this id here, whose own room it is? */
static bool is_id(const peal_nsp_local *local, peal_slice room) {
  return peal_sid_table_get(&local->sockets, room) != NULL;
}

void peal_room_watch_joined(peal_socket *socket, peal_slice room,
                            bool is_first) {
  peal_nsp_local *local = socket->local;
  bool is_own = peal_slice_is(room, socket->id);
  if (is_first && (is_own || !is_id(local, room)) &&
      count(local->nsp, room, true))
    tell(local, PEAL_ROOM_CREATED, room, NULL);
  tell(local, PEAL_ROOM_JOINED, room, socket);
}

void peal_room_watch_left(peal_socket *socket, peal_slice room) {
  peal_nsp_local *local = socket->local;
  bool is_own = peal_slice_is(room, socket->id);
  if (!local->counts_rooms) /* nobody listens any more */
    return;
  tell(local, PEAL_ROOM_LEFT, room, socket);
  if (local->counts_rooms && !peal_map_get(&local->rooms, room) &&
      (is_own || !is_id(local, room)) && count(local->nsp, room, false))
    tell(local, PEAL_ROOM_DELETED, room, NULL);
}
