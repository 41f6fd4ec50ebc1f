/* SPDX-License-Identifier: MIT */
#include "proto/cluster_rooms.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "proto/cluster_presence.h"
#include "proto/cluster_tally.h"
#include "proto/proto_limits.h"

#define NEVER UINT64_MAX

typedef struct room {
  peal_list all, dirty, subs;
  size_t count, told;
  bool has_sub;    /* as the owner was told */
  bool is_private; /* no presence */
  uint32_t len;
  char key[];
} room;

/* -- life ---------------------------------------------------------------------------- */

static peal_slice key_of(const room *it) {
  return (peal_slice){it->key, it->len};
}

static size_t bytes_of(size_t len) {
  return sizeof(room) + len + 2 * sizeof(peal_map_entry);
}

void peal_cluster_rooms_init(peal_cluster_machine *machine, uint32_t seed) {
  peal_map_init(&machine->rooms, machine->opts.mem, seed);
  peal_list_init(&machine->rooms_all);
  peal_list_init(&machine->rooms_dirty);
  peal_list_init(&machine->rooms_subs);
  machine->rooms_at_ms = NEVER;
}

static void free_room(peal_cluster_machine *machine, room *it) {
  if (machine->shot_at == &it->all)
    machine->shot_at = it->all.next;
  peal_list_remove(&it->all);
  peal_list_remove(&it->dirty);
  peal_list_remove(&it->subs);
  peal_map_remove(&machine->rooms, key_of(it));
  machine->figures.rooms--;
  peal_cluster_state_free(machine, it, bytes_of(it->len));
}

void peal_cluster_rooms_deinit(peal_cluster_machine *machine) {
  while (!peal_list_is_empty(&machine->rooms_all))
    free_room(machine, PEAL_LIST_OF(machine->rooms_all.next, room, all));
  peal_map_deinit(&machine->rooms);
}

static room *make(peal_cluster_machine *machine, peal_slice nsp,
                  peal_slice name, bool is_private) {
  size_t len = peal_cluster_tally_len(nsp, name);
  room *it = peal_cluster_state_alloc(machine, bytes_of(len));
  if (!it)
    return NULL;
  it->len = (uint32_t)len;
  it->is_private = is_private;
  peal_cluster_tally_write(it->key, nsp, name);
  peal_list_init(&it->dirty);
  peal_list_init(&it->subs);
  if (peal_map_add(&machine->rooms, key_of(it), it)) {
    peal_cluster_state_free(machine, it, bytes_of(len));
    return NULL;
  }
  peal_list_push(&machine->rooms_all, &it->all);
  machine->figures.rooms++;
  return it;
}

/* -- changes --------------------------------------------------------------------------- */

static bool has_name(const room *it) {
  return memchr(it->key, 0, it->len) != NULL;
}

static bool wants_sub(const peal_cluster_machine *machine, const room *it) {
  return it->count && machine->opts.dynamic && has_name(it) &&
         (!it->is_private || machine->opts.private_too);
}

static void put(peal_list *list, peal_list *node, bool wants) {
  if (wants && !peal_list_is_linked(node))
    peal_list_push(list, node);
  else if (!wants)
    peal_list_remove(node);
}

/* Nobody has to be told of it any more. */
static void tidy(peal_cluster_machine *machine, room *it) {
  if (!it->count && !it->told && !it->has_sub)
    free_room(machine, it);
}

static void change(peal_cluster_machine *machine, room *it, size_t count) {
  it->count = count;
  put(&machine->rooms_dirty, &it->dirty, !it->is_private && count != it->told);
  put(&machine->rooms_subs, &it->subs, wants_sub(machine, it) != it->has_sub);
  if (peal_list_is_linked(&it->dirty) && machine->rooms_at_ms == NEVER)
    machine->rooms_at_ms = machine->now_ms + machine->opts.presence_ms;
  tidy(machine, it);
}

peal_err peal_cluster_rooms_set(peal_cluster_machine *machine, peal_slice nsp,
                                peal_slice name, size_t count,
                                bool is_private) {
  char key[PEAL_LIMIT_CLUSTER_KEY_BYTES];
  size_t len = peal_cluster_tally_len(nsp, name);
  if (len > sizeof key) {
    machine->rooms_are_wrong = true;
    return PEAL_OK;
  }
  if (is_private && !(machine->opts.dynamic && machine->opts.private_too))
    return PEAL_OK;
  peal_cluster_tally_write(key, nsp, name);
  room *it = peal_map_get(&machine->rooms, (peal_slice){key, len});
  if (!it && !count)
    return PEAL_OK;
  if (!it)
    it = make(machine, nsp, name, is_private);
  if (!it) {
    machine->rooms_are_wrong = true;
    return PEAL_ERR_NOMEM;
  }
  change(machine, it, count);
  return PEAL_OK;
}

bool peal_cluster_rooms_next_sub(peal_cluster_machine *machine,
                                 peal_arena *arena, peal_cluster_event *event) {
  if (peal_list_is_empty(&machine->rooms_subs))
    return false;
  room *it = PEAL_LIST_OF(machine->rooms_subs.next, room, subs);
  char *key = peal_arena_str(arena, key_of(it));
  if (!key)
    return false;
  peal_list_remove(&it->subs);
  it->has_sub = !it->has_sub;
  *event =
      (peal_cluster_event){.type = it->has_sub ? PEAL_CLUSTER_DO_SUBSCRIBE
                                               : PEAL_CLUSTER_DO_UNSUBSCRIBE,
                           .dialect = PEAL_CLUSTER_OF_NODE};
  peal_cluster_tally_split((peal_slice){key, it->len}, &event->nsp,
                           &event->room);
  tidy(machine, it);
  return true;
}

/* -- messages --------------------------------------------------------------------------- */

typedef struct page {
  peal_val *items;
  size_t count, bytes;
  peal_arena *arena;
} page;

static bool begin_page(page *it, peal_arena *arena, int what, uint64_t number) {
  size_t most = 2 + 3 * (size_t)PEAL_LIMIT_CLUSTER_ROOMS;
  *it = (page){.items = peal_arena_alloc(arena, most * sizeof *it->items),
               .arena = arena};
  if (!it->items)
    return false;
  it->items[it->count++] = peal_int(what);
  it->items[it->count++] = peal_int((int64_t)number);
  return true;
}

static bool page_is_full(const page *it) {
  return it->count + 3 > 2 + 3 * (size_t)PEAL_LIMIT_CLUSTER_ROOMS ||
         it->bytes >= PEAL_LIMIT_CLUSTER_ROOM_BYTES;
}

static bool add_to_page(page *it, const room *from, size_t count) {
  char *key = peal_arena_str(it->arena, key_of(from));
  peal_slice nsp, name;
  if (!key)
    return false;
  peal_cluster_tally_split((peal_slice){key, from->len}, &nsp, &name);
  it->items[it->count++] = peal_str_slice(nsp);
  it->items[it->count++] = name.ptr ? peal_str_slice(name) : peal_null();
  it->items[it->count++] = peal_int((int64_t)count);
  it->bytes += from->len;
  return true;
}

static void add_to_sum(peal_cluster_machine *machine, const room *it,
                       bool more) {
  if (!it->told)
    return;
  uint64_t hash = peal_cluster_presence_hash(key_of(it), it->told);
  machine->rooms_sum =
      (more ? machine->rooms_sum + hash : machine->rooms_sum - hash) &
      PEAL_LIMIT_CLUSTER_INT;
  machine->rooms_told =
      more ? machine->rooms_told + 1 : machine->rooms_told - 1;
}

static void set_told(peal_cluster_machine *machine, room *it) {
  add_to_sum(machine, it, false);
  it->told = it->count;
  add_to_sum(machine, it, true);
  peal_list_remove(&it->dirty);
  tidy(machine, it);
}

static bool next_changes(peal_cluster_machine *machine, peal_arena *arena,
                         peal_bus_msg *out) {
  page it;
  if (!machine->rooms_left || peal_list_is_empty(&machine->rooms_dirty) ||
      !begin_page(&it, arena, PEAL_CLUSTER_PRESENCE_CHANGES,
                  machine->rooms_seq + 1))
    return false;
  while (!peal_list_is_empty(&machine->rooms_dirty) && !page_is_full(&it)) {
    room *at = PEAL_LIST_OF(machine->rooms_dirty.next, room, dirty);
    if (!add_to_page(&it, at, at->count))
      break;
    set_told(machine, at);
  }
  if (it.count == 2)
    return false;
  machine->rooms_seq++;
  machine->rooms_left--;
  out->args = (peal_args){it.items, it.count};
  return true;
}

/* Without others, what they would be told is what they will be told. */
static void tell_nobody(peal_cluster_machine *machine) {
  while (!peal_list_is_empty(&machine->rooms_dirty))
    set_told(machine, PEAL_LIST_OF(machine->rooms_dirty.next, room, dirty));
}

/* -- all of them ------------------------------------------------------------------------ */

static void begin_shot(peal_cluster_machine *machine) {
  machine->shot_begins = true;
  machine->shot_at = machine->rooms_all.next;
  machine->shot_piece = 0;
}

void peal_cluster_rooms_asked(peal_cluster_machine *machine, peal_slice name) {
  bool runs = machine->shot_at != NULL;
  char *to = runs ? machine->shot_next : machine->shot_to;
  bool *to_all = runs ? &machine->shot_next_all : &machine->shot_to_all;
  if (name.len != PEAL_CLUSTER_NAME_LEN)
    return;
  if (!runs) {
    *to_all = false;
    begin_shot(machine);
  } else if (machine->shot_again && memcmp(to, name.ptr, name.len) != 0) {
    *to_all = true;
  }
  machine->shot_again = runs;
  memcpy(to, name.ptr, name.len);
  if (machine->rooms_at_ms == NEVER)
    machine->rooms_at_ms = machine->now_ms;
}

static void end_shot(peal_cluster_machine *machine) {
  machine->shot_at = NULL;
  if (!machine->shot_again)
    return;
  machine->shot_again = false;
  memcpy(machine->shot_to, machine->shot_next, sizeof machine->shot_to);
  machine->shot_to_all = machine->shot_next_all;
  machine->shot_next_all = false;
  begin_shot(machine);
}

static void add_piece(peal_cluster_machine *machine, page *it) {
  while (machine->shot_at != &machine->rooms_all && !page_is_full(it)) {
    room *at = PEAL_LIST_OF(machine->shot_at, room, all);
    if (at->told && !add_to_page(it, at, at->told))
      return;
    machine->shot_at = machine->shot_at->next;
  }
}

/* BEGIN, a PIECE, or END: the last piece, perhaps an empty one. */
static bool next_of_shot(peal_cluster_machine *machine, peal_arena *arena,
                         peal_bus_msg *out) {
  page it;
  bool begins = machine->shot_begins;
  if (!machine->shot_at || !machine->rooms_left ||
      !begin_page(&it, arena, PEAL_CLUSTER_PRESENCE_PIECE, 0))
    return false;
  if (!begins)
    add_piece(machine, &it);
  bool ends = !begins && machine->shot_at == &machine->rooms_all;
  if (!begins && !ends && it.count == 2)
    return false;
  it.items[0] = peal_int(begins ? PEAL_CLUSTER_PRESENCE_BEGIN
                         : ends ? PEAL_CLUSTER_PRESENCE_END
                                : PEAL_CLUSTER_PRESENCE_PIECE);
  it.items[1] =
      peal_int((int64_t)(begins ? machine->rooms_seq : ++machine->shot_piece));
  machine->shot_begins = false;
  machine->rooms_left--;
  if (!machine->shot_to_all) {
    char *to = peal_arena_alloc(arena, sizeof machine->shot_to);
    if (to)
      memcpy(to, machine->shot_to, sizeof machine->shot_to);
    out->to = (peal_slice){to, to ? sizeof machine->shot_to : 0};
  }
  out->args = (peal_args){it.items, it.count};
  if (ends)
    end_shot(machine);
  return true;
}

/* -- time -------------------------------------------------------------------------------- */

void peal_cluster_rooms_tick(peal_cluster_machine *machine) {
  bool has_work =
      machine->shot_at || !peal_list_is_empty(&machine->rooms_dirty);
  if (machine->rooms_at_ms == NEVER && has_work)
    machine->rooms_at_ms = machine->now_ms;
  if (machine->rooms_at_ms > machine->now_ms)
    return;
  machine->rooms_left = PEAL_LIMIT_CLUSTER_ROOM_MESSAGES;
  machine->rooms_at_ms =
      has_work ? machine->now_ms + machine->opts.presence_ms : NEVER;
}

bool peal_cluster_rooms_has_news(const peal_cluster_machine *machine) {
  return machine->rooms_left &&
         (machine->shot_at || !peal_list_is_empty(&machine->rooms_dirty));
}

bool peal_cluster_rooms_next(peal_cluster_machine *machine, bool is_alone,
                             peal_arena *arena, peal_bus_msg *out) {
  if (!machine->rooms_left)
    return false;
  if (is_alone) {
    machine->shot_at = NULL;
    machine->shot_again = false;
    tell_nobody(machine);
  }
  out->kind = PEAL_BUS_PRESENCE;
  if (next_changes(machine, arena, out) || next_of_shot(machine, arena, out))
    return true;
  /* What changes from now on is gathered again. */
  if (!peal_cluster_rooms_has_news(machine))
    machine->rooms_left = 0;
  return false;
}

bool peal_cluster_rooms_check(const peal_cluster_machine *machine) {
  uint64_t sum = 0;
  size_t told = 0, all = 0;
  for (peal_list *at = machine->rooms_all.next; at != &machine->rooms_all;
       at = at->next) {
    const room *it = PEAL_LIST_OF(at, room, all);
    all++;
    if (!it->count && !it->told && !it->has_sub)
      return false;
    if (peal_list_is_linked(&it->dirty) !=
        (!it->is_private && it->count != it->told))
      return false;
    if (peal_list_is_linked(&it->subs) !=
        (wants_sub(machine, it) != it->has_sub))
      return false;
    told += it->told != 0;
    sum += it->told ? peal_cluster_presence_hash(key_of(it), it->told) : 0;
  }
  return all == machine->rooms.count && told == machine->rooms_told &&
         (sum & PEAL_LIMIT_CLUSTER_INT) == machine->rooms_sum;
}
