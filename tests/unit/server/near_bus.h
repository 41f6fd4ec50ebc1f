/* SPDX-License-Identifier: MIT */
#pragma once
/* near_bus: two servers in one process, joined by an adapter that hands
 * everything over directly: what a server asks of an adapter, and what it does of
 * what comes, without a Redis between them. */
#include "proto/op_copy.h"
#include "server/node_query.h"
#include "server/nsp_life.h"
#include "server/nsp_table.h"
#include "server/op_round.h"
#include "server_fixture.h"

typedef struct near_node {
  peal_adapter adapter; /* first */
  server_fixture it;
  struct near_node *other;
  bool silent; /* does not answer */
  atomic_int published, questions, rooms, sockets;
} near_node;

/* A question on its way, and what came back. */
typedef struct near_question {
  near_node *asked;
  peal_far_asker *asker; /* NULL: nobody waits */
  peal_arena texts;
  peal_doc *args;
  peal_bus_msg msg;
  peal_far far;
  peal_doc *docs[16];
  size_t waits; /* for acknowledgements */
  bool knows;   /* how many there are */
} near_question;

static void near_free(near_question *q) {
  for (size_t i = 0; i < q->far.doc_count; i++)
    peal_doc_free(q->docs[i]);
  peal_message_unref(q->msg.op.message);
  peal_doc_free(q->args);
  peal_arena_deinit(&q->texts);
  free(q);
}

static void near_home(peal_worker *worker, void *user) {
  near_question *q = user;
  q->far.nodes = 1;
  q->far.docs = q->docs;
  q->asker->done(q->asker, worker, &q->far);
  near_free(q);
}

static void near_over(near_question *q) {
  assert_int_equal(peal_worker_post(q->asker->home, near_home, q), PEAL_OK);
}

/* On worker 0 of who was asked. */
static void near_answer(peal_adapter *adapter, uint64_t number,
                        const peal_bus_msg *answer) {
  near_question *q = (near_question *)(uintptr_t)number;
  (void)adapter;
  bool lists = answer->kind != PEAL_BUS_ASKED;
  if (answer->kind == PEAL_BUS_COUNTED || answer->kind == PEAL_BUS_ASKED)
    q->far.count = answer->count;
  else if (lists && q->far.doc_count < 16)
    q->docs[q->far.doc_count++] =
        peal_doc_new(peal_array(answer->args.items, answer->args.count));
  if (answer->kind == PEAL_BUS_ASKED) {
    q->knows = true;
    q->waits = answer->count;
  }
  if (q->msg.kind != PEAL_BUS_ASK || (q->knows && q->far.doc_count == q->waits))
    near_over(q);
}

static void near_run(peal_worker *worker, void *user) {
  near_question *q = user;
  bool waits = q->asker != NULL; /* an answer may be on its way at once */
  (void)worker;
  if (q->asked->silent) {
    q->far.err = PEAL_ERR_TIMEOUT;
    q->far.missing = 1;
    near_over(q);
    return;
  }
  peal_err err =
      peal_node_query_run(q->asked->it.server, &q->msg, (uint64_t)(uintptr_t)q);
  assert_int_equal(err, PEAL_OK);
  if (!waits)
    near_free(q);
}

static peal_err near_ask(peal_adapter *adapter, const peal_bus_msg *question,
                         uint32_t timeout_ms, peal_far_asker *asker) {
  near_node *node = (near_node *)adapter;
  near_question *q = calloc(1, sizeof *q);
  (void)timeout_ms;
  assert_non_null(q);
  atomic_fetch_add(&node->questions, 1);
  peal_arena_init(&q->texts, NULL, 256, 0);
  q->asked = node->other;
  q->asker = asker;
  peal_op op = question->op;
  op.nsp = question->nsp;
  assert_int_equal(peal_op_copy(&q->msg.op, &op, &q->texts), PEAL_OK);
  q->args =
      peal_doc_new(peal_array(question->args.items, question->args.count));
  peal_val args = peal_doc_val(q->args);
  q->msg.kind = question->kind;
  q->msg.nsp = q->msg.op.nsp;
  q->msg.args = (peal_args){args.as.items, args.len};
  q->msg.request = asker ? PEAL_S("1") : (peal_slice){0};
  return peal_worker_post(
      peal_workers_get(peal_server_workers(node->other->it.server), 0),
      near_run, q);
}

/* Those of these tests live as long as their server. */
static peal_nsp *near_nsp(const near_node *node, peal_slice name) {
  peal_nsp *nsp = peal_nsp_table_named(node->it.server, name);
  if (nsp)
    peal_nsp_life_release(nsp);
  return nsp;
}

/* From a thread that is no worker of the other server. */
static peal_err near_publish(peal_adapter *adapter, const peal_op *op) {
  near_node *node = (near_node *)adapter;
  peal_nsp *nsp = near_nsp(node->other, op->nsp);
  atomic_fetch_add(&node->published, 1);
  peal_err err = PEAL_OK;
  if (adapter->orders)
    err = peal_op_round_run(near_nsp(node, op->nsp), op, false, NULL);
  return err ? err : peal_op_round_run(nsp, op, false, NULL);
}

static void near_room(peal_adapter *adapter, peal_nsp_local *local,
                      peal_slice room, bool joined) {
  (void)local;
  (void)room;
  atomic_fetch_add(&((near_node *)adapter)->rooms, joined ? 1 : -1);
}

static void near_socket(peal_adapter *adapter, peal_nsp_local *local,
                        peal_slice id, bool came) {
  (void)local;
  assert_int_equal(id.len, 20);
  atomic_fetch_add(&((near_node *)adapter)->sockets, came ? 1 : -1);
}

static void near_all_told(peal_adapter *adapter, uint64_t number) {
  (void)adapter;
  (void)number;
}

static const peal_adapter_verbs near_verbs = {.publish = near_publish,
                                              .answer = near_answer,
                                              .over = near_all_told,
                                              .ask = near_ask,
                                              .room = near_room,
                                              .socket = near_socket};

static near_node near_a, near_b;

static void near_make(unsigned workers) {
  peal_server_opts opts = server_opts();
  opts.workers = workers;
  memset(&near_a, 0, sizeof near_a);
  memset(&near_b, 0, sizeof near_b);
  near_node *both[] = {&near_a, &near_b};
  for (int i = 0; i < 2; i++) {
    near_node *node = both[i];
    node->adapter.verbs = &near_verbs;
    node->other = both[1 - i];
    node->it = server_make(&opts);
    node->it.server->adapter = &node->adapter;
  }
}

static void near_start(void) {
  server_run(&near_a.it);
  server_run(&near_b.it);
}

/* Both runs are over. */
static void near_halt(void) {
  near_node *both[] = {&near_a, &near_b};
  for (int i = 0; i < 2; i++) {
    peal_workers_stop(peal_server_workers(both[i]->it.server), 200);
    server_join(&both[i]->it);
  }
}

/* What came has gone: rooms and sockets too. */
static void near_release(void) {
  near_node *both[] = {&near_a, &near_b};
  for (int i = 0; i < 2; i++) {
    both[i]->it.server->adapter = NULL;
    server_free(&both[i]->it);
    assert_int_equal(both[i]->rooms, 0);
    assert_int_equal(both[i]->sockets, 0);
  }
}

static inline void near_stop(void) {
  near_halt();
  near_release();
}
