/* SPDX-License-Identifier: MIT */
#pragma once
/* schema: the tables of the store. */
extern const char *const schema_migrations[];
