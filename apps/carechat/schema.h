/* SPDX-License-Identifier: MIT */
#pragma once
/* schema: the migrations of the store. */
extern const char *const schema_migrations[];
