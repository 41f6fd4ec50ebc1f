/* SPDX-License-Identifier: MIT */
#include "missed.h"

#include <stdlib.h>

#include "journal.h"
#include "lists.h"
#include "schema.h"

/* What of other nodes came so shortly before the last one that was seen may not
 * have been seen. */
enum { OVERLAP_MS = 120000 };

typedef struct finding {
  hospital *app;
  missed_fn fn;
  void *user;
  int64_t limit, least;
} finding;

static int64_t id_of(peal_val row) {
  return peal_val_int(peal_val_get(row, "id"), 0);
}

static void on_found(const peal_store_result *result, void *user) {
  finding f = *(finding *)user;
  free(user);
  peal_build *build = peal_worker_build(peal_worker_self());
  if (result->err != PEAL_OK) {
    peal_kit_store_failed(&f.app->house, "missed alerts", result);
    f.fn(result->err, peal_array(NULL, 0), false, f.user);
    return;
  }
  bool has_more;
  peal_val rows = lists_page(build, result, f.limit, &has_more);
  // those of the overlap stand behind the others: they are no more to come
  if (has_more && id_of(peal_val_at(rows, rows.len - 1)) <= f.least)
    has_more = false;
  atomic_fetch_add(&f.app->catch_ups, rows.len);
  f.fn(PEAL_OK, rows, has_more, f.user);
}

#define WHO                                                                    \
  " AND (?2 = '' OR patient_id = ?2) AND (?3 = '' OR patient_id IS NULL OR"    \
  " EXISTS (SELECT 1 FROM records, json_each(records.body, '$.assigned') AS a" \
  " WHERE records.kind = 'patient' AND records.key = alerts.patient_id"        \
  " AND a.value = ?3))"
#define SELECT                                                                 \
  "SELECT " SCHEMA_ALERT " AS row FROM alerts WHERE " SCHEMA_IS_ALERT

/* One node: whatever has a greater id. */
static const char of_one[] = SELECT " AND id > ?1" WHO " ORDER BY id LIMIT ?4";
/* Several: behind the last of each node. Of a node that is not named, what came
 * about then. Which they are is found before what they say is put together. */
static const char of_several[] =
    "WITH last AS MATERIALIZED (SELECT value % 1048576 AS of_node, max(value)"
    " AS top FROM json_each(?5) GROUP BY 1) SELECT " SCHEMA_ALERT
    " AS row FROM alerts WHERE id IN (SELECT id FROM alerts LEFT JOIN last ON"
    " of_node = id % 1048576 WHERE " SCHEMA_IS_ALERT
    " AND CASE WHEN top IS NOT NULL THEN id > top ELSE id > ?1 OR"
    " arrived >= coalesce((SELECT min(arrived) FROM alerts WHERE id IN"
    " (SELECT value FROM json_each(?5))), 0) - ?6 END" WHO
    " ORDER BY id <= ?1, id LIMIT ?4) ORDER BY id <= ?1, id";

/* Of a list where there is one node: the greatest. */
static int64_t greatest_of(peal_val last) {
  int64_t greatest = 0;
  for (size_t i = 0; i < last.len; i++) {
    int64_t id = peal_val_int(peal_val_at(last, i), 0);
    greatest = id > greatest ? id : greatest;
  }
  return greatest;
}

static int64_t least_of(peal_val last) {
  if (last.type != PEAL_ARRAY)
    return peal_val_int(last, 0);
  int64_t least = last.len > 0 ? INT64_MAX : 0;
  for (size_t i = 0; i < last.len; i++) {
    int64_t id = peal_val_int(peal_val_at(last, i), 0);
    least = id < least ? id : least;
  }
  return least;
}

peal_err missed_find(hospital *app, const missed_wish *wish, missed_fn fn,
                     void *user) {
  finding *f = malloc(sizeof *f);
  if (f == NULL)
    return PEAL_ERR_NOMEM;
  bool is_list = wish->last.type == PEAL_ARRAY;
  bool has_others = journal_has_others(app->journal);
  const int64_t least =
      is_list && !has_others ? greatest_of(wish->last) : least_of(wish->last);
  *f =
      (finding){app, fn, user, wish->limit, has_others && !is_list ? least : 0};
  peal_val all = is_list ? wish->last : PEAL_ARRAY(peal_int(least));
  peal_val from = peal_int(least), patient = peal_str_slice(wish->patient_id);
  peal_val viewer = peal_str_slice(wish->viewer);
  peal_val limit = peal_int(wish->limit + 1);
  peal_err err = has_others
                     ? peal_store_read(app->house.store, of_several,
                                       PEAL_ARGS(from, patient, viewer, limit,
                                                 all, peal_int(OVERLAP_MS)),
                                       on_found, f)
                     : peal_store_read(app->house.store, of_one,
                                       PEAL_ARGS(from, patient, viewer, limit),
                                       on_found, f);
  if (err != PEAL_OK)
    free(f);
  return err;
}
