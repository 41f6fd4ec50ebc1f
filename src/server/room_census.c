/* SPDX-License-Identifier: MIT */
/* room_census: which rooms there are, and how many are in each: of all workers
 * by an operation, of other nodes by what they tell of their sockets; and the
 * rooms of one socket. */
#include <string.h>

#include <peal/rooms.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "net/worker_impl.h"
#include "server/adapter.h"
#include "server/nsp.h"
#include "server/op_round.h"

typedef struct entry {
  size_t count;
  size_t len;
  char name[];
} entry;

typedef struct room_census {
  peal_op_asker near;
  peal_far_asker far;
  const peal_mem *mem;
  peal_fetched_fn fn;
  void *user;
  peal_fetched sum;
  peal_map rooms; /* name -> entry */
  peal_mail not_asked;
  unsigned waiting; /* halves */
} room_census;

static void fail(room_census *it, peal_err err) {
  if (!it->sum.err || err == PEAL_ERR_NOMEM)
    it->sum.err = err;
}

static void free_census(room_census *it) {
  uint32_t cursor = 0;
  for (entry *at; (at = peal_map_next(&it->rooms, &cursor));)
    peal_mem_free(it->mem, at);
  peal_map_deinit(&it->rooms);
  peal_mem_free(it->mem, it);
}

/* -- counting --------------------------------------------------------------------- */

static entry *entry_of(room_census *it, peal_slice name) {
  entry *at = peal_map_get(&it->rooms, name);
  if (at)
    return at;
  at = peal_mem_alloc(it->mem, sizeof *at + name.len);
  if (!at)
    return NULL;
  *at = (entry){.len = name.len};
  if (name.len)
    memcpy(at->name, name.ptr, name.len);
  if (!peal_map_add(&it->rooms, (peal_slice){at->name, name.len}, at))
    return at;
  peal_mem_free(it->mem, at);
  return NULL;
}

static void count(room_census *it, peal_slice name, size_t seats) {
  entry *at = entry_of(it, name);
  if (at)
    at->count += seats;
  else
    fail(it, PEAL_ERR_NOMEM);
}

/* Names and numbers by turns (describe). */
static void count_seats(room_census *it, peal_val list) {
  for (size_t i = 0; i + 1 < list.len; i += 2)
    count(it, peal_val_str(list.as.items[i]),
          (size_t)peal_val_int(list.as.items[i + 1], 0));
}

static void count_socket(room_census *it, peal_val socket) {
  peal_slice id = peal_val_str(peal_val_get(socket, "id"));
  peal_val rooms = peal_val_get(socket, "rooms");
  if (!peal_val_is(rooms, PEAL_ARRAY))
    return;
  for (size_t i = 0; i < rooms.len; i++) {
    peal_slice name = peal_val_str(rooms.as.items[i]);
    if (name.ptr && !peal_slice_eq(name, id))
      count(it, name, 1);
  }
}

/* -- telling ---------------------------------------------------------------------- */

static peal_args list_of(room_census *it, peal_build *build) {
  peal_items *all = peal_items_new(build);
  uint32_t cursor = 0;
  for (const entry *at; (at = peal_map_next(&it->rooms, &cursor));) {
    peal_pairs *one = peal_pairs_new(build);
    peal_pairs_add(one, "room",
                   peal_str_slice((peal_slice){at->name, at->len}));
    peal_pairs_add(one, "count", peal_int((int64_t)at->count));
    peal_items_add(all, peal_pairs_val(one));
  }
  peal_val list = peal_items_val(all);
  if (!peal_val_is(list, PEAL_ARRAY)) {
    fail(it, PEAL_ERR_NOMEM);
    return PEAL_NO_ARGS;
  }
  return (peal_args){list.as.items, list.len};
}

static void finish(room_census *it, peal_worker *worker) {
  if (--it->waiting)
    return;
  it->sum.sockets = list_of(it, peal_worker_build(worker));
  it->sum.count = it->sum.sockets.count;
  it->fn(&it->sum, it->user);
  free_census(it);
}

/* -- this node -------------------------------------------------------------------- */

static void on_near(peal_op_asker *asker, peal_worker *worker,
                    peal_op_result *results, size_t workers) {
  room_census *it = PEAL_LIST_OF(asker, room_census, near);
  for (size_t i = 0; i < workers; i++) {
    if (results[i].err)
      fail(it, results[i].err);
    else
      count_seats(it, peal_doc_val(results[i].doc));
  }
  finish(it, worker);
}

/* -- the others ------------------------------------------------------------------- */

static void on_far(peal_far_asker *asker, peal_worker *home,
                   const peal_far *answer) {
  room_census *it = PEAL_LIST_OF(asker, room_census, far);
  it->sum.nodes = answer->nodes;
  it->sum.missing = answer->missing;
  if (answer->err)
    fail(it, answer->err);
  for (size_t i = 0; i < answer->doc_count; i++) {
    peal_val list = peal_doc_val(answer->docs[i]);
    for (size_t k = 0; peal_val_is(list, PEAL_ARRAY) && k < list.len; k++)
      count_socket(it, list.as.items[k]);
  }
  finish(it, home);
}

/* They could not be asked: that is told where the other half is. */
static void on_not_asked(peal_worker *worker, peal_mail *mail) {
  room_census *it = PEAL_LIST_OF(mail, room_census, not_asked);
  fail(it, PEAL_ERR_NOMEM);
  finish(it, worker);
}

static void ask_others(room_census *it, peal_adapter *adapter,
                       const peal_op *op) {
  peal_bus_msg question = {.kind = PEAL_BUS_FETCH, .nsp = op->nsp, .op = *op};
  question.op.kind = PEAL_OP_FETCH;
  if (!adapter->verbs->ask(adapter, &question, 0, &it->far))
    return;
  it->not_asked.fn = on_not_asked;
  peal_worker_impl_send(it->far.home, &it->not_asked);
}

/* -- asking ----------------------------------------------------------------------- */

static peal_err run(room_census *it, peal_nsp *nsp, const peal_op *op) {
  peal_adapter *adapter = peal_adapter_for(nsp, &op->to);
  it->waiting = adapter ? 2 : 1;
  it->far = (peal_far_asker){.done = on_far, .home = peal_op_round_home(nsp)};
  peal_err err = peal_op_round_run(nsp, op, false, &it->near);
  if (!err && adapter)
    ask_others(it, adapter, op);
  return err;
}

/* Of all sockets: no list, no exception. */
static bool is_to_all(const peal_to *to) {
  peal_names_walk rooms = peal_names_rooms(to), except = peal_names_except(to);
  return !peal_names_are_given(&rooms) && !peal_names_count(except);
}

peal_err peal_nsp_rooms(peal_nsp *nsp, const peal_to *to, peal_fetched_fn fn,
                        void *user) {
  peal_op op = {.kind = PEAL_OP_SEATS, .to = to ? *to : (peal_to){0}};
  if (!peal_nsp_has_sockets(nsp) || !fn || !is_to_all(&op.to))
    return PEAL_ERR_USAGE;
  const peal_mem *mem = nsp->server->mem;
  room_census *it = peal_mem_zalloc(mem, sizeof *it);
  if (!it)
    return PEAL_ERR_NOMEM;
  op.nsp = (peal_slice){nsp->name, nsp->name_len};
  it->near.done = on_near;
  it->mem = mem;
  it->fn = fn;
  it->user = user;
  peal_map_init(&it->rooms, mem, nsp->server->seed);
  peal_err err = run(it, nsp, &op);
  if (err)
    free_census(it);
  return err;
}

/* -- of one socket ---------------------------------------------------------------- */

typedef struct one_asker {
  const peal_mem *mem;
  peal_fetched_fn fn;
  void *user;
  size_t len;
  char id[];
} one_asker;

/* Others may have joined a room of that name. The session's id, behind a `#`, is
 * one of the names of a client of Socket.IO 2. */
static bool is_it(const one_asker *it, peal_val socket) {
  peal_slice name = peal_val_str(peal_val_get(socket, "id"));
  if (name.len > it->len && name.ptr[name.len - it->len - 1] == '#')
    name = (peal_slice){name.ptr + (name.len - it->len), it->len};
  return peal_slice_eq(name, (peal_slice){it->id, it->len});
}

static peal_val rooms_in(const one_asker *it, const peal_fetched *fetched) {
  for (size_t i = 0; i < fetched->sockets.count; i++)
    if (is_it(it, fetched->sockets.items[i]))
      return peal_val_get(fetched->sockets.items[i], "rooms");
  return peal_undefined();
}

static void on_one(const peal_fetched *fetched, void *user) {
  one_asker *it = user;
  peal_fetched told = *fetched;
  peal_val rooms = rooms_in(it, fetched);
  told.sockets = peal_val_is(rooms, PEAL_ARRAY)
                     ? (peal_args){rooms.as.items, rooms.len}
                     : PEAL_NO_ARGS;
  told.count = told.sockets.count;
  it->fn(&told, it->user);
  peal_mem_free(it->mem, it);
}

peal_err peal_nsp_rooms_of(peal_nsp *nsp, const char *id, peal_fetched_fn fn,
                           void *user) {
  if (!peal_nsp_has_sockets(nsp) || !id || !fn)
    return PEAL_ERR_USAGE;
  const peal_mem *mem = nsp->server->mem;
  size_t len = strlen(id);
  one_asker *it = peal_mem_alloc(mem, sizeof *it + len);
  if (!it)
    return PEAL_ERR_NOMEM;
  *it = (one_asker){.mem = mem, .fn = fn, .user = user, .len = len};
  memcpy(it->id, id, len);
  const char *const rooms[] = {id, NULL};
  peal_err err = peal_nsp_fetch(nsp, &(peal_to){.rooms = rooms}, on_one, it);
  if (err)
    peal_mem_free(mem, it);
  return err;
}

peal_err peal_nsp_close_room(peal_nsp *nsp, const char *room) {
  const char *const rooms[] = {room, NULL};
  if (!nsp || !room)
    return PEAL_ERR_USAGE;
  return peal_nsp_leave(nsp, &(peal_to){.rooms = rooms}, room);
}
