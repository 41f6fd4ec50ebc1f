/* SPDX-License-Identifier: MIT */
#include "audit.h"

#include <stdlib.h>

#include "doors.h"
#include "lists.h"

enum { DEFAULT_ROWS = 100, MAX_ROWS = 1000 };

typedef struct reading {
  hospital *app;
  peal_kit_ask *ask;
  int64_t limit;
} reading;

static void on_rows(const peal_store_result *result, void *user) {
  reading r = *(reading *)user;
  free(user);
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&r.app->house, "the audit log", result);
    peal_kit_ask_fail(r.ask, result->err);
    return;
  }
  bool has_more;
  peal_val rows =
      lists_page(peal_kit_ask_build(r.ask), result, r.limit, &has_more);
  peal_kit_ask_done_with(
      r.ask,
      PEAL_OBJECT({"data", rows},
                  {"next", has_more ? peal_val_get(
                                          peal_val_at(rows, rows.len - 1), "id")
                                    : peal_null()}));
}

/* What an account's entry says is a hash, and nobody's business. */
#define AUDIT                                                                  \
  "SELECT json_object('id', id, 'timestamp', strftime('%Y-%m-%dT%H:%M:%fZ',"   \
  " ts / 1000.0, 'unixepoch'), 'actor', actor, 'action', kind, 'subject', "    \
  "key,"                                                                       \
  " 'node', node, 'body', CASE WHEN kind != 'account' THEN json(body) END)"    \
  " AS row FROM journal WHERE id < ?1 AND ts BETWEEN ?2 AND ?3"                \
  " AND (?4 IS NULL OR actor = ?4) AND (?5 IS NULL OR kind = ?5)"              \
  " ORDER BY id DESC LIMIT ?6"

static void on_audit(peal_kit_ask *ask, peal_val said, void *user) {
  hospital *app = user;
  int64_t limit, cursor, since, until;
  (void)said;
  if (!peal_kit_ask_query_int(ask, "limit", DEFAULT_ROWS, 1, MAX_ROWS,
                              &limit) ||
      !peal_kit_ask_query_int(ask, "cursor", INT64_MAX, 1, INT64_MAX,
                              &cursor) ||
      !lists_time(ask, "since", 0, &since) ||
      !lists_time(ask, "until", INT64_MAX, &until))
    return;
  peal_val actor = lists_param(ask, "actor"),
           action = lists_param(ask, "action");
  reading *r = malloc(sizeof *r);
  if (r == NULL) {
    peal_kit_ask_fail(ask, PEAL_ERR_NOMEM);
    return;
  }
  *r = (reading){app, peal_kit_ask_keep(ask), limit};
  if (r->ask == NULL) {
    free(r);
    return;
  }
  peal_err err = peal_store_read(app->house.store, AUDIT,
                                 PEAL_ARGS(peal_int(cursor), peal_int(since),
                                           peal_int(until), actor, action,
                                           peal_int(limit + 1)),
                                 on_rows, r);
  if (err == PEAL_OK)
    return;
  peal_kit_ask_fail(r->ask, err);
  free(r);
}

peal_err audit_register(hospital *app) {
  static const peal_kit_action actions[] = {
      {.route = {.path = "/api/audit"}, .fn = on_audit}};
  return doors_add(app, DOORS_ADMINS, actions, 1);
}
