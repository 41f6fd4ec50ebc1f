/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_history_where: which rows of a history somebody may see, and wants, as
 * SQL. */
#include <peal/kit_history.h>

/* Of one question; in the request's memory. */
typedef struct peal_kit_history_rows {
  const peal_kit_history *of;
  peal_val owner;       /* undefined: none */
  peal_slice device_id; /* empty: all */
} peal_kit_history_rows;

enum {
  PEAL_KIT_HISTORY_WHERE_BYTES = 160,
  PEAL_KIT_HISTORY_WHERE_ARGS = 8, /* of a statement, those of rows included */
};

/* The rows that this request asks for. `owner` is copied. */
peal_kit_history_rows peal_kit_history_where_of(peal_http_req *req,
                                                const peal_kit_history *of,
                                                peal_val owner,
                                                peal_slice device_id);
/* Conditions, each with AND behind it: ?first and ?first + 1 are its own. */
void peal_kit_history_where_write(char out[PEAL_KIT_HISTORY_WHERE_BYTES],
                                  const peal_kit_history_rows *rows, int first);
/* Puts its own behind `count` arguments; returns how many there are then. */
size_t peal_kit_history_where_args(peal_val args[PEAL_KIT_HISTORY_WHERE_ARGS],
                                   size_t count,
                                   const peal_kit_history_rows *rows);
