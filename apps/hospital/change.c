/* SPDX-License-Identifier: MIT */
#include "change.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A wish on its way; free(). */
typedef struct waiting {
  hospital *app;
  peal_kit_ask *ask;
  journal_kind kind;
  journal_verb verb;
  const char *name;
  unsigned status;
  void (*on_none)(hospital *app, peal_kit_ask *ask, peal_slice key);
  char key[128];
} waiting;

void change_refuse(peal_kit_ask *ask, unsigned status, const char *field,
                   const char *format, ...) {
  char words[160];
  peal_kit_refusal why;
  va_list args;
  va_start(args, format);
  vsnprintf(words, sizeof words, format, args);
  va_end(args);
  peal_kit_refusal_set(&why, status, field, "%s", words);
  peal_kit_ask_refuse(ask, &why);
}

void change_answer(peal_kit_ask *ask, unsigned status, const char *name,
                   peal_val id, peal_val row) {
  peal_build *build = peal_kit_ask_build(ask);
  peal_pairs *pairs = peal_pairs_new(build);
  peal_pairs_add(pairs, "status", peal_str("success"));
  peal_pairs_add(pairs, "id", id);
  peal_pairs_add(pairs, "data", row);
  peal_pairs_add(pairs, name, row);
  peal_kit_ask_answer(ask, status, peal_pairs_val(pairs));
}

peal_val change_id_of(journal_kind kind, peal_val row) {
  const char *name = kind == JOURNAL_PATIENT || kind == JOURNAL_RISK
                         ? "patient_id"
                     : kind == JOURNAL_BED   ? "bed_id"
                     : kind == JOURNAL_STAFF ? "username"
                                             : "id";
  return peal_val_get(row, name);
}

static void none(waiting *w) {
  if (w->on_none != NULL)
    w->on_none(w->app, w->ask, peal_slice_of(w->key));
  else if (w->verb == JOURNAL_CREATE)
    change_refuse(w->ask, 409, NULL, "there is one with this id already");
  else
    change_refuse(w->ask, 404, NULL, "there is no such %s", w->name);
}

static void on_done(const journal_result *result, void *user) {
  waiting *w = user;
  if (result->err != PEAL_OK)
    peal_kit_ask_fail(w->ask, result->err);
  else if (!result->is_done)
    none(w);
  else
    change_answer(w->ask, w->status, w->name,
                  change_id_of(w->kind, result->row), result->row);
  free(w);
}

void change_ask(hospital *app, peal_kit_ask *ask, const change_wish *wish) {
  const peal_kit_person *who = hospital_who(ask);
  const journal_change change = {.kind = wish->kind,
                                 .verb = wish->verb,
                                 .key = wish->key,
                                 .actor = peal_slice_of(who->username),
                                 .body = wish->body};
  waiting *w = malloc(sizeof *w);
  ask = peal_kit_ask_keep(ask);
  if (ask == NULL) {
    free(w);
    return;
  }
  if (w != NULL) {
    *w = (waiting){.app = app,
                   .ask = ask,
                   .kind = wish->kind,
                   .verb = wish->verb,
                   .name = wish->name,
                   .status = wish->status != 0 ? wish->status : 200,
                   .on_none = wish->on_none};
    snprintf(w->key, sizeof w->key, "%.*s", PEAL_SFMT(wish->key));
    if (journal_add(app, &change, on_done, w))
      return;
  }
  free(w);
  peal_kit_ask_fail(ask, PEAL_ERR_NOMEM);
}

peal_val change_stamp(peal_kit_ask *ask, peal_val said, peal_build *build) {
  char now[25];
  peal_pairs *pairs = peal_pairs_new(build);
  hospital_now(now);
  for (size_t i = 0; i < said.len; i++)
    peal_pairs_add_n(pairs, peal_val_key(said, i), said.as.pairs[i].value);
  peal_pairs_add(pairs, "updated_at", peal_build_copy(build, peal_str(now)));
  peal_pairs_add(pairs, "updated_by", peal_str(hospital_who(ask)->username));
  return peal_pairs_val(pairs);
}
