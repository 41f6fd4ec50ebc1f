/* SPDX-License-Identifier: MIT */
#pragma once
/* lists: what is asked of the store and answered as it stands there: rows that
 * are JSON in a column `row`. */
#include "hospital.h"

/* {"status","data":[…]} of a SELECT; in the handler. */
void lists_answer(hospital *app, peal_kit_ask *ask, const char *sql,
                  peal_args args);
/* The same of the first row alone: "data" is it. */
void lists_one(hospital *app, peal_kit_ask *ask, const char *sql,
               peal_args args);
/* The rows as values in `build`. */
peal_val lists_rows(peal_build *build, const peal_store_result *result);
/* At most `limit` of them, of a SELECT that asked for one more. */
peal_val lists_page(peal_build *build, const peal_store_result *result,
                    int64_t limit, bool *has_more);
/* A parameter of the query, or null; borrowed. Answers nothing. */
peal_val lists_param(peal_kit_ask *ask, const char *name);
/* The same, of a time. False: it is none, and that has been answered. */
PEAL_MUST_CHECK bool lists_time(peal_kit_ask *ask, const char *name,
                                int64_t otherwise, int64_t *out);
