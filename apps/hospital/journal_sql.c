/* SPDX-License-Identifier: MIT */
#include "journal_sql.h"

#include <stdio.h>

#include "schema.h"

/* ---- records: the last one wins --------------------------------------------- */

/* A free bed says so: its patient_id is null. */
#define PATCHED                                                                \
  "CASE ?1 WHEN 'bed' THEN json_insert(json_patch(records.body, ?5),"          \
  " '$.patient_id', NULL) ELSE json_patch(records.body, ?5) END"

static const char create_record[] =
    "INSERT INTO records (kind, key, at, node, body)"
    " VALUES (?1, ?2, ?3, ?4, CASE ?1 WHEN 'triage' THEN json_set(?5, '$.id',"
    " CAST(?2 AS INTEGER)) ELSE ?5 END) ON CONFLICT DO NOTHING";
static const char patch_record[] =
    "UPDATE records SET body = " PATCHED ", at = ?3, node = ?4"
    " WHERE kind = ?1 AND key = ?2";
static const char put_record[] =
    "INSERT INTO records (kind, key, at, node, body)"
    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (kind, key) DO UPDATE"
    " SET body = " PATCHED ", at = ?3, node = ?4";
static const char take_record[] =
    "INSERT INTO records (kind, key, at, node, body)"
    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (kind, key) DO UPDATE"
    " SET body = excluded.body, at = excluded.at, node = excluded.node"
    " WHERE (excluded.at, excluded.node) > (records.at, records.node)";

/* ---- risks: all of them are kept ---------------------------------------------- */

static const char add_risk[] =
    "INSERT INTO risks (patient_id, ts, body) SELECT ?2, ?3, ?5"
    " WHERE NOT EXISTS (SELECT 1 FROM risks WHERE patient_id = ?2 AND ts = ?3"
    " AND body = ?5)";

/* ---- accounts: of the people, whose rows are written by the kit --------------- */

/* It is there already: what other nodes need of it is put into the journal. */
static const char note_account[] =
    "INSERT INTO records (kind, key, at, node, body)"
    " SELECT ?1, ?2, ?3, ?4, json_object('name', name, 'hash', hash, 'role',"
    " role, 'made_ms', made_ms) FROM people WHERE folded = ?2 AND ?5 != ''"
    " ON CONFLICT (kind, key) DO UPDATE"
    " SET body = excluded.body, at = excluded.at, node = excluded.node";

/* ---- alerts: what happens to them only ever goes on ---------------------------- */

#define NEW_ALERT                                                              \
  "INSERT INTO alerts (id, ts, arrived, patient_id, ward, severity, body,"     \
  " due_ms) SELECT ?2, ?3, CAST((julianday('now') -"                           \
  " 2440587.5) * 86400000 AS INTEGER),"                                        \
  " json_extract(?5, '$.patient_id'), json_extract(b, '$.ward'),"              \
  " json_extract(?5, '$.severity'), json_set(b, '$.id', ?2),"                  \
  " CASE json_extract(?5, '$.severity')"                                       \
  " WHEN 'critical' THEN ?3 + %lld END FROM (SELECT json_insert(?5, '$.ward'," \
  " (SELECT json_extract(body, '$.ward') FROM records WHERE kind = 'patient'"  \
  " AND key = json_extract(?5, '$.patient_id'))) AS b) WHERE ?4 = ?4"

/* A trace of it is filled in. */
#define FILL                                                                   \
  " ON CONFLICT (id) DO UPDATE SET ts = excluded.ts,"                          \
  " arrived = excluded.arrived, patient_id = excluded.patient_id,"             \
  " ward = excluded.ward, severity = excluded.severity, body = excluded.body," \
  " due_ms = CASE WHEN acknowledged_at IS NULL AND resolved_at IS NULL AND"    \
  " level < 2 THEN excluded.due_ms END WHERE alerts.severity IS NULL"

static const char acknowledge[] =
    "UPDATE alerts SET acknowledged_at = json_extract(?5, '$.at'),"
    " acknowledged_by = json_extract(?5, '$.by'), due_ms = NULL"
    " WHERE id = ?2 AND " SCHEMA_IS_ACTIVE;
static const char resolve[] =
    "UPDATE alerts SET resolved_at = json_extract(?5, '$.at'),"
    " resolved_by = json_extract(?5, '$.by'), due_ms = NULL"
    " WHERE id = ?2 AND " SCHEMA_IS_ALERT " AND resolved_at IS NULL";

/* The first one counts, and of two at the same time the lesser name. */
#define TAKE_MARK(what)                                                        \
  "INSERT INTO alerts (id, " what "_at, " what "_by) VALUES (?2,"              \
  " json_extract(?5, '$.at'), json_extract(?5, '$.by'))"                       \
  " ON CONFLICT (id) DO UPDATE SET " what "_at = excluded." what "_at,"        \
  " " what "_by = excluded." what "_by, due_ms = NULL"                         \
  " WHERE alerts." what "_at IS NULL OR (excluded." what "_at,"                \
  " excluded." what "_by) < (alerts." what "_at, alerts." what "_by)"

static const char take_acknowledge[] = TAKE_MARK("acknowledged");
static const char take_resolve[] = TAKE_MARK("resolved");

#define LEVEL "json_extract(?5, '$.level')"

void journal_sql_init(journal_sql *out, int64_t doctor_ms, int64_t all_ms) {
  // who is told second is not told before the first
  if (all_ms < doctor_ms)
    all_ms = doctor_ms;
  snprintf(out->alert, sizeof out->alert, NEW_ALERT, (long long)doctor_ms);
  snprintf(out->taken_alert, sizeof out->taken_alert, NEW_ALERT FILL,
           (long long)doctor_ms);
  snprintf(out->escalate, sizeof out->escalate,
           "UPDATE alerts SET level = " LEVEL ", due_ms = CASE " LEVEL
           " WHEN 1 THEN ts + %lld END WHERE id = ?2 AND level < " LEVEL
           " AND " SCHEMA_IS_ACTIVE,
           (long long)all_ms);
  snprintf(out->taken_escalate, sizeof out->taken_escalate,
           "INSERT INTO alerts (id, level) VALUES (?2, " LEVEL ")"
           " ON CONFLICT (id) DO UPDATE SET level = excluded.level,"
           " due_ms = CASE WHEN excluded.level = 1 AND due_ms IS NOT NULL"
           " THEN ts + %lld END WHERE alerts.level < excluded.level",
           (long long)all_ms);
}

/* ---- which one ------------------------------------------------------------------ */

static const char *record_sql(journal_verb verb) {
  return verb == JOURNAL_CREATE  ? create_record
         : verb == JOURNAL_PATCH ? patch_record
                                 : put_record;
}

/* NULL: a record's. */
static const char *change_of(const journal_sql *sql, journal_kind kind) {
  const char *const all[JOURNAL_KINDS] = {
      [JOURNAL_RISK] = add_risk,           [JOURNAL_ALERT] = sql->alert,
      [JOURNAL_ACKNOWLEDGE] = acknowledge, [JOURNAL_RESOLVE] = resolve,
      [JOURNAL_ESCALATE] = sql->escalate,  [JOURNAL_ACCOUNT] = note_account};
  return all[kind];
}

static const char *take_of(const journal_sql *sql, journal_kind kind) {
  const char *const all[JOURNAL_KINDS] = {
      [JOURNAL_RISK] = add_risk,
      [JOURNAL_ALERT] = sql->taken_alert,
      [JOURNAL_ACKNOWLEDGE] = take_acknowledge,
      [JOURNAL_RESOLVE] = take_resolve,
      [JOURNAL_ESCALATE] = sql->taken_escalate};
  return all[kind];
}

const char *journal_sql_change(const journal_sql *sql, journal_kind kind,
                               journal_verb verb) {
  const char *own = change_of(sql, kind);
  return own != NULL ? own : record_sql(verb);
}

const char *journal_sql_take(const journal_sql *sql, journal_kind kind) {
  const char *own = take_of(sql, kind);
  return own != NULL ? own : take_record;
}

bool journal_sql_is_numbered(journal_kind kind) {
  return kind >= JOURNAL_ALERT && kind <= JOURNAL_ESCALATE;
}

#define RECORD "(SELECT body FROM records WHERE kind = ?1 AND key = ?2)"
#define ALERT_ROW "(SELECT " SCHEMA_ALERT " FROM alerts WHERE id = ?2)"
#define INTO "INTO journal (kind, key, ts, node, body, seq, actor)"
#define COLUMNS "INSERT " INTO
#define ENTRY(body)                                                            \
  COLUMNS " SELECT ?1, ?2, ?3, ?4, " body ", ?6, ?7 WHERE changes() > 0 AND"   \
          " ?5 != ''"
/* The statement before it did something if the row says so. */
#define TAKEN "INSERT OR IGNORE " INTO " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"

const char *journal_sql_entry(journal_kind kind) {
  if (kind == JOURNAL_RISK)
    return ENTRY("?5") " RETURNING body, body AS row";
  if (kind == JOURNAL_ALERT)
    return ENTRY("(SELECT body FROM alerts WHERE id = ?2)") " RETURNING body,"
                                                            " " ALERT_ROW
                                                            " AS row";
  if (journal_sql_is_numbered(kind))
    return ENTRY("?5") " RETURNING body, " ALERT_ROW " AS row";
  return ENTRY(RECORD) " RETURNING body, body AS row";
}

const char *journal_sql_taken(journal_kind kind) {
  if (kind == JOURNAL_RISK)
    return TAKEN " RETURNING body AS row, changes() AS changed";
  if (journal_sql_is_numbered(kind))
    return TAKEN " RETURNING " ALERT_ROW " AS row, changes() AS changed";
  return TAKEN " RETURNING " RECORD " AS row, changes() AS changed";
}
