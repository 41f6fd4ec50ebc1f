/* SPDX-License-Identifier: MIT */
#include "risk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "doors.h"
#include "fields.h"
#include "lists.h"
#include "news2.h"

/* ---- what came ------------------------------------------------------------------ */

static bool is_mind(peal_val value) {
  return news2_mind_of(peal_val_str(value)) != NEWS2_MINDS;
}

#define SIGN(field, least, most)                                               \
  { .name = field, .type = PEAL_DOUBLE, .range = PEAL_KIT_BETWEEN(least, most) }

/* From and to: outside of these nobody lives, or nothing measures. */
static const peal_kit_field vital_fields[] = {
    SIGN("heart_rate", 0, 350),
    SIGN("systolic", 0, 350),
    SIGN("spo2", 0, 100),
    SIGN("respiration", 0, 120),
    SIGN("temperature", 20, 46),
    {.name = "consciousness",
     .type = PEAL_STRING,
     .is_good = is_mind,
     .words = "alert, confused, voice, pain, unresponsive, or a letter of "
              "ACVPU"},
    {.name = "on_oxygen", .type = PEAL_BOOL, .optional = true},
    {0}};
static const peal_kit_field predict_fields[] = {
    FIELDS_ID("patient_id"),
    {.name = "vitals", .type = PEAL_OBJECT, .fields = vital_fields},
    {0}};

static double number(peal_val vitals, const char *name) {
  return peal_val_double(peal_val_get(vitals, name), 0);
}

static news2_vitals vitals_of(peal_val said) {
  return (news2_vitals){
      .respiration = number(said, "respiration"),
      .spo2 = number(said, "spo2"),
      .systolic = number(said, "systolic"),
      .heart_rate = number(said, "heart_rate"),
      .temperature = number(said, "temperature"),
      .on_oxygen = peal_val_bool(peal_val_get(said, "on_oxygen"), false),
      .mind = news2_mind_of(peal_val_str(peal_val_get(said, "consciousness")))};
}

/* ---- what is said of it ------------------------------------------------------------ */

static peal_val reasons_val(peal_build *build, const news2_vitals *vitals,
                            const news2_result *scored) {
  peal_items *items = peal_items_new(build);
  for (int i = 0; i < NEWS2_SIGNS; i++) {
    char words[96];
    if (scored->points[i] == 0)
      continue;
    news2_reason(words, sizeof words, vitals, (news2_sign)i, scored->points[i]);
    peal_items_add(items, peal_build_copy(build, peal_str(words)));
  }
  return peal_items_val(items);
}

static peal_val parameters_val(peal_build *build, const news2_result *scored) {
  peal_pairs *pairs = peal_pairs_new(build);
  for (int i = 0; i < NEWS2_SIGNS; i++)
    peal_pairs_add(pairs, news2_sign_name((news2_sign)i),
                   peal_int(scored->points[i]));
  return peal_pairs_val(pairs);
}

static peal_val risk_val(peal_build *build, peal_val said,
                         const news2_vitals *vitals,
                         const news2_result *scored) {
  char now[25];
  hospital_now(now);
  return peal_build_keep(
      build, PEAL_OBJECT({"patient_id", peal_val_get(said, "patient_id")},
                         {"score", peal_int(scored->score)},
                         {"level", peal_str(news2_level_name(scored->level))},
                         {"reasons", reasons_val(build, vitals, scored)},
                         {"parameters", parameters_val(build, scored)},
                         {"vitals", peal_val_get(said, "vitals")},
                         {"timestamp", peal_build_copy(build, peal_str(now))}));
}

/* ---- storing ------------------------------------------------------------------------- */

/* A prediction on its way: its risk first, then its alert; free(). */
typedef struct predicting {
  hospital *app;
  peal_kit_ask *ask;
  peal_doc *risk;
  char actor[PEAL_KIT_USERNAME_BYTES];
  bool is_critical, is_alert;
} predicting;

static void end_predicting(predicting *p) {
  peal_doc_free(p->risk);
  free(p);
}

static void answer(predicting *p, int64_t alert_id) {
  peal_pairs *pairs = peal_pairs_new(peal_kit_ask_build(p->ask));
  peal_val risk = peal_doc_val(p->risk);
  for (size_t i = 0; i < risk.len; i++)
    peal_pairs_add_n(pairs, peal_val_key(risk, i), risk.as.pairs[i].value);
  if (alert_id != 0)
    peal_pairs_add(pairs, "alert_id", peal_int(alert_id));
  peal_kit_ask_done_with(p->ask, peal_pairs_val(pairs));
  end_predicting(p);
}

static void fail(predicting *p, peal_err err) {
  peal_kit_ask_fail(p->ask, err);
  end_predicting(p);
}

static void on_alerted(const journal_result *result, void *user) {
  if (result->err == PEAL_OK)
    answer(user, result->id);
  else
    fail(user, result->err);
}

/* "NEWS2 9 (critical): respiration 27 per minute (3 points), …" */
static void write_message(char *out, size_t cap, peal_val risk) {
  peal_val reasons = peal_val_get(risk, "reasons");
  int len = snprintf(out, cap, "NEWS2 score %lld, %.*s risk",
                     (long long)peal_val_int(peal_val_get(risk, "score"), 0),
                     PEAL_SFMT(peal_val_str(peal_val_get(risk, "level"))));
  for (size_t i = 0; i < reasons.len && len >= 0 && (size_t)len < cap; i++)
    len +=
        snprintf(out + len, cap - (size_t)len, "%s%.*s", i == 0 ? ": " : ", ",
                 PEAL_SFMT(peal_val_str(peal_val_at(reasons, i))));
}

static void add_alert(predicting *p) {
  char message[512];
  peal_val risk = peal_doc_val(p->risk);
  peal_slice id = peal_val_str(peal_val_get(risk, "patient_id"));
  write_message(message, sizeof message, risk);
  const journal_change change = {
      .kind = JOURNAL_ALERT,
      .verb = JOURNAL_CREATE,
      .actor = peal_slice_of(p->actor),
      .body = PEAL_OBJECT(
          {"patient_id", peal_str_slice(id)},
          {"severity", peal_str(p->is_critical ? "critical" : "warning")},
          {"priority", peal_int(p->is_critical ? 1 : 2)},
          {"message", peal_str(message)}, {"data", risk},
          {"timestamp", peal_val_get(risk, "timestamp")},
          {"kind", peal_str("risk")}, {"created_by", peal_str(p->actor)},
          {"simulated",
           peal_bool(id.len >= 3 && memcmp(id.ptr, "SIM", 3) == 0)})};
  if (!journal_add(p->app, &change, on_alerted, p))
    fail(p, PEAL_ERR_NOMEM);
}

static void on_risk(const journal_result *result, void *user) {
  predicting *p = user;
  if (result->err != PEAL_OK)
    fail(p, result->err);
  else if (p->is_alert)
    add_alert(p);
  else
    answer(p, 0);
}

static void on_predict(peal_kit_ask *ask, peal_val said, void *user) {
  news2_result scored;
  const news2_vitals vitals = vitals_of(peal_val_get(said, "vitals"));
  news2_score(&scored, &vitals);
  predicting *p = calloc(1, sizeof *p);
  peal_doc *risk =
      peal_doc_new(risk_val(peal_kit_ask_build(ask), said, &vitals, &scored));
  if (p == NULL || risk == NULL) {
    peal_doc_free(risk);
    free(p);
    peal_kit_ask_fail(ask, PEAL_ERR_NOMEM);
    return;
  }
  p->app = user;
  p->risk = risk;
  p->is_alert = scored.level >= NEWS2_HIGH;
  p->is_critical = scored.level == NEWS2_CRITICAL;
  snprintf(p->actor, sizeof p->actor, "%s", hospital_who(ask)->username);
  if ((p->ask = peal_kit_ask_keep(ask)) == NULL) {
    end_predicting(p);
    return;
  }
  const journal_change change = {
      .kind = JOURNAL_RISK,
      .key = peal_val_str(peal_val_get(said, "patient_id")),
      .actor = peal_slice_of(p->actor),
      .body = peal_doc_val(risk)};
  if (!journal_add(p->app, &change, on_risk, p))
    fail(p, PEAL_ERR_NOMEM);
}

static void on_list(peal_kit_ask *ask, peal_val said, void *user) {
  int64_t limit;
  (void)said;
  if (!peal_kit_ask_query_int(ask, "limit", 50, 1, 500, &limit))
    return;
  peal_slice id = peal_web_param(peal_kit_ask_req(ask), "id");
  lists_answer(user, ask,
               "SELECT body AS row FROM risks WHERE patient_id = ?1"
               " ORDER BY id DESC LIMIT ?2",
               PEAL_ARGS(peal_str_slice(id), peal_int(limit)));
}

peal_err risk_register(hospital *app) {
  static const peal_kit_action all[] = {
      {.route = {.path = "/api/risk/:id"}, .fn = on_list}};
  static const peal_kit_action staff[] = {
      {.route = {.method = "POST", .path = "/api/risk/predict"},
       .fields = predict_fields,
       .fn = on_predict}};
  peal_err err = doors_add(app, DOORS_ALL, all, 1);
  return err == PEAL_OK ? doors_add(app, DOORS_STAFF, staff, 1) : err;
}
