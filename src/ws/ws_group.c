/* SPDX-License-Identifier: MIT */
/* ws_group: groups of connections: who is in which, and what is sent to all of
 * them. */
#include "base/reserved.h"
#include "ws/ws_limits.h"
#include "ws/ws_round.h"
#include "ws/ws_send.h"

static uint32_t find(const peal_ws *ws, peal_slice name) {
  const peal_room *room =
      ws->groups ? peal_map_get(&ws->local->groups, name) : NULL;
  return room ? peal_room_set_find(ws->groups, room) : PEAL_ROOM_SET_NONE;
}

static peal_err join(peal_ws *ws, peal_slice name) {
  peal_ws_local *local = ws->local;
  peal_err err = peal_account_charge(&ws->account, peal_room_cost(name.len));
  if (err)
    return err;
  err = peal_room_enter(&local->groups, peal_map_get(&local->groups, name),
                        name, &ws->groups, local->worker->mem);
  if (err)
    peal_account_release(&ws->account, peal_room_cost(name.len));
  return err;
}

peal_err peal_ws_join(peal_ws *ws, peal_slice group) {
  PEAL_ON_WS(ws, "peal_worker_post and peal_ws_ref_get");
  if (!ws || (group.len && !group.ptr))
    return PEAL_ERR_USAGE;
  if (ws->told_close)
    return PEAL_ERR_CLOSED;
  if (group.len > PEAL_LIMIT_WS_GROUP_NAME_BYTES)
    return PEAL_ERR_LIMIT;
  if (find(ws, group) != PEAL_ROOM_SET_NONE)
    return PEAL_OK;
  return peal_ws_group_count(ws) < ws->local->endpoint->opts.max_groups
             ? join(ws, group)
             : PEAL_ERR_LIMIT;
}

void peal_ws_leave(peal_ws *ws, peal_slice group) {
  PEAL_ON_WS(ws, "peal_worker_post and peal_ws_ref_get");
  uint32_t at = ws ? find(ws, group) : PEAL_ROOM_SET_NONE;
  if (at != PEAL_ROOM_SET_NONE)
    peal_account_release(&ws->account,
                         peal_room_exit(&ws->local->groups, &ws->groups, at,
                                        ws->local->worker->mem));
}

bool peal_ws_in(const peal_ws *ws, peal_slice group) {
  PEAL_ON_WS(ws, "peal_worker_post and peal_ws_ref_get");
  return ws && find(ws, group) != PEAL_ROOM_SET_NONE;
}

size_t peal_ws_group_count(const peal_ws *ws) {
  PEAL_ON_WS(ws, "peal_worker_post and peal_ws_ref_get");
  return ws && ws->groups ? ws->groups->count : 0;
}

peal_err peal_ws_group_send_to(peal_ws_endpoint *endpoint, const peal_ws_to *to,
                               peal_slice data) {
  static const peal_ws_to everybody;
  if (!endpoint || (data.len && !data.ptr))
    return PEAL_ERR_USAGE;
  if (!to)
    to = &everybody;
  if (!PEAL_RESERVED_IS_KNOWN(to) || !PEAL_RESERVED_IS_KNOWN(&to->how))
    return PEAL_ERR_OPTION;
  peal_ws_op op = {.kind = PEAL_WS_OP_GROUPS,
                   .is_volatile = to->how.is_volatile,
                   .no_compress = to->how.no_compress,
                   .groups = to->groups,
                   .group_count = to->group_count,
                   .who = to->except,
                   .key = peal_ws_send_key(endpoint, to->how.conflate)};
  return peal_ws_round_run(endpoint, &op, data, to->how.is_binary);
}

peal_err peal_ws_group_send(peal_ws_endpoint *endpoint, peal_slice group,
                            peal_slice data, bool is_binary) {
  return peal_ws_group_send_to(
      endpoint,
      &(peal_ws_to){.groups = group.len ? &group : NULL,
                    .group_count = group.len ? 1 : 0,
                    .how = {.is_binary = is_binary}},
      data);
}
