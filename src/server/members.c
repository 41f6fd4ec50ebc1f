/* SPDX-License-Identifier: MIT */
#include "server/members.h"

#include "proto/names.h"
#include "server/adapter.h"
#include "server/rooms.h"
#include "server/socket_name.h"

/* -- members -------------------------------------------------------------------------- */

/* Those who keep count elsewhere. */
static void tell(peal_socket *socket, bool came) {
  peal_nsp_local *local = socket->local;
  peal_adapter *adapter = local->nsp->server->adapter;
  if (adapter)
    adapter->verbs->socket(adapter, local,
                           peal_slice_of(peal_socket_name(socket)), came);
}

/* Other threads may look (peal_nsp_local_count). */
static void set_count(peal_nsp_local *local, size_t count) {
  __atomic_store_n(&local->count, count, __ATOMIC_RELAXED);
}

peal_err peal_members_add(peal_socket *socket) {
  peal_nsp_local *local = socket->local;
  peal_err err = peal_sid_table_add(&local->sockets, socket->id);
  if (err)
    return err;
  peal_list_remove(&socket->node); /* no longer pending */
  peal_list_push(&local->all, &socket->node);
  set_count(local, local->count + 1);
  socket->visit = 0;
  socket->is_member = true;
  tell(socket, true);
  return PEAL_OK;
}

void peal_members_remove(peal_socket *socket) {
  if (!socket->is_member)
    return;
  peal_nsp_local *local = socket->local;
  socket->is_member = false;
  peal_sid_table_remove(&local->sockets, socket->id);
  peal_list_remove(&socket->node);
  set_count(local, local->count - 1);
  tell(socket, false);
}

peal_socket *peal_members_find(const peal_nsp_local *local, peal_slice id) {
  char *found =
      peal_sid_table_get(&local->sockets, peal_socket_name_id(local->nsp, id));
  return found ? PEAL_LIST_OF(found, peal_socket, id) : NULL;
}

/* -- selecting -------------------------------------------------------------------------- */

typedef struct selection {
  peal_nsp_local *local;
  peal_socket **sockets; /* NULL: only mark */
  size_t count;
  uint32_t epoch;
} selection;

/* A mark that no socket bears. */
static uint32_t new_epoch(peal_nsp_local *local) {
  if (++local->epoch > PEAL_SOCKET_VISIT_MAX) {
    for (peal_list *node = local->all.next; node != &local->all;
         node = node->next)
      PEAL_LIST_OF(node, peal_socket, node)->visit = 0;
    local->epoch = 1;
  }
  return local->epoch;
}

static void visit(selection *chosen, peal_socket *socket) {
  if (socket->visit == chosen->epoch || !socket->is_member)
    return;
  socket->visit = chosen->epoch & PEAL_SOCKET_VISIT_MAX;
  if (chosen->sockets)
    chosen->sockets[chosen->count++] = socket;
}

/* A room's members; a socket id is a room of its own. */
static void visit_room(selection *chosen, peal_slice name) {
  const peal_room *room = peal_rooms_find(chosen->local, name);
  for (uint32_t i = 0; room && i < room->count; i++)
    visit(chosen, PEAL_LIST_OF(room->seats[i].who, peal_socket, rooms));
  peal_socket *socket = peal_members_find(chosen->local, name);
  if (socket)
    visit(chosen, socket);
}

static void visit_all(selection *chosen) {
  const peal_list *head = &chosen->local->all;
  for (peal_list *node = head->next; node != head; node = node->next)
    visit(chosen, PEAL_LIST_OF(node, peal_socket, node));
}

/* An upper bound of what may be selected. */
static size_t bound(const peal_nsp_local *local, const peal_to *to) {
  peal_names_walk rooms = peal_names_rooms(to);
  if (!peal_names_are_given(&rooms))
    return local->count;
  size_t sum = 0;
  for (peal_slice name; peal_names_next(&rooms, &name);) {
    const peal_room *room = peal_rooms_find(local, name);
    sum += 1 + (room ? room->count : 0);
  }
  return sum < local->count ? sum : local->count;
}

peal_err peal_members_select(peal_nsp *nsp, peal_worker *worker,
                             const peal_to *to, const char *without,
                             peal_socket ***out, size_t *count) {
  peal_nsp_local *local = peal_nsp_local_of(nsp, worker);
  selection chosen = {.local = local, .epoch = new_epoch(local)};
  static const peal_to everyone;
  to = to ? to : &everyone;
  size_t max = bound(local, to);
  *count = 0;
  *out = NULL;
  if (!max)
    return PEAL_OK;
  /* First the excepted ones are marked as seen. */
  peal_names_walk rooms = peal_names_rooms(to), except = peal_names_except(to);
  peal_slice name;
  while (peal_names_next(&except, &name))
    visit_room(&chosen, name);
  if (without)
    visit_room(&chosen, peal_slice_of(without));
  *out = chosen.sockets =
      peal_arena_alloc(&worker->turn, max * sizeof(peal_socket *));
  if (!chosen.sockets)
    return PEAL_ERR_NOMEM;
  if (!peal_names_are_given(&rooms))
    visit_all(&chosen);
  while (peal_names_next(&rooms, &name))
    visit_room(&chosen, name);
  *count = chosen.count;
  return PEAL_OK;
}

static bool is_in_any(const peal_socket *socket, peal_names_walk rooms) {
  for (peal_slice name; peal_names_next(&rooms, &name);)
    if (peal_socket_in_n(socket, name))
      return true;
  return false;
}

bool peal_members_is_named(const peal_socket *socket, const peal_to *to) {
  peal_names_walk rooms = peal_names_rooms(to);
  return (!peal_names_are_given(&rooms) || is_in_any(socket, rooms)) &&
         !is_in_any(socket, peal_names_except(to));
}
