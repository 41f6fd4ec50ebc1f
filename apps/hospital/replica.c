/* SPDX-License-Identifier: MIT */
#include "replica.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "replica_bus.h"
#include "replica_vector.h"

enum {
  HELLO_MS = 1000,
  WANT_MS = 4000,  /* an answer that does not come is asked for again */
  ALONE_MS = 3000, /* nobody answers: there is nobody */
  CHUNK = 200,     /* entries of one answer */
};

/* On worker 0, but for is_ready and the bus. */
struct replica {
  hospital *app;
  replica_bus *bus;
  peal_timer *timer;
  replica_vector known;     /* what is stored, or on its way there */
  replica_vector stored;    /* what others can be given */
  uint64_t began_ms, up_ms; /* of the worker's clock; 0: not yet */
  uint64_t wanted_ms;       /* when it was asked last; 0: nothing is */
  size_t fetching;          /* answers on their way to the store */
  bool has_heard;           /* another node has said hello */
  atomic_bool is_ready;     /* it has caught up once */
};

static uint64_t now_ms(void) {
  return peal_worker_now_ms(peal_worker_self());
}

static void say(replica *all, const char *event, peal_val value) {
  peal_err err =
      peal_nsp_server_emit(all->app->house.nsp, event, PEAL_ARGS(value));
  if (err != PEAL_OK) // whoever lacks it asks
    peal_kit_log(&all->app->house, PEAL_LOG_DEBUG, "replica",
                 "%s was not sent: %s", event, peal_err_message(err));
}

static int64_t number(peal_val object, const char *name) {
  return peal_val_int(peal_val_get(object, name), 0);
}

/* ---- vectors as values ------------------------------------------------------------ */

/* [[node, seq], …], with our own. */
static peal_val vector_val(replica *all, peal_build *build,
                           replica_vector *vector) {
  peal_items *items = peal_items_new(build);
  journal *j = all->app->journal;
  if (!replica_vector_raise(vector, journal_node(j), journal_seq(j)))
    peal_kit_log(&all->app->house, PEAL_LOG_ERROR, "replica", "too many nodes");
  for (size_t i = 0; i < vector->count; i++)
    peal_items_add(
        items,
        peal_build_keep(build, PEAL_ARRAY(peal_int(vector->rows[i].node),
                                          peal_int(vector->rows[i].seq))));
  return peal_items_val(items);
}

static replica_vector *read_vector(peal_val list) {
  replica_vector *out = calloc(1, sizeof *out);
  for (size_t i = 0; out != NULL && i < list.len; i++) {
    peal_val row = peal_val_at(list, i);
    if (!replica_vector_raise(out, peal_val_int(peal_val_at(row, 0), 0),
                              peal_val_int(peal_val_at(row, 1), 0)))
      break;
  }
  return out;
}

/* ---- telling ------------------------------------------------------------------------ */

static peal_val entry_val(const journal_entry *e, int64_t previous) {
  peal_build *build = peal_worker_build(peal_worker_self());
  return peal_build_keep(
      build,
      PEAL_OBJECT({"node", peal_int(e->node)}, {"seq", peal_int(e->seq)},
                  {"previous", peal_int(previous)}, {"ts", peal_int(e->ts)},
                  {"kind", peal_str(journal_kind_name(e->kind))},
                  {"key", peal_str_slice(e->key)},
                  {"actor", peal_str_slice(e->actor)},
                  {"body", peal_str_slice(e->body)}));
}

static void on_entry(hospital *app, const journal_entry *entry,
                     int64_t previous, void *user) {
  (void)app;
  say(user, "hospital_entry", entry_val(entry, previous));
}

static void hello(replica *all) {
  peal_build *build = peal_worker_build(peal_worker_self());
  say(all, "hospital_hello",
      peal_build_keep(
          build,
          PEAL_OBJECT({"node", peal_int(journal_node(all->app->journal))},
                      {"vector", vector_val(all, build, &all->stored)})));
}

/* What I lack, of this node. */
static void want(replica *all, int64_t from) {
  peal_build *build = peal_worker_build(peal_worker_self());
  uint64_t now = now_ms();
  if (all->fetching > 0 ||
      (all->wanted_ms != 0 && now - all->wanted_ms < WANT_MS))
    return; // it is on its way
  all->wanted_ms = now;
  say(all, "hospital_want",
      peal_build_keep(
          build,
          PEAL_OBJECT({"node", peal_int(journal_node(all->app->journal))},
                      {"from", peal_int(from)},
                      {"vector", vector_val(all, build, &all->known)})));
}

/* ---- taking ---------------------------------------------------------------------------- */

/* Entries of one node on their way to the store; free(). */
typedef struct taking {
  replica *all;
  int64_t node, before, through, peer; /* peer 0: it came by itself */
  bool has_more;
} taking;

static void on_taken(const journal_result *result, void *user) {
  taking t = *(taking *)user;
  free(user);
  if (result->err != PEAL_OK)
    replica_vector_lower(&t.all->known, t.node, t.before);
  else
    (void)replica_vector_raise(&t.all->stored, t.node, t.through);
  if (t.peer == 0)
    return;
  t.all->fetching--;
  if (t.all->timer == NULL)
    return;
  t.all->wanted_ms = 0;
  if (t.has_more || result->err != PEAL_OK)
    want(t.all, t.peer);
}

static void take(replica *all, const journal_entry *entries, size_t count,
                 int64_t node, int64_t through, int64_t peer, bool has_more) {
  taking *t = malloc(sizeof *t);
  if (t == NULL)
    return;
  int64_t before = replica_vector_get(&all->known, node);
  if (!replica_vector_raise(&all->known, node, through)) {
    free(t);
    return;
  }
  *t = (taking){all, node, before, through, peer, has_more};
  all->fetching += peer != 0;
  if (journal_take(all->app, entries, count, node, before, through, on_taken,
                   t) == PEAL_OK)
    return;
  all->fetching -= peer != 0;
  replica_vector_lower(&all->known, node, before);
  free(t);
}

static journal_entry read_entry(peal_val row) {
  return (journal_entry){
      .node = number(row, "node"),
      .seq = number(row, "seq"),
      .ts = number(row, "ts"),
      .kind = journal_kind_of(peal_val_str(peal_val_get(row, "kind"))),
      .key = peal_val_str(peal_val_get(row, "key")),
      .actor = peal_val_str(peal_val_get(row, "actor")),
      .body = peal_val_str(peal_val_get(row, "body"))};
}

/* Redis is not to be trusted more than it needs: what cannot be an entry is
 * none. */
static bool is_entry(const replica *all, const journal_entry *e) {
  return e->node > 0 && e->seq > 0 && e->kind < JOURNAL_KINDS &&
         e->key.len > 0 && e->key.len < 128 && e->body.len > 0 &&
         e->body.len < 1 << 20 && e->node != journal_node(all->app->journal);
}

static void on_told(peal_nsp *nsp, const peal_event *event, void *user) {
  replica *all = user;
  peal_val row = peal_event_arg(event, 0);
  const journal_entry e = read_entry(row);
  (void)nsp;
  if (all->timer == NULL || !is_entry(all, &e))
    return;
  switch (replica_vector_judge(&all->known, e.node, number(row, "previous"),
                               e.seq)) {
  case REPLICA_NEXT:
    take(all, &e, 1, e.node, e.seq, 0, false);
    break;
  case REPLICA_GAP:
    want(all, e.node);
    break;
  case REPLICA_KNOWN:
    break;
  }
}

/* It lacks next to nothing of what somebody has: the rest comes as it is made,
 * in its order. */
static void look_ready(replica *all, int64_t lag) {
  if (lag >= CHUNK || atomic_load(&all->is_ready))
    return;
  atomic_store(&all->is_ready, true);
  peal_kit_log(&all->app->house, PEAL_LOG_INFO, "replica",
               all->has_heard
                   ? "it has caught up with the other nodes"
                   : "no other node is heard: it serves what it has");
}

static void on_hello(peal_nsp *nsp, const peal_event *event, void *user) {
  replica *all = user;
  peal_val said = peal_event_arg(event, 0);
  (void)nsp;
  if (all->timer == NULL)
    return;
  replica_vector *theirs = read_vector(peal_val_get(said, "vector"));
  if (theirs == NULL)
    return;
  journal *j = all->app->journal;
  all->has_heard = true;
  if (replica_vector_get(theirs, journal_node(j)) > journal_seq(j))
    journal_rename(all->app->journal);
  int64_t lag = replica_vector_lag(&all->known, theirs);
  if (lag > 0)
    want(all, number(said, "node"));
  look_ready(all, lag);
  free(theirs);
}

/* ---- sending what another lacks ------------------------------------------------------------ */

/* Somebody who is behind; free(). */
typedef struct sending {
  replica *all;
  int64_t to, node, through;
} sending;

static peal_val rows_val(peal_build *build, peal_val rows) {
  peal_items *items = peal_items_new(build);
  for (size_t i = 0; i < rows.len; i++)
    peal_items_add(items, peal_val_at(rows, i));
  return peal_items_val(items);
}

static void on_lacking(const peal_store_result *result, void *user) {
  sending s = *(sending *)user;
  free(user);
  peal_val rows = result->rows;
  if (result->err != PEAL_OK || s.all->timer == NULL)
    return;
  bool has_more = rows.len > CHUNK;
  if (has_more)
    rows.len = CHUNK;
  int64_t through =
      has_more ? number(peal_val_at(rows, rows.len - 1), "seq") : s.through;
  peal_build *build = peal_worker_build(peal_worker_self());
  say(s.all, "hospital_have",
      peal_build_keep(
          build,
          PEAL_OBJECT({"from", peal_int(journal_node(s.all->app->journal))},
                      {"to", peal_int(s.to)}, {"node", peal_int(s.node)},
                      {"through", peal_int(through)},
                      {"more", peal_bool(has_more)},
                      {"entries", rows_val(build, rows)})));
}

static void send_lacking(replica *all, int64_t to, int64_t node, int64_t behind,
                         int64_t through) {
  sending *s = malloc(sizeof *s);
  if (s == NULL)
    return;
  *s = (sending){all, to, node, through};
  if (peal_store_read(all->app->house.store,
                      "SELECT node, seq, ts, kind, key, actor, body"
                      " FROM journal WHERE node = ?1 AND seq > ?2 AND seq <= ?3"
                      " ORDER BY seq LIMIT ?4",
                      PEAL_ARGS(peal_int(node), peal_int(behind),
                                peal_int(through), peal_int(CHUNK + 1)),
                      on_lacking, s) != PEAL_OK)
    free(s); // it asks again
}

static void on_want(peal_nsp *nsp, const peal_event *event, void *user) {
  replica *all = user;
  peal_val said = peal_event_arg(event, 0);
  journal *j = all->app->journal;
  (void)nsp;
  if (all->timer == NULL || number(said, "from") != journal_node(j))
    return;
  replica_vector *theirs = read_vector(peal_val_get(said, "vector"));
  if (theirs == NULL)
    return;
  (void)replica_vector_raise(&all->stored, journal_node(j), journal_seq(j));
  // one node's at a time: the next when these are stored; what is on its way to
  // the store would be missing in the answer
  for (size_t i = 0; i < all->stored.count; i++) {
    const replica_known *row = &all->stored.rows[i];
    int64_t has = replica_vector_get(theirs, row->node);
    if (row->seq <= has || row->node == number(said, "node"))
      continue;
    send_lacking(all, number(said, "node"), row->node, has, row->seq);
    break;
  }
  free(theirs);
}

/* Only what follows what is known: there is no hole in it. */
static void on_have(peal_nsp *nsp, const peal_event *event, void *user) {
  replica *all = user;
  peal_val said = peal_event_arg(event, 0),
           list = peal_val_get(said, "entries");
  journal_entry entries[CHUNK];
  size_t count = 0;
  (void)nsp;
  if (all->timer == NULL ||
      number(said, "to") != journal_node(all->app->journal) || list.len > CHUNK)
    return;
  int64_t node = number(said, "node"), through = number(said, "through");
  int64_t known = replica_vector_get(&all->known, node);
  for (size_t i = 0; i < list.len; i++) {
    journal_entry e = read_entry(peal_val_at(list, i));
    if (!is_entry(all, &e) || e.node != node)
      return;
    if (e.seq > known)
      entries[count++] = e;
  }
  if (through > known)
    take(all, entries, count, node, through, number(said, "from"),
         peal_val_bool(peal_val_get(said, "more"), false));
}

/* ---- every second ---------------------------------------------------------------------------- */

static void on_time(peal_timer *timer, void *user) {
  replica *all = user;
  uint64_t now = now_ms();
  bool is_up = replica_bus_is_up(all->bus);
  (void)timer;
  if (is_up && all->up_ms == 0)
    all->up_ms = now;
  if (is_up)
    hello(all);
  // nobody is there, or nobody can be heard: it serves what it has
  if ((all->up_ms != 0 && now - all->up_ms > ALONE_MS && !all->has_heard) ||
      (!is_up && now - all->began_ms > 2 * ALONE_MS))
    look_ready(all, 0);
}

static void on_health(peal_kit_state *out, void *user) {
  const replica *all = user;
  out->is_well = atomic_load(&all->is_ready);
  if (!out->is_well)
    snprintf(out->words, sizeof out->words,
             "it catches up with the other nodes");
}

const char *replica_redis(const replica *all) {
  return all == NULL ? NULL : replica_bus_is_up(all->bus) ? "up" : "down";
}

/* ---- life --------------------------------------------------------------------------------------- */

static bool load(replica *all) {
  peal_doc *rows = NULL;
  peal_err err = peal_store_exec_sync(
      all->app->house.store, "SELECT node, seq FROM vector WHERE seq > 0",
      PEAL_NO_ARGS, &rows);
  peal_val list = peal_doc_val(rows);
  for (size_t i = 0; i < list.len; i++) {
    peal_val row = peal_val_at(list, i);
    if (!replica_vector_raise(&all->known, number(row, "node"),
                              number(row, "seq")))
      break;
  }
  all->stored = all->known;
  peal_doc_free(rows);
  return err == PEAL_OK;
}

static bool listen_to_others(replica *all) {
  peal_nsp *nsp = all->app->house.nsp;
  return peal_on_server_event(nsp, "hospital_entry", on_told, all) == PEAL_OK &&
         peal_on_server_event(nsp, "hospital_hello", on_hello, all) ==
             PEAL_OK &&
         peal_on_server_event(nsp, "hospital_want", on_want, all) == PEAL_OK &&
         peal_on_server_event(nsp, "hospital_have", on_have, all) == PEAL_OK &&
         peal_kit_health_add(&all->app->house, "replica", on_health, all) ==
             PEAL_OK;
}

void replica_leave(replica *all) {
  if (all == NULL)
    return;
  replica_bus_close(all->bus);
  all->bus = NULL;
}

bool replica_open(hospital *app) {
  if (app->conf.redis_url == NULL)
    return true;
  replica *all = calloc(1, sizeof *all);
  if (all == NULL)
    return false;
  all->app = app;
  app->replica = all;
  all->bus = replica_bus_open(app, app->conf.redis_url);
  if (all->bus == NULL || !load(all) || !listen_to_others(all))
    return false;
  journal_on_entry(app->journal, on_entry, all);
  return true;
}

void replica_free(replica *all) {
  if (all == NULL)
    return;
  free(all);
}

void replica_start(replica *all) {
  if (all == NULL)
    return;
  all->timer = peal_timer_new(peal_worker_self(), on_time, all);
  all->began_ms = now_ms();
  peal_timer_start(all->timer, 50, HELLO_MS);
}

void replica_stop(replica *all) {
  if (all == NULL)
    return;
  peal_timer_free(all->timer);
  all->timer = NULL;
}
