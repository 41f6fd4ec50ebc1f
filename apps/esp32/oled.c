/* SPDX-License-Identifier: MIT */
#include "oled.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "devices.h"
#include "gate.h"

static const char *const pets[] = {"BABY", "CHILD", "TEEN", "ADULT", "ELDER"};

enum { PET_COUNT = sizeof pets / sizeof *pets, FIRST_PET = 1 };

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
  peal_http_req *req; /* or */
  peal_reply *reply;  /* neither: nobody asked */
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
  gate_guest guest = gate_guest_of(req, (peal_slice){0});
  peal_kit_refusal why;
  // the poll of a device is its heartbeat
  if (gate_check(app, &guest, &why))
    devices_noticed(app->devices, guest.id);
  peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(req, 200,
                        oled_value(app->oled, peal_http_req_build(req)));
}

/* ---- choosing ------------------------------------------------------------- */

static bool check(peal_val body, int *id, peal_kit_refusal *out) {
  static const peal_web_field fields[] = {
      {.name = "animation_id", .type = PEAL_INT, .max = PET_COUNT - 1},
      {.name = "animation_type",
       .type = PEAL_STRING,
       .optional = true,
       .choices = "pet"},
  };
  peal_web_problem problem;
  if (!peal_web_fields_check(body, fields, 2, &problem)) {
    peal_kit_refusal_set(out, 422, problem.field, "%s", problem.message);
    return false;
  }
  *id = (int)peal_val_int(peal_val_get(body, "animation_id"), 0);
  return true;
}

static void answer(choice *c, peal_err err) {
  peal_val done = value_of(c->id, peal_worker_build(peal_worker_self()));
  peal_val failed = PEAL_OBJECT({"status", peal_str("error")},
                                {"message", peal_str(peal_kit_words(err))});
  if (c->reply != NULL)
    (void)peal_reply_send(c->reply, PEAL_ARGS(err == PEAL_OK ? done : failed));
  else if (c->req != NULL && err == PEAL_OK)
    peal_http_answer_json(c->req, 200, done);
  else if (c->req != NULL)
    peal_web_error_of(c->req, err);
  free(c);
}

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

static void on_stored(const peal_store_result *result, void *user) {
  choice *c = user;
  if (result->err != PEAL_OK)
    peal_kit_store_failed(&c->app->house, "the animation was not stored",
                          result);
  else if (apply(c->app->oled, c))
    peal_kit_log(&c->app->house, PEAL_LOG_INFO, "oled", "shows %s",
                 pets[c->id]);
  answer(c, result->err);
}

/* `c` is taken. */
static void choose(oled *o, choice *c) {
  pthread_mutex_lock(&o->lock);
  c->number = ++o->asked;
  peal_err err = peal_store_write(
      o->app->house.store,
      "INSERT INTO oled (id, animation_type, animation_id, ts)"
      " VALUES (1, 'pet', ?1, ?2) ON CONFLICT (id) DO UPDATE SET"
      " animation_type = 'pet', animation_id = ?1, ts = ?2",
      PEAL_ARGS(peal_int(c->id), peal_int(peal_wall_ms())), on_stored, c);
  pthread_mutex_unlock(&o->lock);
  if (err != PEAL_OK)
    answer(c, err);
}

static choice *choice_new(dash *app, int id) {
  choice *c = calloc(1, sizeof *c);
  if (c != NULL)
    *c = (choice){.app = app, .id = id};
  return c;
}

void oled_on_set(peal_http_req *req, peal_val body, void *user) {
  dash *app = user;
  peal_kit_refusal why;
  int id;
  if (!check(body, &id, &why)) {
    peal_kit_refusal_answer(req, &why);
    return;
  }
  choice *c = choice_new(app, id);
  if (c == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return;
  }
  c->req = req;
  peal_http_defer(req);
  choose(app->oled, c);
}

void oled_on_event(dash *app, const peal_event *event) {
  peal_kit_refusal why;
  int id;
  bool is_good = check(peal_event_arg(event, 0), &id, &why);
  choice *c = is_good ? choice_new(app, id) : NULL;
  if (c == NULL) {
    if (is_good)
      peal_kit_refusal_set(&why, 503, NULL, "%s",
                           peal_kit_words(PEAL_ERR_NOMEM));
    peal_kit_refusal_ack(event, &why);
    return;
  }
  c->reply = peal_ack_later(event);
  choose(app->oled, c);
}
