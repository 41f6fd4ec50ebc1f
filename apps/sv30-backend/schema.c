/* SPDX-License-Identifier: MIT */
#include "schema.h"

#include <stddef.h>

#include <peal/kit.h>

/* A test is there from the first thing that was heard of it. `device` is who
 * showed a key, `sender` that or an address: whose bare heights are its.
 * `mark` says when a result was written (lab_mark). */
static const char first[] =
    "CREATE TABLE tests (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " test_id TEXT NOT NULL UNIQUE, device TEXT NOT NULL DEFAULT '',"
    " sender TEXT NOT NULL DEFAULT '', test_type TEXT,"
    " ts INTEGER NOT NULL, heard_ms INTEGER NOT NULL);"
    "CREATE INDEX tests_ts ON tests (ts);"
    "CREATE INDEX tests_heard ON tests (heard_ms);"

    "CREATE TABLE results (test_id TEXT NOT NULL, t_min INTEGER NOT NULL,"
    " ts INTEGER NOT NULL, test_type TEXT NOT NULL,"
    " sludge_height_mm REAL, mixture_height_mm REAL, sv30_height_mm REAL,"
    " velocity_mm_per_min REAL, floc_count REAL, floc_avg_size_mm REAL,"
    " clear_r REAL, clear_g REAL, clear_b REAL,"
    " sludge_r REAL, sludge_g REAL, sludge_b REAL,"
    " warning TEXT, revision INTEGER NOT NULL DEFAULT 0,"
    " mark INTEGER NOT NULL, PRIMARY KEY (test_id, t_min)) WITHOUT ROWID;"

    "CREATE TABLE heights (test_id TEXT NOT NULL, t_s INTEGER NOT NULL,"
    " height_mm REAL NOT NULL, PRIMARY KEY (test_id, t_s)) WITHOUT ROWID;"

    PEAL_KIT_DEVICE_KEYS PEAL_KIT_SESSIONS;

const char *const schema_migrations[] = {first, NULL};
