/* SPDX-License-Identifier: MIT */
/* peal-hospital-sim: wards with patients, for the hospital's public endpoints:
 * it signs in, makes beds and patients that are missing, and each patient's
 * monitor sends vital signs; now and then somebody gets worse and better again,
 * and somebody comes to the triage. One thread.
 *
 *   sign in --> ward by ward: patients, beds --> rounds, one after the other
 *      ^                                            |
 *      +--- 401, or no answer: a pause -------------+ */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/config.h>
#include <peal/kit_calls.h>
#include <peal/kit_child.h>
#include <peal/kit_sim.h>
#include <peal/val.h>
#include <peal/worker.h>

#include "sim_patient.h"

enum {
  WARD_PATIENTS = 6,
  MAX_WARDS = 100,
  PAUSE_MS = 3000,
  GRACE_MS = 1000,
  TOKEN_BYTES = 1024,
  PASSWORD_BYTES = 128,
};

static const peal_config_key keys[] = {
    {.name = "url",
     .type = PEAL_CONFIG_STR,
     .otherwise = "http://127.0.0.1:5002",
     .help = "where the hospital is"},
    {.name = "user",
     .type = PEAL_CONFIG_STR,
     .otherwise = "SIM.doctor",
     .help = "who signs in; the password is in PEAL_DEVICE_KEY"},
    {.name = "wards",
     .type = PEAL_CONFIG_INT,
     .otherwise = "2",
     .help = "how many, with six patients each",
     .min = 1,
     .max = MAX_WARDS},
    {.name = "interval",
     .type = PEAL_CONFIG_MS,
     .otherwise = "10s",
     .help = "between two measurements of a patient",
     .min = 100,
     .max = 86400000},
    {.name = "seed",
     .type = PEAL_CONFIG_INT,
     .otherwise = "1",
     .help = "same seed, same lives",
     .min = 0,
     .max = INT64_MAX},
    {.name = "quiet",
     .type = PEAL_CONFIG_BOOL,
     .help = "say nothing about what is refused"},
    PEAL_KIT_CHILD_KEY,
};

/* What is done next. */
typedef enum step { STEP_SIGN_IN, STEP_PATIENTS, STEP_BEDS, STEP_ROUNDS } step;

typedef struct sim {
  const char *url, *user, *password;
  peal_workers *workers;
  peal_kit_calls *calls;
  peal_timer *timer;
  sim_patient *patients;
  size_t count, at; /* `at`: whose turn it is in this step */
  step step;
  uint64_t pause_ms; /* between two patients */
  peal_kit_dice dice;
  bool is_quiet;
  char authorization[TOKEN_BYTES];
} sim;

static void next(sim *s, uint64_t ms) {
  peal_timer_start(s->timer, ms, 0);
}

/* ---- asking ------------------------------------------------------------------ */

static void on_end(peal_kit_call *call, const peal_kit_call_end *end,
                   void *user);

static void ask(sim *s, const char *path, peal_val body) {
  char url[512];
  snprintf(url, sizeof url, "%s%s", s->url, path);
  peal_bytes *text = peal_json_bytes(body);
  const char *const headers[] = {
      "Content-Type: application/json",
      s->authorization[0] != '\0' ? s->authorization : NULL, NULL};
  peal_err err = text == NULL
                     ? PEAL_ERR_NOMEM
                     : peal_kit_call_start(
                           s->calls,
                           &(peal_kit_call_opts){.method = "POST",
                                                 .url = url,
                                                 .headers = headers,
                                                 .body = peal_bytes_slice(text),
                                                 .on_end = on_end,
                                                 .user = s,
                                                 .is_whole = true,
                                                 .timeout_ms = 10000,
                                                 .retries = PEAL_OFF},
                           NULL);
  peal_bytes_unref(text);
  if (err != PEAL_OK)
    next(s, PAUSE_MS);
}

static void sign_in(sim *s) {
  s->authorization[0] = '\0';
  ask(s, "/api/auth/login",
      PEAL_OBJECT({"username", peal_str(s->user)},
                  {"password", peal_str(s->password)}));
}

static void ask_patient(sim *s, const sim_patient *p) {
  char name[32];
  snprintf(name, sizeof name, "Patient %s", p->id + 4);
  ask(s, "/api/patients",
      PEAL_OBJECT({"patient_id", peal_str(p->id)}, {"name", peal_str(name)},
                  {"ward", peal_str(p->ward)}));
}

static void ask_bed(sim *s, const sim_patient *p) {
  ask(s, "/api/beds",
      PEAL_OBJECT({"bed_id", peal_str(p->bed)}, {"ward", peal_str(p->ward)},
                  {"status", peal_str("occupied")},
                  {"patient_id", peal_str(p->id)}));
}

static void ask_triage(sim *s) {
  static const char *const complaints[] = {
      "chest pain since this morning", "fell from a bicycle, wrist swollen",
      "fever and cough for three days", "cut hand, bleeding stopped",
      "short of breath when walking"};
  char id[32];
  size_t which = peal_kit_dice_u32(&s->dice) % 5;
  snprintf(id, sizeof id, "SIM-T%u", peal_kit_dice_u32(&s->dice) % 10000);
  ask(s, "/api/triage",
      PEAL_OBJECT({"patient_id", peal_str(id)},
                  {"priority", peal_int(1 + (int64_t)which)},
                  {"complaint", peal_str(complaints[which])}));
}

static void ask_risk(sim *s, sim_patient *p) {
  sim_vitals v;
  sim_patient_step(p, &v);
  ask(s, "/api/risk/predict",
      PEAL_OBJECT({"patient_id", peal_str(p->id)},
                  {"vitals",
                   PEAL_OBJECT({"heart_rate", peal_int(v.heart_rate)},
                               {"systolic", peal_int(v.systolic)},
                               {"spo2", peal_int(v.spo2)},
                               {"respiration", peal_int(v.respiration)},
                               {"temperature", peal_double(v.temperature)},
                               {"consciousness", peal_str(v.consciousness)})}));
}

static void act(sim *s) {
  sim_patient *p = &s->patients[s->at];
  switch (s->step) {
  case STEP_SIGN_IN:
    sign_in(s);
    break;
  case STEP_PATIENTS:
    ask_patient(s, p);
    break;
  case STEP_BEDS:
    ask_bed(s, p);
    break;
  case STEP_ROUNDS:
    if (s->at == 0 && peal_kit_dice_is(&s->dice, 0.1))
      ask_triage(s);
    else
      ask_risk(s, p);
    break;
  }
}

static void on_time(peal_timer *timer, void *user) {
  (void)timer;
  act(user);
}

/* ---- answers --------------------------------------------------------------------- */

static bool take_token(sim *s, peal_slice answer) {
  peal_doc *doc = NULL;
  if (peal_doc_from_json(&doc, answer, NULL) != PEAL_OK)
    return false;
  peal_slice token =
      peal_val_str(peal_val_get(peal_doc_val(doc), "access_token"));
  int len = snprintf(s->authorization, sizeof s->authorization,
                     "Authorization: Bearer %.*s", PEAL_SFMT(token));
  peal_doc_free(doc);
  return token.len > 0 && len < (int)sizeof s->authorization;
}

/* On to the next patient, or to the next step behind the last of them. */
static void go_on(sim *s) {
  bool is_round = s->step == STEP_ROUNDS;
  if (s->step == STEP_SIGN_IN) {
    s->step = STEP_PATIENTS;
    s->at = 0;
  } else if (++s->at == s->count) {
    s->at = 0;
    if (!is_round)
      s->step = s->step == STEP_PATIENTS ? STEP_BEDS : STEP_ROUNDS;
  }
  next(s, is_round ? s->pause_ms : 0);
}

static void on_end(peal_kit_call *call, const peal_kit_call_end *end,
                   void *user) {
  sim *s = user;
  (void)call;
  if (end->err == PEAL_ERR_CANCELLED)
    return;
  bool is_good = end->err == PEAL_OK &&
                 (s->step != STEP_SIGN_IN || take_token(s, end->whole));
  // what is there already need not be made
  if (is_good || (s->step != STEP_SIGN_IN && end->status == 409)) {
    go_on(s);
    return;
  }
  if (!s->is_quiet)
    fprintf(stderr, "peal-hospital-sim: %s (status %d)\n", end->message,
            end->status);
  if (s->step == STEP_ROUNDS && end->status != 401) {
    next(s, PAUSE_MS);
    return;
  }
  s->step = STEP_SIGN_IN;
  next(s, PAUSE_MS);
}

/* ---- the run ------------------------------------------------------------------------ */

static void on_start(peal_worker *worker, void *user) {
  sim *s = user;
  s->calls = peal_kit_calls_new(worker, NULL);
  s->timer = peal_timer_new(worker, on_time, s);
  if (s->calls == NULL || s->timer == NULL)
    peal_workers_stop(s->workers, GRACE_MS);
  else
    next(s, 0);
}

static void on_stop(peal_worker *worker, void *user) {
  sim *s = user;
  (void)worker;
  peal_timer_free(s->timer);
  peal_kit_calls_free(s->calls);
}

static bool admit(sim *s, const peal_config *config) {
  size_t wards = (size_t)peal_config_int(config, "wards");
  uint64_t seed = (uint64_t)peal_config_int(config, "seed");
  s->count = wards * WARD_PATIENTS;
  s->patients = calloc(s->count, sizeof *s->patients);
  if (s->patients == NULL)
    return false;
  for (size_t i = 0; i < s->count; i++)
    sim_patient_init(&s->patients[i], i / WARD_PATIENTS, i + 1, seed);
  peal_kit_dice_init(&s->dice, seed, 0);
  s->pause_ms = (uint64_t)peal_config_int(config, "interval") / s->count;
  return true;
}

static int run(sim *s, const peal_config *config) {
  const char *password = getenv("PEAL_DEVICE_KEY");
  int code = 1;
  s->url = peal_config_str(config, "url");
  s->user = peal_config_str(config, "user");
  s->password = password != NULL ? password : "";
  s->is_quiet = peal_config_bool(config, "quiet");
  s->workers = peal_workers_new(&(peal_workers_opts){.count = 1});
  if (s->workers != NULL && admit(s, config) && peal_kit_child_follow(config) &&
      peal_workers_on_start(s->workers, on_start, s) == PEAL_OK &&
      peal_workers_on_stop(s->workers, on_stop, s) == PEAL_OK) {
    peal_workers_stop_on_signals(s->workers, GRACE_MS);
    code = peal_workers_run(s->workers);
  }
  peal_workers_free(s->workers);
  free(s->patients);
  return code;
}

int main(int argc, char **argv) {
  static sim self;
  int code = 1;
  peal_config *config = peal_config_new(
      &(peal_config_opts){.program = "peal-hospital-sim",
                          .summary = "simulated wards of a hospital",
                          .keys = keys,
                          .key_count = PEAL_CONFIG_COUNT(keys)},
      argc, argv, &code);
  if (config == NULL)
    return code;
  code = run(&self, config);
  peal_config_free(config);
  return code;
}
