/* SPDX-License-Identifier: MIT */
#include "schema.h"

#include <stddef.h>

#include <peal/kit_people.h>

/* `journal` has every change in the order in which it came to this node: it is
 * the audit log, and what other nodes are told. `records` and `alerts` follow
 * from it: the last of each patient, bed, … and what has become of each alert.
 * `vector`: how far the journals of other nodes are known. An alert without a
 * severity is a trace: another node's change of it has come before it.
 * `due_ms`: when it goes up. `received`: whose screens have it. */
static const char tables[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"

    "CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " ts INTEGER NOT NULL, node INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " kind TEXT NOT NULL, key TEXT NOT NULL, actor TEXT NOT NULL,"
    " body TEXT NOT NULL, UNIQUE (node, seq));"
    "CREATE INDEX journal_key ON journal (key, kind);"
    "CREATE INDEX journal_ts ON journal (ts);"
    "CREATE TABLE vector (node INTEGER PRIMARY KEY, seq INTEGER NOT NULL);"

    "CREATE TABLE records (kind TEXT NOT NULL, key TEXT NOT NULL,"
    " at INTEGER NOT NULL, node INTEGER NOT NULL, body TEXT NOT NULL,"
    " PRIMARY KEY (kind, key)) WITHOUT ROWID;"

    "CREATE TABLE alerts (id INTEGER PRIMARY KEY, ts INTEGER,"
    " arrived INTEGER, patient_id TEXT, ward TEXT, severity TEXT, body TEXT,"
    " acknowledged_at TEXT, acknowledged_by TEXT, resolved_at TEXT,"
    " resolved_by TEXT, level INTEGER NOT NULL DEFAULT 0, due_ms INTEGER);"
    "CREATE INDEX alerts_patient ON alerts (patient_id, id);"
    "CREATE INDEX alerts_ts ON alerts (ts);"
    "CREATE INDEX alerts_arrived ON alerts (arrived);"
    "CREATE INDEX alerts_active ON alerts (severity)"
    " WHERE acknowledged_at IS NULL AND resolved_at IS NULL;"
    "CREATE INDEX alerts_due ON alerts (due_ms) WHERE due_ms IS NOT NULL;"

    "CREATE TABLE risks (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " patient_id TEXT NOT NULL, ts INTEGER NOT NULL, body TEXT NOT NULL);"
    "CREATE INDEX risks_patient ON risks (patient_id, id);"

    "CREATE TABLE received (alert INTEGER NOT NULL, username TEXT NOT NULL,"
    " at INTEGER NOT NULL, PRIMARY KEY (alert, username)) WITHOUT ROWID;"

    "CREATE TABLE notices (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " alert INTEGER NOT NULL, way TEXT NOT NULL, tries INTEGER NOT NULL"
    " DEFAULT 0, next_ms INTEGER NOT NULL);"
    "CREATE INDEX notices_next ON notices (next_ms);";

const char *const schema_migrations[] = {PEAL_KIT_PEOPLE_TABLES, tables, NULL};
