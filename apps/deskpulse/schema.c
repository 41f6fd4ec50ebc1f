/* SPDX-License-Identifier: MIT */
#include "schema.h"

#include <stddef.h>

#include <peal/kit.h>

/* Of days nothing but two sums; of people nothing but the numbers of how they
 * sit well. */
static const char first[] =
    "CREATE TABLE days (date TEXT PRIMARY KEY, good_ms INTEGER NOT NULL,"
    " bad_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE calibrations (person TEXT PRIMARY KEY, numbers TEXT NOT NULL,"
    " set_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE choices (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
    " WITHOUT ROWID;"

    PEAL_KIT_DEVICE_KEYS PEAL_KIT_SESSIONS;

const char *const schema_migrations[] = {first, NULL};
