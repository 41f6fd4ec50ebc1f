/* SPDX-License-Identifier: MIT */
#include "prune.h"

enum { EVERY_S = 60, AT_ONCE = 500 };

#define OLD_ALERTS                                                             \
  "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE ts < ?1"        \
  " AND resolved_at IS NOT NULL ORDER BY ts LIMIT ?2)"
/* Of the alerts that are about to go. */
#define OLD_RECEIPTS                                                           \
  "DELETE FROM received WHERE alert IN (SELECT id FROM alerts WHERE ts < ?1"   \
  " AND resolved_at IS NOT NULL ORDER BY ts LIMIT ?2)"
#define OLD_RISKS                                                              \
  "DELETE FROM risks WHERE id IN (SELECT id FROM risks WHERE ts < ?1"          \
  " ORDER BY id LIMIT ?2)"
/* The last number of each node stays, so that none is given out twice. */
#define OLD_ENTRIES                                                            \
  "DELETE FROM journal WHERE id IN (SELECT id FROM journal AS j WHERE ts < ?1" \
  " AND seq < (SELECT max(seq) FROM journal WHERE node = j.node) AND CASE"     \
  " WHEN kind IN ('alert', 'acknowledge', 'resolve', 'escalate') THEN NOT"     \
  " EXISTS (SELECT 1 FROM alerts WHERE id = CAST(j.key AS INTEGER))"           \
  " WHEN kind = 'risk' THEN true ELSE EXISTS (SELECT 1 FROM journal AS k"      \
  " WHERE k.key = j.key AND k.kind = j.kind AND k.id > j.id) END"              \
  " ORDER BY ts LIMIT ?2)"

static void on_pruned(const peal_store_result *result, void *user) {
  hospital *app = user;
  if (result->err != PEAL_OK)
    peal_kit_store_failed(&app->house, "what is old was not removed", result);
}

void prune_tick(hospital *app) {
  static unsigned ticks;
  peal_val before = peal_int(peal_wall_ms() - app->conf.keep_ms);
  peal_val count = peal_int(AT_ONCE);
  if (ticks++ % EVERY_S != 0)
    return;
  const peal_store_stmt stmts[] = {{OLD_RECEIPTS, PEAL_ARGS(before, count)},
                                   {OLD_ALERTS, PEAL_ARGS(before, count)},
                                   {OLD_RISKS, PEAL_ARGS(before, count)},
                                   {OLD_ENTRIES, PEAL_ARGS(before, count)}};
  peal_err err =
      peal_store_write_all(app->house.store, stmts, 4, on_pruned, app);
  if (err != PEAL_OK)
    peal_kit_log(&app->house, PEAL_LOG_WARN, "prune", "%s",
                 peal_err_message(err));
}
