/* SPDX-License-Identifier: MIT */
#pragma once
/* schema: the tables of the store. Times are milliseconds since 1970; `id`
 * rises with every row and is never used again. */

/* For peal_store_opts: NULL-terminated, one entry per version. */
extern const char *const schema_migrations[];
