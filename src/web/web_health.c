/* SPDX-License-Identifier: MIT */
/* web_health: the health route, which asks the store now and then. */
#include <string.h>

#include "base/mem.h"
#include "web/web_impl.h"

/* A probe's outcome is good for so long: who asks often does not write
 * often. */
#define FRESH_MS 1000u
/* A store that does not answer within this is not well. */
#define PATIENCE_MS 2000u

/* Parts of a page beside the store. */
#define MAX_PARTS 16u

typedef struct peal_web_health_part {
  struct peal_web_health_part *next;
  peal_web_health_fn fn;
  void *user;
  char name[]; /* terminated */
} part;

/* One worker's own. */
typedef struct home {
  peal_list waiting; /* asker.node */
  bool probing;
  bool known, well;
  uint64_t known_at_ms;
} home;

typedef struct peal_web_health_check {
  struct peal_web_health_check *next;
  peal_web *app;
  peal_store *store;
  home homes[];
} check;

/* Somebody who waits for a probe; in the request's memory. */
typedef struct asker {
  peal_list node;
  peal_wheel_timer timer;
  const peal_web *app;
  peal_http_req *req;
} asker;

/* What a probe comes back to: it may come after all askers have left. */
typedef struct probe {
  check *on;
  unsigned worker;
} probe;

/* Fills in what the parts say; false if one is not well. */
static bool ask_parts(const peal_web *app, peal_pair *out) {
  bool well = true;
  for (const part *one = app->parts; one; one = one->next) {
    bool is_well = one->fn(one->user);
    *out++ = (peal_pair){one->name, peal_bool(is_well)};
    well = well && is_well;
  }
  return well;
}

static void answer(const peal_web *app, peal_http_req *req, bool has_store,
                   bool well) {
  char time[25];
  peal_pair pairs[3 + MAX_PARTS];
  peal_web_time_iso(time, peal_wall_ms());
  bool all = ask_parts(app, pairs + 3) && well;
  pairs[0] = (peal_pair){"status", peal_str(all ? "healthy" : "degraded")};
  pairs[1] = (peal_pair){"timestamp", peal_str(time)};
  pairs[2] =
      (peal_pair){"database", has_store ? peal_bool(well) : peal_undefined()};
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(req, all ? 200 : 503,
                        peal_object(pairs, 3 + app->part_count));
}

static void answer_asker(asker *who, bool well) {
  peal_list_remove(&who->node);
  peal_wheel_stop(&peal_http_req_worker(who->req)->wheel, &who->timer);
  answer(who->app, who->req, true, well);
}

static void on_patience(peal_wheel_timer *timer, uint64_t now_ms) {
  (void)now_ms;
  answer_asker(PEAL_LIST_OF(timer, asker, timer), false);
}

static void on_probe(const peal_store_result *result, void *user) {
  probe *asked = user;
  check *on = asked->on;
  peal_worker *worker = peal_workers_get(on->app->workers, asked->worker);
  home *here = &on->homes[asked->worker];
  bool well = !result->err;
  peal_mem_free(on->app->mem, asked);
  if (!well)
    peal_logger_write(on->app->log, PEAL_LOG_ERROR, "health", (peal_slice){0},
                      (peal_slice){0}, "the store failed its probe: %s",
                      result->message);
  here->probing = false;
  here->known = true;
  here->well = well;
  here->known_at_ms = peal_worker_now_ms(worker);
  while (!peal_list_is_empty(&here->waiting))
    answer_asker(PEAL_LIST_OF(here->waiting.next, asker, node), well);
}

static bool begin_probe(check *on, unsigned worker) {
  probe *asked = peal_mem_alloc(on->app->mem, sizeof(*asked));
  if (!asked)
    return false;
  *asked = (probe){on, worker};
  if (peal_store_probe(on->store, on_probe, asked)) {
    peal_mem_free(on->app->mem, asked);
    return false;
  }
  on->homes[worker].probing = true;
  return true;
}

/* Whoever spreads the load is to send nobody here any more. */
static void answer_draining(peal_http_req *req) {
  char time[25];
  peal_web_time_iso(time, peal_wall_ms());
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(req, 503,
                        PEAL_OBJECT({"status", peal_str("draining")},
                                    {"timestamp", peal_str(time)}));
}

static void on_health(peal_http_req *req, void *user) {
  check *on = user;
  peal_worker *worker = peal_http_req_worker(req);
  if (worker->phase != PEAL_WORKER_RUNNING) {
    answer_draining(req);
    return;
  }
  home *here = &on->homes[peal_worker_index(worker)];
  if (!on->store) {
    answer(on->app, req, false, true);
    return;
  }
  if (here->known && worker->now_ms - here->known_at_ms < FRESH_MS) {
    answer(on->app, req, true, here->well);
    return;
  }
  asker *who = peal_http_req_alloc(req, sizeof(*who));
  if (!who || (!here->probing && !begin_probe(on, peal_worker_index(worker)))) {
    answer(on->app, req, true, false);
    return;
  }
  *who = (asker){.app = on->app, .req = req};
  peal_list_init(&who->node);
  peal_list_push(&here->waiting, &who->node);
  peal_wheel_timer_init(&who->timer, on_patience);
  peal_wheel_set(&worker->wheel, &who->timer, worker->now_ms + PATIENCE_MS);
  peal_http_defer(req);
}

peal_err peal_web_health(peal_web *app, const char *path, peal_store *store) {
  if (!app)
    return PEAL_ERR_USAGE;
  check *made = peal_mem_zalloc(
      app->mem, sizeof(*made) + app->worker_count * sizeof(made->homes[0]));
  if (!made)
    return PEAL_ERR_NOMEM;
  made->app = app;
  made->store = store;
  for (unsigned i = 0; i < app->worker_count; i++)
    peal_list_init(&made->homes[i].waiting);
  made->next = app->checks;
  app->checks = made;
  return peal_web_get(app, path, on_health, made);
}

peal_err peal_web_health_add(peal_web *app, const char *name,
                             peal_web_health_fn fn, void *user) {
  if (!app || !name || !*name || !fn || atomic_load(&app->running))
    return PEAL_ERR_USAGE;
  if (app->part_count == MAX_PARTS)
    return PEAL_ERR_LIMIT;
  size_t len = strlen(name) + 1;
  part *made = peal_mem_zalloc(app->mem, sizeof(*made) + len);
  if (!made)
    return PEAL_ERR_NOMEM;
  memcpy(made->name, name, len);
  made->fn = fn;
  made->user = user;
  part **last = &app->parts;
  while (*last)
    last = &(*last)->next;
  *last = made;
  app->part_count++;
  return PEAL_OK;
}

void peal_web_health_free_all(peal_web *app) {
  while (app->parts) {
    part *gone = app->parts;
    app->parts = gone->next;
    peal_mem_free(app->mem, gone);
  }
  while (app->checks) {
    check *gone = app->checks;
    app->checks = gone->next;
    peal_mem_free(app->mem, gone);
  }
}
