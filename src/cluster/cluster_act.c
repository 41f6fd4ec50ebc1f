/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_act.h"

#include <stdio.h>

#include "cluster/cluster_far.h"
#include "cluster/cluster_kept.h"
#include "cluster/cluster_send.h"
#include "cluster/cluster_sessions.h"
#include "cluster/cluster_streams.h"
#include "server/form.h"
#include "server/node_query.h"
#include "server/nsp_life.h"
#include "server/nsp_table.h"
#include "server/op_round.h"

/* -- operations and questions of others -------------------------------------------------- */

static void run_one(peal_cluster *cluster, peal_nsp *nsp, const peal_op *op) {
  if (peal_op_round_run(nsp, op, false, NULL))
    peal_cluster_count(&cluster->counts.dropped_in);
}

/* An event, as this node's parser has it. */
static void run_event(peal_cluster *cluster, peal_nsp *nsp, peal_op op) {
  op.message = peal_form_from_bus(cluster->server, op.nsp, op.message);
  if (op.message)
    run_one(cluster, nsp, &op);
  else
    peal_cluster_count(&cluster->counts.dropped_in);
  peal_message_unref(op.message);
}

/* Node joins and leaves several rooms with one message: the arguments. */
static void run_moves(peal_cluster *cluster, peal_nsp *nsp, peal_op op,
                      peal_args rooms) {
  for (size_t i = 0; i < rooms.count; i++) {
    op.room = peal_val_str(rooms.items[i]);
    run_one(cluster, nsp, &op);
  }
}

static void run_in(peal_cluster *cluster, peal_nsp *nsp, peal_op op,
                   const peal_cluster_event *event) {
  bool moves = op.kind == PEAL_OP_JOIN || op.kind == PEAL_OP_LEAVE;
  if (moves && event->msg->args.count) {
    run_moves(cluster, nsp, op, event->msg->args);
    return;
  }
  if (!op.message) {
    run_one(cluster, nsp, &op);
    return;
  }
  peal_message *stamped =
      peal_cluster_sessions_stamp(cluster, &op, event->offset);
  if (stamped)
    op.message = stamped;
  op.has_offset = stamped != NULL;
  run_event(cluster, nsp, op);
  peal_message_unref(stamped);
}

/* Those of namespaces that this node has not are nobody's here. */
static void run_op(peal_cluster *cluster, const peal_cluster_event *event) {
  peal_op op = event->msg->op;
  op.nsp = event->msg->nsp.ptr ? event->msg->nsp : op.nsp;
  peal_nsp *nsp = peal_nsp_table_named(cluster->server, op.nsp);
  if (!nsp)
    return;
  run_in(cluster, nsp, op, event);
  peal_nsp_life_release(nsp);
}

/* CALL without a request: nobody waits. */
static bool is_answered(const peal_bus_msg *question) {
  return question->kind != PEAL_BUS_CALL || question->request.len;
}

/* With the event of ASK as this node's parser has it. */
static peal_err run_query(peal_cluster *cluster, const peal_bus_msg *question,
                          uint64_t number) {
  peal_bus_msg here = *question;
  peal_message *event = question->op.message;
  if (event) {
    here.op.message = peal_form_from_bus(cluster->server, question->nsp, event);
    if (!here.op.message)
      return PEAL_ERR_NOMEM;
  }
  peal_err err = peal_node_query_run(cluster->server, &here, number);
  peal_message_unref(here.op.message);
  return err;
}

static void query(peal_cluster *cluster, const peal_cluster_event *event) {
  bool is_answer_due = is_answered(event->msg);
  uint64_t number =
      is_answer_due
          ? peal_cluster_kept_new(cluster, (peal_cluster_dialect)event->dialect,
                                  event->msg)
          : 0;
  if (is_answer_due && !number) {
    peal_cluster_count(&cluster->counts.dropped_in);
    return;
  }
  peal_err err = run_query(cluster, event->msg, number);
  if (!err)
    return;
  peal_cluster_kept_forget(cluster, number);
  if (err != PEAL_ERR_USAGE)
    peal_cluster_count(&cluster->counts.dropped_in);
}

/* -- other nodes -------------------------------------------------------------------------- */

static uint64_t ago(const peal_cluster *cluster, uint64_t ms) {
  uint64_t now = peal_cluster_now(cluster);
  return now > ms ? now - ms : 0;
}

static void tell_node(peal_cluster *cluster, const peal_cluster_event *event) {
  char id[64];
  peal_slice uid = event->from;
  bool joined = event->type == PEAL_CLUSTER_IS_JOINED;
  (void)peal_cluster_name_marks(event->from, &uid);
  (void)snprintf(id, sizeof id, "%.*s", PEAL_SFMT(uid));
  peal_logger_write(cluster->server->log, PEAL_LOG_INFO, "cluster",
                    (peal_slice){0}, (peal_slice){0}, "node %s %s", id,
                    joined ? "has joined" : "is gone");
  if (!cluster->opts.on_node)
    return;
  peal_cluster_node node = {.id = id,
                            .since_ms = ago(cluster, event->since_ms),
                            .heard_ms = ago(cluster, event->heard_ms)};
  cluster->opts.on_node(cluster, &node, joined, cluster->opts.node_user);
}

static void log_loss(const peal_cluster *cluster,
                     const peal_cluster_event *event) {
  peal_logger_write(cluster->server->log, PEAL_LOG_ERROR, "cluster",
                    (peal_slice){0}, (peal_slice){0},
                    "entries of stream %u behind %.*s were trimmed before they "
                    "could be read: they are lost here",
                    event->stream, PEAL_SFMT(event->offset));
}

/* -- all of them -------------------------------------------------------------------------- */

static void on_closed(peal_cluster *cluster) {
  cluster->left = true;
  if (cluster->redis)
    peal_redis_finish(cluster->redis);
}

/* What has happened. */
static void tell(peal_cluster *cluster, const peal_cluster_event *event) {
  switch (event->type) {
  case PEAL_CLUSTER_IS_PART:
    peal_cluster_far_part(cluster, event->user, event->msg);
    return;
  case PEAL_CLUSTER_IS_DONE:
    peal_cluster_far_done(event->user, event);
    return;
  case PEAL_CLUSTER_IS_JOINED:
  case PEAL_CLUSTER_IS_LEFT:
    tell_node(cluster, event);
    return;
  case PEAL_CLUSTER_IS_LOST:
    log_loss(cluster, event);
    return;
  case PEAL_CLUSTER_IS_CLOSED:
    on_closed(cluster);
    return;
  default:
    return;
  }
}

void peal_cluster_act(peal_cluster *cluster, const peal_cluster_event *event) {
  switch (event->type) {
  case PEAL_CLUSTER_DO_SUBSCRIBE:
  case PEAL_CLUSTER_DO_UNSUBSCRIBE:
    peal_cluster_send_subscription(cluster, event,
                                   event->type == PEAL_CLUSTER_DO_SUBSCRIBE);
    return;
  case PEAL_CLUSTER_DO_SEND:
    peal_cluster_send_msg(cluster, event);
    return;
  case PEAL_CLUSTER_DO_COUNT:
    peal_cluster_send_count(cluster, event);
    return;
  case PEAL_CLUSTER_DO_ADD:
    peal_cluster_streams_add(cluster, event);
    return;
  case PEAL_CLUSTER_DO_READ:
    peal_cluster_streams_read(cluster, event);
    return;
  case PEAL_CLUSTER_DO_RUN:
    run_op(cluster, event);
    return;
  case PEAL_CLUSTER_DO_QUERY:
    query(cluster, event);
    return;
  default:
    tell(cluster, event);
  }
}
