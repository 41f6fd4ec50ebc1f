/* SPDX-License-Identifier: MIT */
#include "server/adapter.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* -- rooms --------------------------------------------------------------------------- */

static peal_room *room_open(peal_nsp_local *local, peal_slice name,
                            const peal_mem *mem) {
  peal_room *room = peal_map_get(&local->rooms, name);
  if (room)
    return room;
  room = peal_mem_zalloc(mem, sizeof *room + name.len + 1);
  if (!room)
    return NULL;
  room->name_len = (uint32_t)name.len;
  memcpy(room->name, name.ptr, name.len);
  if (peal_map_add(&local->rooms, (peal_slice){room->name, name.len}, room)) {
    peal_mem_free(mem, room);
    return NULL;
  }
  return room;
}

static void room_close_if_empty(peal_nsp_local *local, peal_room *room,
                                const peal_mem *mem) {
  if (room->count)
    return;
  peal_map_remove(&local->rooms, (peal_slice){room->name, room->name_len});
  peal_mem_free(mem, room->members);
  peal_mem_free(mem, room);
}

static peal_err room_push(peal_room *room, peal_member *member,
                          const peal_mem *mem) {
  if (room->count == room->cap) {
    uint32_t cap = room->cap ? room->cap * 2 : 4;
    peal_member **members =
        peal_mem_resize(mem, room->members, cap * sizeof(peal_member *));
    if (!members)
      return PEAL_ERR_NOMEM;
    room->members = members;
    room->cap = cap;
  }
  member->pos = room->count;
  room->members[room->count++] = member;
  return PEAL_OK;
}

static void room_pull(peal_room *room, const peal_member *member) {
  peal_member *last = room->members[--room->count];
  room->members[member->pos] = last;
  last->pos = member->pos;
}

/* -- membership ------------------------------------------------------------------------ */

static peal_nsp_local *local_of(const peal_socket *socket) {
  return peal_nsp_local_of(socket->nsp, socket->worker);
}

peal_err peal_adapter_add(peal_socket *socket) {
  peal_nsp_local *local = local_of(socket);
  peal_err err =
      peal_map_add(&local->sockets, peal_slice_of(socket->id), socket);
  if (err)
    return err;
  peal_list_push(&local->all, &socket->node);
  local->count++;
  socket->in_maps = true;
  return PEAL_OK;
}

static peal_member **find_member(peal_socket *socket, const char *room) {
  peal_member **at = &socket->members;
  while (*at && strcmp((*at)->room->name, room))
    at = &(*at)->next;
  return at;
}

static void drop_member(peal_socket *socket, peal_member **at) {
  const peal_mem *mem = socket->worker->mem;
  peal_member *member = *at;
  *at = member->next;
  socket->room_count--;
  room_pull(member->room, member);
  room_close_if_empty(local_of(socket), member->room, mem);
  peal_mem_free(mem, member);
}

peal_err peal_adapter_join(peal_socket *socket, const char *name) {
  const peal_mem *mem = socket->worker->mem;
  peal_nsp_local *local = local_of(socket);
  uint32_t max = socket->nsp->server->opts.max_rooms;
  if (!strcmp(name, socket->id) || *find_member(socket, name))
    return PEAL_OK;
  if (socket->room_count >= (max ? max : PEAL_LIMIT_ROOMS))
    return PEAL_ERR_LIMIT;
  peal_member *member = peal_mem_zalloc(mem, sizeof *member);
  peal_room *room = member ? room_open(local, peal_slice_of(name), mem) : NULL;
  if (!room || room_push(room, member, mem)) {
    if (room)
      room_close_if_empty(local, room, mem);
    peal_mem_free(mem, member);
    return PEAL_ERR_NOMEM;
  }
  member->room = room;
  member->socket = socket;
  member->next = socket->members;
  socket->members = member;
  socket->room_count++;
  return PEAL_OK;
}

void peal_adapter_leave(peal_socket *socket, const char *name) {
  peal_member **at = find_member(socket, name);
  if (*at)
    drop_member(socket, at);
}

void peal_adapter_remove(peal_socket *socket) {
  peal_nsp_local *local = local_of(socket);
  while (socket->members)
    drop_member(socket, &socket->members);
  if (!socket->in_maps)
    return;
  socket->in_maps = false;
  peal_map_remove(&local->sockets, peal_slice_of(socket->id));
  peal_list_remove(&socket->node);
  local->count--;
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
  if (++local->epoch == 0) {
    for (peal_list *node = local->all.next; node != &local->all;
         node = node->next)
      PEAL_LIST_OF(node, peal_socket, node)->visit = 0;
    local->epoch = 1;
  }
  return local->epoch;
}

static void visit(selection *chosen, peal_socket *socket) {
  if (socket->visit == chosen->epoch)
    return;
  socket->visit = chosen->epoch;
  if (chosen->sockets)
    chosen->sockets[chosen->count++] = socket;
}

/* A room's members; a socket id is a room of its own. */
static void visit_room(selection *chosen, const char *name) {
  peal_slice key = peal_slice_of(name);
  const peal_room *room = peal_map_get(&chosen->local->rooms, key);
  for (uint32_t i = 0; room && i < room->count; i++)
    visit(chosen, room->members[i]->socket);
  peal_socket *socket = peal_map_get(&chosen->local->sockets, key);
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
  if (!to || !to->rooms)
    return local->count;
  size_t sum = 0;
  for (const char *const *name = to->rooms; *name; name++) {
    const peal_room *room = peal_map_get(&local->rooms, peal_slice_of(*name));
    sum += 1 + (room ? room->count : 0);
  }
  return sum < local->count ? sum : local->count;
}

peal_err peal_adapter_select(peal_nsp *nsp, peal_worker *worker,
                             const peal_to *to, const char *without,
                             peal_socket ***out, size_t *count) {
  peal_nsp_local *local = peal_nsp_local_of(nsp, worker);
  selection chosen = {.local = local, .epoch = new_epoch(local)};
  size_t max = bound(local, to);
  *count = 0;
  *out = NULL;
  if (!max)
    return PEAL_OK;
  /* First the excepted ones are marked as seen. */
  for (const char *const *name = to ? to->except : NULL; name && *name; name++)
    visit_room(&chosen, *name);
  if (without)
    visit_room(&chosen, without);
  *out = chosen.sockets =
      peal_arena_alloc(&worker->turn, max * sizeof(peal_socket *));
  if (!chosen.sockets)
    return PEAL_ERR_NOMEM;
  if (!to || !to->rooms)
    visit_all(&chosen);
  else
    for (const char *const *name = to->rooms; *name; name++)
      visit_room(&chosen, *name);
  *count = chosen.count;
  return PEAL_OK;
}
