/* SPDX-License-Identifier: MIT */
#include "kit/kit_history_where.h"

#include <stdio.h>

static bool has_owner(const peal_kit_history_rows *rows) {
  return rows->of->owner != NULL;
}

static bool is_of_one(const peal_kit_history_rows *rows) {
  return rows->of->device != NULL && rows->device_id.len > 0;
}

peal_kit_history_rows peal_kit_history_where_of(peal_http_req *req,
                                                const peal_kit_history *of,
                                                peal_val owner,
                                                peal_slice device_id) {
  return (peal_kit_history_rows){
      .of = of,
      .owner = peal_build_copy(peal_http_req_build(req), owner),
      .device_id = device_id};
}

void peal_kit_history_where_write(char out[PEAL_KIT_HISTORY_WHERE_BYTES],
                                  const peal_kit_history_rows *rows,
                                  int first) {
  char mine[PEAL_KIT_HISTORY_WHERE_BYTES / 2] = "";
  char one[PEAL_KIT_HISTORY_WHERE_BYTES / 2] = "";
  if (has_owner(rows))
    snprintf(mine, sizeof mine, "%s = ?%d AND ", rows->of->owner, first);
  if (is_of_one(rows))
    snprintf(one, sizeof one, "%s = ?%d AND ", rows->of->device,
             has_owner(rows) ? first + 1 : first);
  snprintf(out, PEAL_KIT_HISTORY_WHERE_BYTES, "%s%s", mine, one);
}

size_t peal_kit_history_where_args(peal_val args[PEAL_KIT_HISTORY_WHERE_ARGS],
                                   size_t count,
                                   const peal_kit_history_rows *rows) {
  if (has_owner(rows))
    args[count++] = rows->owner;
  if (is_of_one(rows))
    args[count++] = peal_str_slice(rows->device_id);
  return count;
}
