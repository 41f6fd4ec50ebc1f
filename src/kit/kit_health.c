/* SPDX-License-Identifier: MIT */
#include "kit/kit_health.h"

#include <stdlib.h>

enum {
  WELL_MS = 5000, /* a probe that is older tells nothing */
  MAX_PARTS = 16,
  JUST_OPENED = -1,
};

typedef struct part {
  const char *name;
  peal_kit_part_fn fn;
  void *user;
} part;

struct peal_kit_health {
  peal_kit_health_opts opts;
  part parts[MAX_PARTS];
  size_t count;
  int64_t well_ms; /* when the store last was, monotonic; 0: it is not. Any
                      worker reads it. JUST_OPENED: that went well */
  bool is_probing; /* worker 0 */
};

bool peal_kit_health_init(peal_kit *kit) {
  kit->health = calloc(1, sizeof *kit->health);
  if (kit->health == NULL)
    return false;
  kit->health->well_ms = JUST_OPENED;
  return true;
}

void peal_kit_health_deinit(peal_kit *kit) {
  free(kit->health);
  kit->health = NULL;
}

/* ---- looking --------------------------------------------------------------- */

static void set_well(struct peal_kit_health *health, int64_t ms) {
  __atomic_store_n(&health->well_ms, ms, __ATOMIC_RELAXED);
}

static void on_probe(const peal_store_result *result, void *user) {
  peal_kit *kit = user;
  kit->health->is_probing = false;
  if (result->err != PEAL_OK)
    peal_kit_store_failed(kit, "the store failed its probe", result);
  else
    set_well(kit->health, (int64_t)peal_worker_now_ms(peal_worker_self()));
}

void peal_kit_health_tick(peal_kit *kit) {
  struct peal_kit_health *health = kit->health;
  if (kit->store == NULL || health->is_probing)
    return;
  if (__atomic_load_n(&health->well_ms, __ATOMIC_RELAXED) == JUST_OPENED)
    set_well(health, (int64_t)peal_worker_now_ms(peal_worker_self()));
  // a queue that is full says by itself that it is not well
  health->is_probing = peal_store_probe(kit->store, on_probe, kit) == PEAL_OK;
}

void peal_kit_store_failed(peal_kit *kit, const char *what,
                           const peal_store_result *result) {
  if (kit->health != NULL)
    set_well(kit->health, 0);
  peal_kit_log(kit, PEAL_LOG_ERROR, "store", "%s: %s%s", what,
               result->message != NULL ? result->message
                                       : peal_err_message(result->err),
               result->is_full     ? " (the disk is full)"
               : result->is_locked ? " (locked by another process)"
                                   : "");
}

bool peal_kit_store_is_well(const peal_kit *kit) {
  int64_t now = (int64_t)peal_worker_now_ms(peal_worker_self());
  int64_t at = __atomic_load_n(&kit->health->well_ms, __ATOMIC_RELAXED);
  return at == JUST_OPENED || (at > 0 && now - at < WELL_MS);
}

/* ---- telling --------------------------------------------------------------- */

/* Names of parts with true or false; the words of those that are not well. */
static bool ask_parts(const struct peal_kit_health *health, peal_pairs *out,
                      peal_pairs *words, peal_build *build) {
  bool are_well = true;
  for (size_t i = 0; i < health->count; i++) {
    const part *one = &health->parts[i];
    peal_kit_state state = {.is_well = true};
    one->fn(&state, one->user);
    peal_pairs_add(out, one->name, peal_bool(state.is_well));
    if (state.words[0] != '\0')
      peal_pairs_add(words, one->name,
                     peal_build_copy(build, peal_str(state.words)));
    are_well = are_well && state.is_well;
  }
  return are_well;
}

static void on_health(peal_http_req *req, void *user) {
  peal_kit *kit = user;
  const struct peal_kit_health *health = kit->health;
  peal_build *build = peal_http_req_build(req);
  peal_pairs *parts = peal_pairs_new(build), *words = peal_pairs_new(build);
  peal_pairs *out = peal_pairs_new(build);
  char now[25];
  bool has_store = kit->store != NULL;
  bool is_stored = !has_store || peal_kit_store_is_well(kit);
  if (!is_stored)
    peal_pairs_add(words, "database",
                   peal_str("the store does not take what comes"));
  bool is_well = ask_parts(health, parts, words, build) && is_stored;
  const char *good = health->opts.word != NULL ? health->opts.word : "ok";
  peal_web_time_iso(now, peal_wall_ms());
  peal_pairs_add(out, "status", peal_str(is_well ? good : "degraded"));
  peal_pairs_add(out, "timestamp", peal_str(now));
  if (has_store)
    peal_pairs_add(out, "database", peal_bool(is_stored));
  peal_val all = peal_pairs_val(parts);
  for (size_t i = 0; i < health->count; i++)
    peal_pairs_add(out, health->parts[i].name,
                   peal_val_get(all, health->parts[i].name));
  if (peal_pairs_count(words) > 0)
    peal_pairs_add(out, "words", peal_pairs_val(words));
  if (health->opts.more != NULL)
    health->opts.more(out, build, health->opts.user);
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(req, is_well ? 200 : 503, peal_pairs_val(out));
}

peal_err peal_kit_health_on(peal_kit *kit, const peal_kit_health_opts *opts) {
  kit->health->opts = *opts;
  return peal_web_get(kit->web, opts->path != NULL ? opts->path : "/health",
                      on_health, kit);
}

peal_err peal_kit_health_add(peal_kit *kit, const char *name,
                             peal_kit_part_fn fn, void *user) {
  struct peal_kit_health *health = kit->health;
  if (health->count == MAX_PARTS)
    return PEAL_ERR_LIMIT;
  health->parts[health->count++] = (part){.name = name, .fn = fn, .user = user};
  return PEAL_OK;
}
