/* SPDX-License-Identifier: MIT */
#include "ws/ws_op.h"

#include "ws/ws_send.h"

peal_ws *peal_ws_op_find(const peal_ws_local *local, const peal_ws_ref *who) {
  if (who->endpoint != local->endpoint ||
      who->worker != peal_worker_index(local->worker))
    return NULL;
  peal_ws *ws = peal_ws_slots_get(&local->slots, who->slot);
  return ws && ws->serial == who->serial ? ws : NULL;
}

/* -- groups ---------------------------------------------------------------- */

typedef struct walk {
  const peal_ws_op *op;
  uint32_t epoch;
} walk;

/* A mark that nobody bears. */
static uint32_t new_epoch(peal_ws_local *local) {
  if (++local->epoch == 0) {
    for (peal_list *n = local->all.next; n != &local->all; n = n->next)
      PEAL_LIST_OF(n, peal_ws, node)->visit = 0;
    local->epoch = 1;
  }
  return local->epoch;
}

/* What one does with it is its own matter. */
static void visit(const walk *at, peal_ws *ws) {
  const peal_eio_item item = {.message = at->op->message,
                              .key = at->op->key,
                              .no_compress = at->op->no_compress};
  if (ws->visit == at->epoch)
    return;
  ws->visit = at->epoch;
  (void)peal_ws_send_item(ws, &item, at->op->is_volatile);
}

static void visit_all(const walk *at, const peal_list *all) {
  for (peal_list *node = all->next; node != all; node = node->next)
    visit(at, PEAL_LIST_OF(node, peal_ws, node));
}

static void visit_group(const walk *at, const peal_ws_local *local,
                        peal_slice name) {
  const peal_room *room = peal_map_get(&local->groups, name);
  for (uint32_t i = 0; room && i < room->count; i++)
    visit(at, PEAL_LIST_OF(room->seats[i].who, peal_ws, groups));
}

static void send_groups(peal_ws_local *local, const peal_ws_op *op) {
  const walk at = {.op = op, .epoch = new_epoch(local)};
  peal_ws *except = peal_ws_op_find(local, &op->who);
  if (except)
    except->visit = at.epoch;
  if (!op->groups)
    visit_all(&at, &local->all);
  for (size_t i = 0; op->groups && i < op->group_count; i++)
    visit_group(&at, local, op->groups[i]);
}

/* -- one ------------------------------------------------------------------- */

static peal_err send_one(const peal_ws_local *local, const peal_ws_op *op) {
  const peal_eio_item item = {
      .message = op->message, .key = op->key, .no_compress = op->no_compress};
  peal_ws *ws = peal_ws_op_find(local, &op->who);
  return ws ? peal_ws_send_item(ws, &item, op->is_volatile) : PEAL_ERR_CLOSED;
}

peal_err peal_ws_op_run(peal_ws_local *local, const peal_ws_op *op) {
  switch ((peal_ws_op_kind)op->kind) {
  case PEAL_WS_OP_GROUPS:
    send_groups(local, op);
    break;
  case PEAL_WS_OP_ONE:
    return send_one(local, op);
  case PEAL_WS_OP_CLOSE:
    peal_ws_close(peal_ws_op_find(local, &op->who), op->code, op->reason);
    break;
  }
  return PEAL_OK;
}
