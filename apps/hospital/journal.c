/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include <stdio.h>
#include <stdlib.h>

#include "journal_sql.h"
#include "notices.h"
#include "tell.h"

enum { NODE_COUNT = 1 << JOURNAL_NODE_BITS, TAKE_AT_ONCE = 200 };

/* On worker 0, but for has_others. */
struct journal {
  hospital *app;
  journal_sql sql;
  int64_t node, seq; /* the last number that was given out */
  int64_t stored;    /* the last entry that is on disk */
  int64_t number;    /* of the last alert or triage entry, without node */
  int64_t last_ms;   /* of the last entry: time goes on */
  atomic_bool has_others;
  journal_out_fn out;
  void *out_user;
};

static const char *const names[JOURNAL_KINDS] = {
    "patient", "triage",      "bed",     "staff",    "preferences", "risk",
    "alert",   "acknowledge", "resolve", "escalate", "account"};

const char *journal_kind_name(journal_kind kind) {
  return kind < JOURNAL_KINDS ? names[kind] : "";
}

journal_kind journal_kind_of(peal_slice name) {
  int i = 0;
  while (i < JOURNAL_KINDS && !peal_slice_is(name, names[i]))
    i++;
  return (journal_kind)i;
}

int64_t journal_node(const journal *all) {
  return all->node;
}

int64_t journal_seq(const journal *all) {
  return all->stored;
}

bool journal_has_others(const journal *all) {
  return atomic_load(&all->has_others);
}

void journal_on_entry(journal *all, journal_out_fn fn, void *user) {
  all->out = fn;
  all->out_user = user;
}

/* ---- an order ------------------------------------------------------------------ */

/* A change on its way; free(). */
typedef struct order {
  hospital *app;
  journal_kind kind;
  journal_verb verb;
  journal_fn fn;
  void *user;
  int64_t id, node, seq, ts;
  peal_bytes *body;
  char actor[PEAL_KIT_USERNAME_BYTES];
  char key[128], severity[16];
} order;

static void end_order(order *o) {
  peal_bytes_unref(o->body);
  free(o);
}

static void answer(order *o, const journal_result *result) {
  if (o->fn != NULL)
    o->fn(result, o->user);
  end_order(o);
}

static void hand_out(journal *all, const order *o, peal_val stored) {
  const journal_entry entry = {.node = o->node,
                               .seq = o->seq,
                               .ts = o->ts,
                               .kind = o->kind,
                               .key = peal_slice_of(o->key),
                               .actor = peal_slice_of(o->actor),
                               .body = peal_val_str(stored)};
  if (all->out != NULL)
    all->out(o->app, &entry, all->stored, all->out_user);
}

static void on_stored(const peal_store_result *result, void *user) {
  order *o = user;
  journal *all = o->app->journal;
  journal_result out = {.err = result->err, .id = o->id};
  peal_val found = peal_val_at(result->rows, 0);
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&o->app->house, "a change was not stored", result);
  } else if (result->rows.len > 0) {
    peal_build *build = peal_worker_build(peal_worker_self());
    out.is_done = true;
    out.row = peal_build_json(build, peal_val_str(peal_val_get(found, "row")));
    // numbered before this node was given another name: no number of that one
    if (o->node == all->node) {
      hand_out(all, o, peal_val_get(found, "body"));
      all->stored = o->seq;
    }
    tell(o->app, &(tell_news){.kind = o->kind,
                              .is_new = o->verb == JOURNAL_CREATE,
                              .is_own = true,
                              .key = peal_slice_of(o->key),
                              .row = out.row});
  }
  answer(o, &out);
}

/* A number of our own behind all that are known. */
static int64_t next_number(journal *all) {
  return ++all->number * NODE_COUNT + all->node;
}

static void number_it(journal *all, order *o) {
  int64_t now = peal_wall_ms();
  all->last_ms = now > all->last_ms ? now : all->last_ms + 1;
  o->ts = all->last_ms;
  o->node = all->node;
  o->seq = ++all->seq;
  if (o->key[0] == '\0') {
    o->id = next_number(all);
    snprintf(o->key, sizeof o->key, "%lld", (long long)o->id);
  } else {
    o->id = strtoll(o->key, NULL, 10);
  }
}

static void on_turn(peal_worker *worker, void *user) {
  order *o = user;
  journal *all = o->app->journal;
  (void)worker;
  if (peal_worker_self() == NULL) { // the run is over
    answer(o, &(journal_result){.err = PEAL_ERR_CANCELLED});
    return;
  }
  number_it(all, o);
  peal_val kind = peal_str(journal_kind_name(o->kind));
  peal_val key =
      journal_sql_is_numbered(o->kind) ? peal_int(o->id) : peal_str(o->key);
  peal_val ts = peal_int(o->ts), node = peal_int(all->node);
  peal_val body = peal_str_slice(peal_bytes_slice(o->body));
  char ways[64] = "";
  const char *notify = NULL;
  bool has_notices =
      o->kind == JOURNAL_ALERT &&
      notices_stmt(o->app->notices, peal_slice_of(o->severity), ways, &notify);
  const peal_store_stmt stmts[] = {
      {notify, PEAL_ARGS(key, ts, peal_str(ways))},
      {journal_sql_change(&all->sql, o->kind, o->verb),
       PEAL_ARGS(kind, key, ts, node, body)},
      {journal_sql_entry(o->kind),
       PEAL_ARGS(kind, key, ts, node, body, peal_int(o->seq),
                 peal_str(o->actor))}};
  peal_err err =
      peal_store_write_all(o->app->house.store, has_notices ? stmts : stmts + 1,
                           has_notices ? 3 : 2, on_stored, o);
  if (err != PEAL_OK)
    answer(o, &(journal_result){.err = err});
}

static void copy_text(char *out, size_t cap, peal_slice text) {
  snprintf(out, cap, "%.*s", PEAL_SFMT(text));
}

bool journal_add(hospital *app, const journal_change *change, journal_fn fn,
                 void *user) {
  order *o = calloc(1, sizeof *o);
  if (o == NULL)
    return false;
  o->app = app;
  o->kind = change->kind;
  o->verb = change->verb;
  o->fn = fn;
  o->user = user;
  copy_text(o->key, sizeof o->key, change->key);
  copy_text(o->actor, sizeof o->actor, change->actor);
  copy_text(o->severity, sizeof o->severity,
            peal_val_str(peal_val_get(change->body, "severity")));
  o->body = peal_json_bytes(change->body);
  if (o->body != NULL &&
      peal_worker_post(peal_workers_get(app->house.workers, 0), on_turn, o) ==
          PEAL_OK)
    return true;
  end_order(o);
  return false;
}

/* ---- entries of other nodes ------------------------------------------------------ */

/* Some on their way; free(). `kinds` of those that stand in the store's
 * answer: the last one. */
typedef struct taking {
  hospital *app;
  journal_fn fn;
  void *user;
  journal_kind kind;
  char key[128];
} taking;

static void on_taken(const peal_store_result *result, void *user) {
  taking *t = user;
  journal_result out = {.err = result->err};
  peal_val found = peal_val_at(result->rows, 0);
  if (result->err != PEAL_OK)
    peal_kit_store_failed(&t->app->house, "another node's change", result);
  peal_slice text = peal_val_str(peal_val_get(found, "row"));
  if (peal_val_int(peal_val_get(found, "changed"), 0) > 0 && text.len > 0) {
    out.is_done = true;
    out.row = peal_build_json(peal_worker_build(peal_worker_self()), text);
    tell(t->app, &(tell_news){.kind = t->kind,
                              .key = peal_slice_of(t->key),
                              .row = out.row});
  }
  if (t->fn != NULL)
    t->fn(&out, t->user);
  free(t);
}

/* Of people: the account itself. */
#define TAKE_ACCOUNT                                                           \
  "INSERT INTO people (folded, name, hash, role, made_ms)"                     \
  " SELECT key, json_extract(body, '$.name'), json_extract(body, '$.hash'),"   \
  " json_extract(body, '$.role'), json_extract(body, '$.made_ms')"             \
  " FROM records WHERE kind = 'account' AND key = ?1 ON CONFLICT (folded)"     \
  " DO UPDATE SET hash = excluded.hash, role = excluded.role"
#define KNOW_NODE                                                              \
  "INSERT INTO vector (node, seq) VALUES (?1, 0) ON CONFLICT DO NOTHING"
/* Nothing, which the table refuses, if the one before it was not stored: there
 * are no holes. */
#define TAKE_VECTOR                                                            \
  "UPDATE vector SET seq = CASE WHEN seq >= ?3 THEN max(seq, ?2) END"          \
  " WHERE node = ?1"

/* What is known of time and numbers goes on behind it. */
static void hear(journal *all, const journal_entry *e) {
  int64_t number = 0;
  if (e->kind == JOURNAL_ALERT || e->kind == JOURNAL_TRIAGE)
    for (size_t i = 0; i < e->key.len && i < 18; i++)
      number = number * 10 + (e->key.ptr[i] - '0');
  number /= NODE_COUNT;
  all->number = number > all->number ? number : all->number;
  // a clock that is far ahead does not take ours along
  if (e->ts > all->last_ms && e->ts < peal_wall_ms() + 3600000)
    all->last_ms = e->ts;
  atomic_store(&all->has_others, true);
}

static peal_err take_one(hospital *app, const journal_entry *e, int64_t before,
                         int64_t through, journal_fn fn, void *user) {
  journal *all = app->journal;
  taking *t = malloc(sizeof *t);
  if (t == NULL)
    return PEAL_ERR_NOMEM;
  *t = (taking){.app = app, .fn = fn, .user = user, .kind = e->kind};
  copy_text(t->key, sizeof t->key, e->key);
  hear(all, e);
  peal_val kind = peal_str(journal_kind_name(e->kind));
  peal_val key = journal_sql_is_numbered(e->kind)
                     ? peal_int(strtoll(t->key, NULL, 10))
                     : peal_str(t->key);
  peal_val ts = peal_int(e->ts), node = peal_int(e->node);
  peal_val body = peal_str_slice(e->body);
  const bool is_account = e->kind == JOURNAL_ACCOUNT;
  const peal_store_stmt stmts[] = {
      {KNOW_NODE, PEAL_ARGS(node)},
      {TAKE_VECTOR, PEAL_ARGS(node, peal_int(through), peal_int(before))},
      {journal_sql_take(&all->sql, e->kind),
       PEAL_ARGS(kind, key, ts, node, body)},
      {journal_sql_taken(e->kind),
       PEAL_ARGS(kind, key, ts, node, body, peal_int(e->seq),
                 peal_str_slice(e->actor))},
      {TAKE_ACCOUNT, PEAL_ARGS(peal_str(t->key))}};
  peal_err err = peal_store_write_all(app->house.store, stmts,
                                      is_account ? 5 : 4, on_taken, t);
  if (err != PEAL_OK)
    free(t);
  return err;
}

static void on_vector(const peal_store_result *result, void *user) {
  taking *t = user;
  if (t->fn != NULL)
    t->fn(&(journal_result){.err = result->err}, t->user);
  free(t);
}

/* Nothing new, but it is known now up to there. */
static peal_err take_vector(hospital *app, int64_t node, int64_t before,
                            int64_t through, journal_fn fn, void *user) {
  taking *t = malloc(sizeof *t);
  if (t == NULL)
    return PEAL_ERR_NOMEM;
  *t = (taking){.app = app, .fn = fn, .user = user};
  const peal_store_stmt stmts[] = {
      {KNOW_NODE, PEAL_ARGS(peal_int(node))},
      {TAKE_VECTOR,
       PEAL_ARGS(peal_int(node), peal_int(through), peal_int(before))}};
  peal_err err = peal_store_write_all(app->house.store, stmts, 2, on_vector, t);
  if (err != PEAL_OK)
    free(t);
  return err;
}

peal_err journal_take(hospital *app, const journal_entry *entries, size_t count,
                      int64_t node, int64_t before, int64_t through,
                      journal_fn fn, void *user) {
  for (size_t i = 0; i < count; i++) {
    bool is_last = i + 1 == count;
    peal_err err =
        take_one(app, &entries[i], before, is_last ? through : entries[i].seq,
                 is_last ? fn : NULL, user);
    if (err != PEAL_OK)
      return err;
    before = entries[i].seq;
  }
  return count > 0 ? PEAL_OK
                   : take_vector(app, node, before, through, fn, user);
}

/* ---- life ------------------------------------------------------------------------ */

static bool ask(journal *all, const char *sql, peal_args args, int64_t *out) {
  peal_doc *rows = NULL;
  bool done =
      peal_store_exec_sync(all->app->house.store, sql, args, &rows) == PEAL_OK;
  *out =
      peal_val_int(peal_val_get(peal_val_at(peal_doc_val(rows), 0), "x"), *out);
  peal_doc_free(rows);
  return done;
}

/* Nobody gives out numbers of nodes: it is drawn, once. */
static bool name_node(journal *all) {
  uint32_t drawn;
  int64_t ignored = 0;
  if (!peal_kit_digest_random((uint8_t *)&drawn, sizeof drawn))
    return false;
  return ask(all,
             "INSERT INTO meta (name, value) VALUES ('node', ?1)"
             " ON CONFLICT DO NOTHING",
             PEAL_ARGS(peal_int(drawn % (NODE_COUNT - 1) + 1)), &ignored) &&
         ask(all, "SELECT value AS x FROM meta WHERE name = 'node'",
             PEAL_NO_ARGS, &all->node);
}

void journal_rename(journal *all) {
  peal_val old = peal_int(all->node), seq = peal_int(all->stored);
  uint32_t drawn;
  if (!peal_kit_digest_random((uint8_t *)&drawn, sizeof drawn))
    return;
  all->node = drawn % (NODE_COUNT - 1) + 1;
  all->seq = all->stored = 0;
  atomic_store(&all->has_others, true);
  const peal_store_stmt stmts[] = {
      {"INSERT INTO vector (node, seq) VALUES (?1, ?2)"
       " ON CONFLICT (node) DO UPDATE SET seq = excluded.seq",
       PEAL_ARGS(old, seq)},
      {"UPDATE meta SET value = ?1 WHERE name = 'node'",
       PEAL_ARGS(peal_int(all->node))}};
  peal_err err =
      peal_store_write_all(all->app->house.store, stmts, 2, NULL, NULL);
  peal_kit_log(&all->app->house, PEAL_LOG_WARN, "journal",
               "this store is older than what others know of it: it goes on as "
               "another node%s",
               err == PEAL_OK ? "" : ", in memory only");
}

static bool load(journal *all) {
  int64_t others = 0;
  if (!name_node(all) ||
      !ask(all, "SELECT max(seq) AS x FROM journal WHERE node = ?1",
           PEAL_ARGS(peal_int(all->node)), &all->seq) ||
      !ask(all, "SELECT max(ts) AS x FROM journal", PEAL_NO_ARGS,
           &all->last_ms) ||
      !ask(all,
           "SELECT max(coalesce((SELECT max(id) FROM alerts), 0),"
           " coalesce((SELECT max(CAST(key AS INTEGER)) FROM records"
           " WHERE kind = 'triage'), 0)) AS x",
           PEAL_NO_ARGS, &all->number) ||
      !ask(all, "SELECT count(*) AS x FROM vector", PEAL_NO_ARGS, &others))
    return false;
  all->number /= NODE_COUNT;
  all->stored = all->seq;
  atomic_store(&all->has_others, others > 0);
  return true;
}

journal *journal_new(hospital *app) {
  journal *all = calloc(1, sizeof *all);
  if (all == NULL)
    return NULL;
  all->app = app;
  journal_sql_init(&all->sql, app->conf.doctor_ms, app->conf.all_ms);
  if (load(all))
    return all;
  peal_kit_log(&app->house, PEAL_LOG_ERROR, "journal", "it cannot be read");
  free(all);
  return NULL;
}

void journal_free(journal *all) {
  free(all);
}
