/* SPDX-License-Identifier: MIT */
#include "schema.h"

#include <stddef.h>

#include <peal/kit_people.h>

#include "chat.h"

/* Readings lie together by person and metric, in the order of time: a page of
 * a plot is one walk. `device` is devices.no. An alert is open while ended_ms
 * is null. */
static const char vitals[] =
    "CREATE TABLE devices (no INTEGER PRIMARY KEY AUTOINCREMENT,"
    " device_id TEXT NOT NULL UNIQUE, user_id INTEGER NOT NULL,"
    " hash BLOB NOT NULL, changed INTEGER NOT NULL,"
    " is_revoked INTEGER NOT NULL DEFAULT 0,"
    " last_ms INTEGER NOT NULL DEFAULT 0, battery REAL);"
    "CREATE INDEX devices_changed ON devices (changed);"

    "CREATE TABLE vitals (user_id INTEGER NOT NULL, metric INTEGER NOT NULL,"
    " ts INTEGER NOT NULL, device INTEGER NOT NULL, value REAL NOT NULL,"
    " PRIMARY KEY (user_id, metric, ts, device)) WITHOUT ROWID;"

    "CREATE TABLE alerts (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " user_id INTEGER NOT NULL, metric INTEGER NOT NULL,"
    " device INTEGER NOT NULL, began_ms INTEGER NOT NULL, ended_ms INTEGER,"
    " severity INTEGER NOT NULL, value REAL NOT NULL, seen_ms INTEGER);"
    "CREATE INDEX alerts_user ON alerts (user_id, began_ms);"
    "CREATE INDEX alerts_open ON alerts (user_id, metric)"
    " WHERE ended_ms IS NULL;";

const char *const schema_migrations[] = {PEAL_KIT_PEOPLE_TABLES, vitals,
                                         chat_schema, NULL};
