/* SPDX-License-Identifier: MIT */
#include "oled.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "devices.h"
#include "gate.h"

static const char *const pets[] = {"BABY", "CHILD", "TEEN", "ADULT", "ELDER"};

enum {
  PET_COUNT = sizeof pets / sizeof *pets,
  FIRST_PET = 1,
  SMALL_BYTES = 4096,
};

struct oled {
  dash *app;
  pthread_mutex_t lock; /* of all below */
  int shown;            /* stored: what devices are told */
  uint64_t asked;       /* choices handed to the store so far */
  uint64_t applied;     /* the last of them that came back */
};

/* A choice on its way through the store. */
typedef struct choice {
  dash *app;
  int id;
  uint64_t number; /* in the order of the store */
} choice;

oled *oled_new(dash *app) {
  oled *o = calloc(1, sizeof *o);
  if (o == NULL)
    return NULL;
  o->app = app;
  o->shown = FIRST_PET;
  pthread_mutex_init(&o->lock, NULL);
  peal_doc *rows = NULL;
  if (peal_store_exec_sync(app->house.store, "SELECT animation_id FROM oled",
                           PEAL_NO_ARGS, &rows) != PEAL_OK) {
    peal_kit_log(&app->house, PEAL_LOG_ERROR, "oled",
                 "its state cannot be read");
    oled_free(o);
    return NULL;
  }
  int64_t id = peal_val_int(
      peal_val_get(peal_val_at(peal_doc_val(rows), 0), "animation_id"), -1);
  if (id >= 0 && id < PET_COUNT)
    o->shown = (int)id;
  peal_doc_free(rows);
  return o;
}

void oled_free(oled *o) {
  if (o == NULL)
    return;
  pthread_mutex_destroy(&o->lock);
  free(o);
}

/* ---- answers ------------------------------------------------------------ */

static peal_val value_of(int id, peal_build *build) {
  char message[64];
  snprintf(message, sizeof message, "Current OLED animation: %s", pets[id]);
  return peal_build_copy(build,
                         PEAL_OBJECT({"status", peal_str("success")},
                                     {"animation_type", peal_str("pet")},
                                     {"animation_id", peal_int(id)},
                                     {"animation_name", peal_str(pets[id])},
                                     {"message", peal_str(message)}));
}

peal_val oled_value(oled *o, peal_build *build) {
  pthread_mutex_lock(&o->lock);
  int id = o->shown;
  pthread_mutex_unlock(&o->lock);
  return value_of(id, build);
}

void oled_on_get(peal_http_req *req, void *user) {
  dash *app = user;
  peal_kit_guest guest = gate_guest_of(req, (peal_slice){0});
  peal_kit_refusal why;
  // the poll of a device is its heartbeat
  if (peal_kit_gate_check(app->gate, &guest, &why))
    peal_kit_presence_noticed(devices_presence(app->devices), guest.id);
  peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(req, 200,
                        oled_value(app->oled, peal_http_req_build(req)));
}

/* ---- choosing ------------------------------------------------------------- */

static const peal_kit_field fields[] = {
    {.name = "animation_id",
     .type = PEAL_INT,
     .range = PEAL_KIT_BETWEEN(0, PET_COUNT - 1)},
    {.name = "animation_type",
     .type = PEAL_STRING,
     .optional = true,
     .choices = "pet"},
    {0}};

/* The results of two workers may come back in another order than the store
 * took them: the later one counts. */
static bool apply(oled *o, const choice *c) {
  pthread_mutex_lock(&o->lock);
  bool is_newer = c->number > o->applied;
  if (is_newer) {
    o->applied = c->number;
    o->shown = c->id;
    // inside the lock, so that the last event tells the last choice
    peal_kit_emit(
        &o->app->house, "oled_display_changed",
        PEAL_ARGS(PEAL_OBJECT({"animation_id", peal_int(c->id)},
                              {"animation_name", peal_str(pets[c->id])},
                              {"animation_type", peal_str("pet")})));
  }
  pthread_mutex_unlock(&o->lock);
  return is_newer;
}

static bool on_stored(peal_kit_ask *ask, const peal_store_result *result,
                      void *user) {
  const choice *c = user;
  (void)result;
  if (apply(c->app->oled, c))
    peal_kit_log(&c->app->house, PEAL_LOG_INFO, "oled", "shows %s",
                 pets[c->id]);
  peal_kit_ask_answer(ask, 200, value_of(c->id, peal_kit_ask_build(ask)));
  return false;
}

/* `c` is taken. Its number and its place in the store's queue are given
 * together. */
static void choose(oled *o, peal_kit_ask *ask, choice *c) {
  pthread_mutex_lock(&o->lock);
  c->number = ++o->asked;
  const peal_store_stmt stmt = {
      "INSERT INTO oled (id, animation_type, animation_id, ts)"
      " VALUES (1, 'pet', ?1, ?2) ON CONFLICT (id) DO UPDATE SET"
      " animation_type = 'pet', animation_id = ?1, ts = ?2",
      PEAL_ARGS(peal_int(c->id), peal_int(peal_wall_ms()))};
  peal_kit_ask_store(ask,
                     &(peal_kit_deed){.stmts = &stmt,
                                      .count = 1,
                                      .what = "the animation was not stored",
                                      .on_stored = on_stored,
                                      .user = c,
                                      .on_free = free});
  pthread_mutex_unlock(&o->lock);
}

static void on_set(peal_kit_ask *ask, peal_val said, void *user) {
  dash *app = user;
  choice *c = calloc(1, sizeof *c);
  if (c == NULL) {
    peal_kit_ask_fail(ask, PEAL_ERR_NOMEM);
    return;
  }
  *c = (choice){.app = app,
                .id = (int)peal_val_int(peal_val_get(said, "animation_id"), 0)};
  choose(app->oled, ask, c);
}

const peal_kit_action oled_action = {.event = "set_oled_display",
                                     .route = {.method = "POST",
                                               .path = "/api/oled-display/set",
                                               .max_body_bytes = SMALL_BYTES,
                                               .before = gate_hook_reader,
                                               GATE_WANTS_JSON},
                                     .fields = fields,
                                     .fn = on_set};
