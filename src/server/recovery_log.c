/* SPDX-License-Identifier: MIT */
#include "server/recovery_log.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "proto/names.h"

/* An entry's place in the chain of one name. */
typedef struct chain_node {
  peal_recovery_entry *entry;
  peal_recovery_room *room;
  struct chain_node *older;
  uint64_t older_number; /* `older` is there while this is not below first */
} chain_node;

struct peal_recovery_room {
  chain_node *newest;
  size_t count; /* of entries */
  uint32_t len;
  char name[];
};

/* One block: this, its nodes, its exceptions, their bytes. */
struct peal_recovery_entry {
  const void *scope;
  peal_message *message;
  uint64_t number, key, at_ms;
  size_t bytes; /* with the message */
  bool no_compress;
  uint32_t except_count;
  uint32_t node_count;
  peal_slice *except;
  chain_node nodes[];
};

/* As many oldest entries are looked at with each new one. */
#define SWEPT_ON_THE_WAY 4u
#define FIRST_CAP 64u

/* -- life ------------------------------------------------------------------------ */

void peal_recovery_log_init(peal_recovery_log *log, const peal_mem *mem,
                            peal_account_server *account, size_t max,
                            uint64_t keep_ms, uint32_t seed) {
  *log = (peal_recovery_log){.mem = mem,
                             .account = account,
                             .first = 1,
                             .next = 1,
                             .max = max,
                             .keep_ms = keep_ms};
  peal_map_init(&log->rooms, mem, seed);
}

uint64_t peal_recovery_log_head(const peal_recovery_log *log) {
  return log->next - 1;
}

static peal_recovery_entry **slot(const peal_recovery_log *log,
                                  uint64_t number) {
  return &log->ring[number & (log->cap - 1)];
}

/* -- chains ---------------------------------------------------------------------- */

static size_t room_bytes(size_t len) {
  return sizeof(peal_recovery_room) + len;
}

static void room_free(peal_recovery_log *log, peal_recovery_room *room) {
  if (room == log->everyone)
    log->everyone = NULL;
  else
    peal_map_remove(&log->rooms, (peal_slice){room->name, room->len});
  peal_account_server_release(log->account, room_bytes(room->len));
  log->bytes -= room_bytes(room->len);
  peal_mem_free(log->mem, room);
}

/* `name` without a ptr: everyone. */
static peal_recovery_room *room_new(peal_recovery_log *log, peal_slice name) {
  size_t bytes = room_bytes(name.len);
  if (peal_account_server_charge(log->account, bytes))
    return NULL;
  peal_recovery_room *room = peal_mem_zalloc(log->mem, bytes);
  if (!room) {
    peal_account_server_release(log->account, bytes);
    return NULL;
  }
  room->len = (uint32_t)name.len;
  if (name.len)
    memcpy(room->name, name.ptr, name.len);
  log->bytes += bytes;
  if (!name.ptr)
    log->everyone = room;
  else if (peal_map_add(&log->rooms, (peal_slice){room->name, room->len},
                        room)) {
    room_free(log, room);
    return NULL;
  }
  return room;
}

static peal_recovery_room *room_of(const peal_recovery_log *log,
                                   peal_slice name) {
  return name.ptr ? peal_map_get(&log->rooms, name) : log->everyone;
}

/* To the front of a name's chain, unless it stands there. */
static bool chain(peal_recovery_log *log, peal_recovery_entry *entry,
                  peal_slice name) {
  peal_recovery_room *room = room_of(log, name);
  if (!room)
    room = room_new(log, name);
  if (!room)
    return false;
  if (room->newest && room->newest->entry == entry)
    return true;
  chain_node *node = &entry->nodes[entry->node_count++];
  *node = (chain_node){.entry = entry, .room = room, .older = room->newest};
  if (room->newest)
    node->older_number = room->newest->entry->number;
  room->newest = node;
  room->count++;
  return true;
}

static chain_node *older(const peal_recovery_log *log, const chain_node *node) {
  return node->older_number >= log->first ? node->older : NULL;
}

/* Whom it is for has been found out behind others: to its place. */
static void chain_late(peal_recovery_log *log, peal_recovery_entry *entry,
                       peal_recovery_room *room) {
  chain_node *newer = NULL, *node = room->newest;
  chain_node *own = &entry->nodes[entry->node_count++];
  for (; node && node->entry->number > entry->number; node = older(log, node))
    newer = node;
  *own = (chain_node){.entry = entry, .room = room, .older = node};
  own->older_number = node ? node->entry->number : 0;
  if (newer) {
    newer->older = own;
    newer->older_number = entry->number;
  } else {
    room->newest = own;
  }
  room->count++;
}

/* The oldest of its chains; or the newest, when it is taken back. */
static void unchain(peal_recovery_log *log, const peal_recovery_entry *entry) {
  for (uint32_t i = 0; i < entry->node_count; i++) {
    peal_recovery_room *room = entry->nodes[i].room;
    if (room->newest == &entry->nodes[i])
      room->newest = older(log, &entry->nodes[i]);
    if (--room->count == 0)
      room_free(log, room);
  }
}

/* -- entries --------------------------------------------------------------------- */

static void entry_free(peal_recovery_log *log, peal_recovery_entry *entry) {
  size_t own = entry->bytes - peal_message_len(entry->message);
  log->bytes -= entry->bytes;
  peal_message_unref(entry->message);
  peal_mem_free(log->mem, entry);
  peal_account_server_release(log->account, own);
}

static void drop_first(peal_recovery_log *log) {
  peal_recovery_entry *entry = *slot(log, log->first);
  *slot(log, log->first) = NULL;
  log->first++;
  if (!entry)
    return;
  unchain(log, entry);
  entry_free(log, entry);
}

static bool is_over(const peal_recovery_log *log,
                    const peal_recovery_entry *entry, uint64_t now_ms) {
  return !entry || now_ms >= entry->at_ms + log->keep_ms;
}

bool peal_recovery_log_sweep(peal_recovery_log *log, uint64_t now_ms,
                             unsigned max) {
  while (log->first < log->next &&
         is_over(log, *slot(log, log->first), now_ms)) {
    if (!max--)
      return true;
    drop_first(log);
  }
  return false;
}

/* All of it goes before its time. */
static void drop_all(peal_recovery_log *log) {
  while (log->first < log->next)
    drop_first(log);
  log->lost = log->next - 1;
}

void peal_recovery_log_skip(peal_recovery_log *log, uint64_t number) {
  if (number < log->next)
    return;
  drop_all(log);
  log->first = log->next = number + 1;
  log->lost = number;
}

void peal_recovery_log_deinit(peal_recovery_log *log) {
  drop_all(log);
  assert(!log->bytes);
  peal_map_deinit(&log->rooms);
  peal_account_server_release(log->account, log->cap * sizeof *log->ring);
  peal_mem_free(log->mem, log->ring);
}

/* -- adding ---------------------------------------------------------------------- */

/* One more place in the ring. */
static bool make_place(peal_recovery_log *log) {
  if (log->next - log->first < log->cap)
    return true;
  peal_recovery_log old = *log;
  size_t cap = log->cap ? log->cap * 2 : FIRST_CAP, more = cap - log->cap;
  if (peal_account_server_charge(log->account, more * sizeof *log->ring))
    return false;
  log->ring = peal_mem_zalloc(log->mem, cap * sizeof *log->ring);
  if (!log->ring) {
    log->ring = old.ring;
    peal_account_server_release(log->account, more * sizeof *log->ring);
    return false;
  }
  log->cap = cap;
  for (uint64_t i = old.first; i < old.next; i++)
    *slot(log, i) = *slot(&old, i);
  peal_mem_free(log->mem, old.ring);
  return true;
}

static size_t text_bytes(peal_names_walk names) {
  size_t bytes = 0;
  for (peal_slice name; peal_names_next(&names, &name);)
    bytes += name.len;
  return bytes;
}

static void copy_except(peal_recovery_entry *entry, const peal_op *op,
                        char *at) {
  peal_names_walk names = peal_names_except(&op->to);
  peal_slice without = peal_slice_of(op->without), name = without;
  if (!without.ptr && !peal_names_next(&names, &name))
    return;
  do {
    if (name.len)
      memcpy(at, name.ptr, name.len);
    entry->except[entry->except_count++] = (peal_slice){at, name.len};
    at += name.len;
  } while (peal_names_next(&names, &name));
}

/* What an entry takes: with its nodes and exceptions, without its message. */
typedef struct shape {
  size_t nodes, except, bytes;
} shape;

static shape shape_of(const peal_op *op, const char *also) {
  peal_names_walk rooms = peal_names_rooms(&op->to),
                  except = peal_names_except(&op->to);
  shape it = {0};
  it.nodes = peal_names_are_given(&rooms) ? peal_names_count(rooms) : 1;
  it.nodes += also || !it.nodes; /* it may be addressed later */
  it.except = peal_names_count(except) + (op->without != NULL);
  it.bytes = sizeof(peal_recovery_entry) + it.nodes * sizeof(chain_node) +
             it.except * sizeof(peal_slice) + text_bytes(except) +
             peal_slice_of(op->without).len;
  return it;
}

static peal_recovery_entry *entry_new(peal_recovery_log *log, const peal_op *op,
                                      const shape *it) {
  if (peal_account_server_charge(log->account, it->bytes))
    return NULL;
  peal_recovery_entry *entry = peal_mem_alloc(log->mem, it->bytes);
  if (!entry) {
    peal_account_server_release(log->account, it->bytes);
    return NULL;
  }
  *entry =
      (peal_recovery_entry){.message = peal_message_ref(op->message),
                            .bytes = it->bytes + peal_message_len(op->message),
                            .no_compress = op->to.no_compress,
                            .except = (peal_slice *)(entry->nodes + it->nodes)};
  copy_except(entry, op, (char *)(entry->except + it->except));
  log->bytes += entry->bytes;
  return entry;
}

/* Into the chains of all its names. */
static bool chain_all(peal_recovery_log *log, peal_recovery_entry *entry,
                      const peal_op *op, const char *also) {
  peal_names_walk rooms = peal_names_rooms(&op->to);
  bool ok = peal_names_are_given(&rooms) || chain(log, entry, (peal_slice){0});
  for (peal_slice name; ok && peal_names_next(&rooms, &name);)
    ok = chain(log, entry, name);
  return ok && (!also || chain(log, entry, peal_slice_of(also)));
}

static void make_room(peal_recovery_log *log, size_t bytes, uint64_t now_ms) {
  while (log->first < log->next && log->bytes + bytes > log->max) {
    if (!is_over(log, *slot(log, log->first), now_ms))
      log->lost = log->first;
    drop_first(log);
  }
}

/* With the number that could not be kept. */
static void lose_all(peal_recovery_log *log) {
  drop_all(log);
  log->lost = log->next;
  log->first = ++log->next;
}

void peal_recovery_log_add(peal_recovery_log *log, const void *scope,
                           const peal_op *op, uint64_t key, const char *also,
                           uint64_t now_ms) {
  shape it = shape_of(op, also);
  (void)peal_recovery_log_sweep(log, now_ms, SWEPT_ON_THE_WAY);
  size_t bytes = it.bytes + peal_message_len(op->message);
  make_room(log, bytes, now_ms);
  bool ok = bytes <= log->max && make_place(log);
  peal_recovery_entry *entry = ok ? entry_new(log, op, &it) : NULL;
  if (entry) {
    entry->scope = scope;
    entry->key = key;
    entry->number = log->next;
    entry->at_ms = now_ms;
    ok = chain_all(log, entry, op, also);
  }
  if (entry && !ok) {
    unchain(log, entry);
    entry_free(log, entry);
    entry = NULL;
  }
  if (entry)
    *slot(log, log->next++) = entry;
  else
    lose_all(log);
}

void peal_recovery_log_address(peal_recovery_log *log, uint64_t number,
                               peal_slice name) {
  bool is_there = number >= log->first && number < log->next;
  peal_recovery_entry *entry = is_there ? *slot(log, number) : NULL;
  if (!entry || entry->node_count)
    return;
  peal_recovery_room *room = room_of(log, name);
  if (!room)
    room = room_new(log, name);
  if (room)
    chain_late(log, entry, room);
  else if (log->lost < number)
    log->lost = number;
}

/* -- coming back ----------------------------------------------------------------- */

bool peal_recovery_log_reaches(const peal_recovery_log *log, uint64_t number) {
  return number >= log->lost && number < log->next;
}

int peal_recovery_log_compare(const void *a, const void *b) {
  const peal_slice *x = a, *y = b;
  if (x->len != y->len)
    return x->len < y->len ? -1 : 1;
  return x->len ? memcmp(x->ptr, y->ptr, x->len) : 0;
}

static bool is_in(const peal_recovery_who *who, peal_slice name) {
  return peal_slice_eq(name, who->sid) ||
         (who->room_count && bsearch(&name, who->rooms, who->room_count,
                                     sizeof name, peal_recovery_log_compare));
}

static bool is_for(const peal_recovery_entry *entry,
                   const peal_recovery_who *who) {
  if (entry->scope != who->scope)
    return false;
  for (uint32_t i = 0; i < entry->except_count; i++)
    if (is_in(who, entry->except[i]))
      return false;
  return true;
}

/* Found, some of them more than once. */
typedef struct finding {
  const peal_recovery_log *log;
  const peal_recovery_who *who;
  peal_arena *arena;
  const peal_recovery_entry **items;
  size_t count, cap;
} finding;

static bool put(finding *it, const peal_recovery_entry *entry) {
  if (it->count == it->cap) {
    size_t cap = it->cap ? it->cap * 2 : 64;
    const peal_recovery_entry **items =
        peal_arena_alloc(it->arena, cap * sizeof *items);
    if (!items)
      return false;
    if (it->count)
      memcpy(items, it->items, it->count * sizeof *items);
    it->items = items;
    it->cap = cap;
  }
  it->items[it->count++] = entry;
  return true;
}

static bool follow(finding *it, peal_slice name, uint64_t after) {
  const peal_recovery_room *room = room_of(it->log, name);
  const chain_node *node = room ? room->newest : NULL;
  for (; node && node->entry->number > after; node = older(it->log, node))
    if (is_for(node->entry, it->who) && !put(it, node->entry))
      return false;
  return true;
}

static bool follow_all(finding *it) {
  const peal_recovery_who *who = it->who;
  bool ok = follow(it, (peal_slice){0}, who->after) &&
            follow(it, who->sid, who->own_after);
  for (size_t i = 0; ok && i < who->room_count; i++)
    ok = follow(it, who->rooms[i], who->after);
  return ok;
}

static int by_number(const void *a, const void *b) {
  const peal_recovery_entry *const *x = a, *const *y = b;
  return (*x)->number < (*y)->number ? -1 : (*x)->number > (*y)->number;
}

static void sort_out(finding *it, size_t *bytes) {
  size_t kept = 0;
  if (it->count)
    qsort(it->items, it->count, sizeof(const peal_recovery_entry *), by_number);
  for (size_t i = 0; i < it->count; i++) {
    if (kept && it->items[kept - 1] == it->items[i])
      continue;
    it->items[kept++] = it->items[i];
    *bytes += peal_message_len(it->items[i]->message);
  }
  it->count = kept;
}

peal_err peal_recovery_log_missed(const peal_recovery_log *log,
                                  const peal_recovery_who *who,
                                  size_t max_bytes, peal_arena *arena,
                                  peal_recovery_item **out, size_t *count) {
  finding it = {.log = log, .who = who, .arena = arena};
  size_t bytes = 0;
  *count = 0;
  if (!follow_all(&it))
    return PEAL_ERR_NOMEM;
  sort_out(&it, &bytes);
  if (bytes > max_bytes)
    return PEAL_ERR_LIMIT;
  *out = peal_arena_alloc(arena, (it.count + 1) * sizeof **out);
  if (!*out)
    return PEAL_ERR_NOMEM;
  for (size_t i = 0; i < it.count; i++)
    (*out)[i] =
        (peal_recovery_item){.message = peal_message_ref(it.items[i]->message),
                             .key = it.items[i]->key,
                             .number = it.items[i]->number,
                             .no_compress = it.items[i]->no_compress};
  *count = it.count;
  return PEAL_OK;
}
