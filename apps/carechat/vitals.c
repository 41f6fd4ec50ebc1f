/* SPDX-License-Identifier: MIT */
#include "vitals.h"

#include <math.h>
#include <stdlib.h>

#include "devices.h"
#include "patients.h"
#include "reading.h"

enum {
  MAX_READINGS = 200,       /* of one request */
  AHEAD_MS = 5 * 60 * 1000, /* so much may a device's clock be fast */
};

void vitals_last(care *app, int64_t user_id,
                 vitals_last_value out[BANDS_METRICS]) {
  patients_last(app->patients, user_id, out);
}

/* ---- one answer ------------------------------------------------------------ */

/* What is on its way to the store, for a request or an event; free(). */
typedef struct job {
  care *app;
  peal_http_req *req; /* or */
  peal_reply *reply;  /* NULL: nobody asked for one */
  devices_one from;
  size_t count;
  reading items[];
} job;

static void refuse(const job *j, const peal_kit_refusal *why) {
  atomic_fetch_add(&j->app->refused, j->count);
  if (j->req != NULL)
    peal_kit_refusal_answer(j->req, why);
  else
    peal_kit_refusal_reply(j->reply, why);
}

static void succeed(const job *j, size_t stored) {
  peal_val said = PEAL_OBJECT({"status", peal_str("success")},
                              {"stored", peal_int((int64_t)stored)});
  if (j->req != NULL)
    care_answer(j->req, 200, said);
  else
    (void)peal_reply_send(j->reply, PEAL_ARGS(said));
}

static void fail(const job *j, peal_err err) {
  peal_kit_refusal why;
  peal_kit_refusal_set(&why, 503, NULL, "%s", peal_kit_words(err));
  refuse(j, &why);
}

/* ---- stored ---------------------------------------------------------------- */

static void show(const job *j, const reading *r) {
  char timestamp[25];
  peal_web_time_iso(timestamp, r->ts);
  double value = r->value;
  care_emit(j->app, j->from.user_id, "vital_update",
            PEAL_ARGS(PEAL_OBJECT(
                {"metric", peal_str(bands_name(r->metric))},
                {"value", peal_double(value)}, {"unit", peal_str(r->unit)},
                {"timestamp", peal_str(timestamp)},
                {"status", peal_str(bands_status_name(
                               bands_status_of(r->metric, value)))},
                {"device_id", peal_str(j->from.id)},
                {"simulated", peal_bool(peal_kit_device_id_is_simulated(
                                  peal_slice_of(j->from.id)))})));
}

static const reading *find(const job *j, int64_t metric, int64_t ts) {
  for (size_t i = 0; i < j->count; i++)
    if ((int64_t)j->items[i].metric == metric && j->items[i].ts == ts)
      return &j->items[i];
  return NULL;
}

static void on_stored(const peal_store_result *result, void *user) {
  job *j = user;
  size_t stored = result->rows.len;
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&j->app->house, "readings were not stored", result);
    fail(j, result->err);
    free(j);
    return;
  }
  atomic_fetch_add(&j->app->readings, stored);
  // what was there already is not shown again
  for (size_t i = 0; i < stored; i++) {
    peal_val row = peal_val_at(result->rows, i);
    const reading *r = find(j, peal_val_int(peal_val_get(row, "metric"), -1),
                            peal_val_int(peal_val_get(row, "ts"), 0));
    if (r == NULL)
      continue;
    show(j, r);
    patients_note(j->app->patients, j->from.user_id, j->from.no, r->metric,
                  r->value, r->ts);
  }
  succeed(j, stored);
  free(j);
}

/* ---- checked --------------------------------------------------------------- */

/* However many there are: one statement, all of it or nothing. */
#define INSERT                                                                 \
  "INSERT INTO vitals (user_id, metric, ts, device, value)"                    \
  " SELECT ?1, value ->> 0, value ->> 1, ?2, value ->> 2 FROM json_each(?3)"   \
  " WHERE true ON CONFLICT DO NOTHING RETURNING metric, ts"

static peal_err store(job *j) {
  peal_build *build = peal_worker_build(peal_worker_self());
  peal_items *rows = peal_items_new(build);
  for (size_t i = 0; i < j->count; i++) {
    reading *r = &j->items[i];
    if (r->ts == 0)
      r->ts = patients_stamp(j->app->patients, j->from.user_id, r->metric);
    peal_items_add(
        rows,
        peal_build_keep(build, PEAL_ARRAY(peal_int(r->metric), peal_int(r->ts),
                                          peal_double(r->value))));
  }
  return peal_store_write(j->app->house.store, INSERT,
                          PEAL_ARGS(peal_int(j->from.user_id),
                                    peal_int(j->from.no), peal_items_val(rows)),
                          on_stored, j);
}

/* All of one device, in whose name it may be said again. */
static bool is_of(const job *j, peal_val object, peal_kit_refusal *why) {
  peal_val id = peal_val_get(object, "device_id");
  if (peal_val_is(id, PEAL_UNDEFINED) ||
      peal_slice_is(peal_val_str(id), j->from.id))
    return true;
  peal_kit_refusal_set(
      why, 403, "device_id",
      "a device sends its own readings only: another device_id");
  return false;
}

static bool read_items(job *j, peal_val body, peal_kit_refusal *why) {
  int64_t now_ms = peal_wall_ms();
  bool is_list = peal_val_is(body, PEAL_ARRAY);
  for (size_t i = 0; i < j->count; i++) {
    peal_val object = is_list ? peal_val_at(body, i) : body;
    if (!is_of(j, object, why) ||
        !reading_read(&j->items[i], object, now_ms - j->app->conf.keep_ms,
                      now_ms + AHEAD_MS, why))
      return false;
  }
  return true;
}

/* Within what the device may send? */
static bool may_send(const job *j, peal_kit_refusal *why) {
  uint64_t retry_ms = 0, now_ms = peal_worker_now_ms(peal_worker_self());
  size_t taken = 0;
  peal_slice key = peal_slice_of(j->from.id);
  while (taken < j->count &&
         peal_web_limit_take(j->app->device_limit, key, now_ms, &retry_ms))
    taken++;
  if (taken == j->count)
    return true;
  // none of them is stored: what was taken for the others is given back
  while (taken-- > 0)
    peal_web_limit_give(j->app->device_limit, key, now_ms);
  peal_kit_refusal_set(why, 429, NULL,
                       "too many readings of this device at once");
  why->retry_ms = retry_ms > 0 ? retry_ms : 1;
  return false;
}

static void note_heard(const job *j) {
  double battery = NAN;
  for (size_t i = 0; i < j->count; i++)
    if (!isnan(j->items[i].battery))
      battery = j->items[i].battery;
  devices_heard(j->app->devices, &j->from, battery);
}

/* Takes the job. */
static void take(job *j, peal_val body) {
  peal_kit_refusal why;
  if (!may_send(j, &why) || !read_items(j, body, &why)) {
    refuse(j, &why);
    free(j);
    return;
  }
  note_heard(j);
  peal_err err = store(j);
  if (err == PEAL_OK)
    return;
  fail(j, err);
  free(j);
}

static job *job_new(care *app, const devices_one *from, peal_val body) {
  size_t count = peal_val_is(body, PEAL_ARRAY) ? body.len : 1;
  job *j = calloc(1, sizeof *j + count * sizeof(reading));
  if (j == NULL)
    return NULL;
  j->app = app;
  j->from = *from;
  j->count = count;
  return j;
}

static bool is_countable(peal_val body, peal_kit_refusal *why) {
  if (!peal_val_is(body, PEAL_ARRAY) ||
      (body.len > 0 && body.len <= MAX_READINGS))
    return true;
  peal_kit_refusal_set(why, 422, NULL, "an array has 1 to %d readings",
                       MAX_READINGS);
  return false;
}

/* ---- HTTP ------------------------------------------------------------------ */

peal_web_verdict vitals_hook(peal_http_req *req, void *user) {
  (void)user;
  if (peal_http_req_header(req, "X-Device-Key").len > 0)
    return PEAL_WEB_PASS;
  peal_web_error(req, 401, "a device must send its X-Device-Key", NULL);
  return PEAL_WEB_STOP;
}

static bool ask(care *app, peal_http_req *req, peal_val object,
                devices_one *from, peal_kit_refusal *why) {
  if (peal_worker_self() == NULL) { // the run is over: nobody is asked any more
    peal_kit_refusal_set(why, 503, NULL, "%s", peal_kit_words(PEAL_ERR_CLOSED));
    return false;
  }
  return devices_ask(app->devices, peal_http_req_address(req),
                     peal_val_str(peal_val_get(object, "device_id")),
                     peal_http_req_header(req, "X-Device-Key"), from, why);
}

/* A request whose key is looked for; in its memory. */
typedef struct asking {
  care *app;
  peal_http_req *req;
  peal_val body;
} asking;

/* NULL: it has been answered. */
static asking *asking_new(care *app, peal_http_req *req, peal_val body) {
  asking *a = peal_http_req_alloc(req, sizeof *a);
  if (a == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return NULL;
  }
  *a = (asking){app, req, body};
  peal_http_defer(req);
  return a;
}

static void prepare(asking *a, peal_val object, devices_ready_fn fn) {
  devices_prepare(a->app->devices,
                  peal_val_str(peal_val_get(object, "device_id")),
                  peal_http_req_header(a->req, "X-Device-Key"), fn, a);
}

static void on_post_ready(void *user) {
  const asking *a = user;
  peal_kit_refusal why;
  devices_one from;
  bool is_list = peal_val_is(a->body, PEAL_ARRAY);
  if (!ask(a->app, a->req, is_list ? peal_val_at(a->body, 0) : a->body, &from,
           &why)) {
    atomic_fetch_add(&a->app->refused, 1);
    peal_kit_refusal_answer(a->req, &why);
    return;
  }
  job *j = job_new(a->app, &from, a->body);
  if (j == NULL) {
    peal_web_error_of(a->req, PEAL_ERR_NOMEM);
    return;
  }
  j->req = a->req;
  take(j, a->body);
}

void vitals_on_post(peal_http_req *req, peal_val body, void *user) {
  peal_kit_refusal why;
  if (!is_countable(body, &why)) {
    peal_kit_refusal_answer(req, &why);
    return;
  }
  asking *a = asking_new(user, req, body);
  if (a != NULL)
    prepare(a, peal_val_is(body, PEAL_ARRAY) ? peal_val_at(body, 0) : body,
            on_post_ready);
}

static void on_heartbeat_ready(void *user) {
  const asking *a = user;
  peal_kit_refusal why;
  devices_one from;
  double battery;
  if (!ask(a->app, a->req, a->body, &from, &why) ||
      !reading_battery(&battery, a->body, &why)) {
    peal_kit_refusal_answer(a->req, &why);
    return;
  }
  devices_heard(a->app->devices, &from, battery);
  care_answer(a->req, 200, PEAL_OBJECT({"status", peal_str("success")}));
}

void vitals_on_heartbeat(peal_http_req *req, peal_val body, void *user) {
  asking *a = asking_new(user, req, body);
  if (a != NULL)
    prepare(a, body, on_heartbeat_ready);
}

/* ---- events ---------------------------------------------------------------- */

void vitals_on_event(care *app, const devices_one *from,
                     const peal_event *event) {
  peal_kit_refusal why;
  peal_val body = peal_event_arg(event, 0);
  if (!is_countable(body, &why)) {
    peal_kit_refusal_ack(event, &why);
    return;
  }
  job *j = job_new(app, from, body);
  if (j == NULL) {
    peal_kit_refusal_set(&why, 503, NULL, "%s", peal_kit_words(PEAL_ERR_NOMEM));
    peal_kit_refusal_ack(event, &why);
    return;
  }
  j->reply = peal_ack_later(event);
  take(j, body);
}

void vitals_on_beat(care *app, const devices_one *from,
                    const peal_event *event) {
  peal_kit_refusal why;
  double battery;
  if (!reading_battery(&battery, peal_event_arg(event, 0), &why)) {
    peal_kit_refusal_ack(event, &why);
    return;
  }
  devices_heard(app->devices, from, battery);
  (void)peal_ack(event,
                 PEAL_ARGS(PEAL_OBJECT({"status", peal_str("success")})));
}
