/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_far.h"

#include "base/mem.h"
#include "cluster/cluster_moves.h"
#include "cluster/cluster_pump.h"
#include "net/worker_impl.h"
#include "proto/names.h"
#include "proto/op_copy.h"
#include "server/form.h"

struct peal_cluster_far {
  peal_mail mail;
  peal_list node; /* cluster->fars, while the machine has it */
  peal_cluster *cluster;
  const peal_mem *mem;
  peal_far_asker *asker; /* NULL: no answer is wanted */
  peal_arena texts;
  peal_doc *args;
  peal_bus_msg question;
  uint32_t timeout_ms;
  bool wants_ids; /* of those who can only tell all */
  size_t bytes;   /* of what was answered */
  size_t doc_cap;
  peal_far answer;
};

/* -- life ------------------------------------------------------------------------------ */

static void far_free(peal_cluster_far *far) {
  const peal_mem *mem = far->mem;
  for (size_t i = 0; i < far->answer.doc_count; i++)
    peal_doc_free(far->answer.docs[i]);
  peal_mem_free(mem, far->answer.docs);
  peal_message_unref(far->question.op.message);
  peal_doc_free(far->args);
  peal_arena_deinit(&far->texts);
  peal_cluster_unref(far->cluster);
  peal_mem_free(mem, far);
}

static peal_err copy_question(peal_cluster_far *far,
                              const peal_bus_msg *question) {
  const peal_server *server = far->cluster->server;
  peal_op op = question->op;
  op.nsp = question->nsp;
  far->question = (peal_bus_msg){.kind = question->kind};
  far->args =
      peal_doc_new(peal_array(question->args.items, question->args.count));
  if (!far->args)
    return PEAL_ERR_NOMEM;
  if (op.message &&
      !(op.message = peal_form_for_bus(server, op.nsp, op.message)))
    return PEAL_ERR_NOMEM;
  peal_val args = peal_doc_val(far->args);
  far->question.args = (peal_args){args.as.items, args.len};
  peal_err err = peal_op_copy(&far->question.op, &op, &far->texts);
  far->question.nsp = far->question.op.nsp;
  peal_message_unref(op.message);
  return err;
}

static peal_cluster_far *far_new(peal_cluster *cluster,
                                 const peal_bus_msg *question,
                                 uint32_t timeout_ms, peal_far_asker *asker) {
  const peal_mem *mem = peal_cluster_mem(cluster);
  peal_cluster_far *far = peal_mem_zalloc(mem, sizeof *far);
  if (!far)
    return NULL;
  far->cluster = cluster;
  peal_cluster_ref(cluster);
  far->mem = mem;
  peal_list_init(&far->node);
  far->asker = asker;
  far->timeout_ms = timeout_ms;
  peal_arena_init(&far->texts, mem, 512, 0);
  if (!copy_question(far, question))
    return far;
  far_free(far);
  return NULL;
}

/* -- home ------------------------------------------------------------------------------ */

static void on_home(peal_worker *worker, peal_mail *mail) {
  peal_cluster_far *far = PEAL_LIST_OF(mail, peal_cluster_far, mail);
  far->asker->done(far->asker, worker, &far->answer);
  far_free(far);
}

static void go_home(peal_cluster_far *far) {
  peal_list_remove(&far->node);
  if (!far->asker) {
    far_free(far);
    return;
  }
  far->mail.fn = on_home;
  peal_worker_impl_send(far->asker->home, &far->mail);
}

static void fail(peal_cluster_far *far, peal_err err) {
  far->answer.err = err;
  if (err == PEAL_ERR_CLOSED)
    far->answer.nodes = far->answer.missing = PEAL_FAR_UNKNOWN;
  go_home(far);
}

/* -- asking, on worker 0 ----------------------------------------------------------------- */

/* Sockets of this node that are asked: those of its one room. */
static size_t asked_here(peal_cluster *cluster, const peal_op *op) {
  peal_names_walk rooms = peal_names_rooms(&op->to);
  peal_slice room = {0};
  (void)peal_names_next(&rooms, &room);
  return peal_cluster_moves_count(cluster, op->nsp, room);
}

static peal_err put(peal_cluster *cluster, peal_cluster_far *far) {
  peal_bus_msg *question = &far->question;
  uint64_t now = peal_cluster_now(cluster);
  if (question->kind == PEAL_BUS_ASK)
    question->count = asked_here(cluster, &question->op);
  if (question->kind == PEAL_BUS_CALL && !far->asker)
    return peal_cluster_machine_call(&cluster->machine, question, now);
  return peal_cluster_machine_ask(&cluster->machine, question, far->timeout_ms,
                                  far, now);
}

static void ask(peal_cluster *cluster, peal_cluster_far *far) {
  bool waits = far->asker != NULL;
  if (waits)
    peal_list_push(&cluster->fars, &far->node);
  (void)pthread_mutex_lock(&cluster->lock);
  peal_err err = put(cluster, far);
  (void)pthread_mutex_unlock(&cluster->lock);
  peal_cluster_pump(cluster);
  if (!waits)
    far_free(far);
  else if (err)
    fail(far, err);
}

/* Node's dialect has no counting, and its sharded form no ids: who does not
 * know has to be asked for more. */
static void ask_for_all(peal_cluster *cluster, peal_cluster_far *far) {
  bool has_ids = cluster->opts.mode == PEAL_CLUSTER_CLASSIC;
  far->question.kind = has_ids ? PEAL_BUS_IDS : PEAL_BUS_FETCH;
  far->wants_ids = !has_ids;
  ask(cluster, far);
}

/* As many as there are of Peal, and this one: nobody else is there. */
static void on_counted(peal_redis *redis, int64_t nodes, void *user) {
  peal_cluster_far *far = user;
  peal_cluster *cluster = far->cluster;
  peal_cluster_figures figures;
  (void)redis;
  peal_cluster_machine_figures(&cluster->machine, &figures);
  if (nodes >= 0 && (uint64_t)nodes > figures.others + 1)
    ask_for_all(cluster, far);
  else
    ask(cluster, far);
}

static bool asks_who_is_there(peal_cluster *cluster, peal_cluster_far *far) {
  if (cluster->opts.no_node || !cluster->redis ||
      !peal_redis_is_up(cluster->redis))
    return false;
  peal_buf *name = &cluster->channel;
  peal_buf_reset(name);
  bool classic = cluster->opts.mode == PEAL_CLUSTER_CLASSIC;
  peal_bus_channel_add(name, cluster->prefix, classic ? "-request" : "",
                       far->question.nsp, (peal_slice){0});
  peal_redis_way way = cluster->opts.mode == PEAL_CLUSTER_SHARDED
                           ? PEAL_REDIS_SHARD
                           : PEAL_REDIS_CHANNEL;
  return !name->err && !peal_redis_count(cluster->redis, way,
                                         peal_buf_slice(name), on_counted, far);
}

static void on_mail(peal_worker *worker, peal_mail *mail) {
  peal_cluster_far *far = PEAL_LIST_OF(mail, peal_cluster_far, mail);
  peal_cluster *cluster = far->cluster;
  (void)worker;
  if (peal_cluster_is_over(cluster)) {
    fail(far, PEAL_ERR_CLOSED);
    return;
  }
  uint8_t kind = far->question.kind;
  if (kind == PEAL_BUS_IDS && cluster->opts.mode != PEAL_CLUSTER_CLASSIC)
    ask_for_all(cluster, far);
  else if (kind != PEAL_BUS_COUNT || !asks_who_is_there(cluster, far))
    ask(cluster, far);
}

peal_err peal_cluster_far_ask(peal_cluster *cluster,
                              const peal_bus_msg *question, uint32_t timeout_ms,
                              peal_far_asker *asker) {
  peal_cluster_far *far = far_new(cluster, question, timeout_ms, asker);
  if (!far)
    return PEAL_ERR_NOMEM;
  far->mail.fn = on_mail;
  peal_worker_impl_send(cluster->worker, &far->mail);
  return PEAL_OK;
}

/* -- answers, on worker 0 ------------------------------------------------------------------ */

static peal_doc *ids_of(peal_cluster *cluster, peal_args sockets) {
  peal_val *ids =
      peal_arena_alloc(&cluster->worker->turn, sockets.count * sizeof *ids + 1);
  for (size_t i = 0; ids && i < sockets.count; i++)
    ids[i] = peal_val_is(sockets.items[i], PEAL_OBJECT)
                 ? peal_val_get(sockets.items[i], "id")
                 : sockets.items[i];
  return ids ? peal_doc_new(peal_array(ids, sockets.count)) : NULL;
}

static bool has_room(peal_cluster_far *far) {
  if (far->answer.doc_count < far->doc_cap)
    return true;
  size_t cap = far->doc_cap ? far->doc_cap * 2 : 8;
  peal_doc **docs =
      peal_mem_resize(far->mem, far->answer.docs, cap * sizeof *docs);
  if (!docs)
    return false;
  far->answer.docs = docs;
  far->doc_cap = cap;
  return true;
}

static void keep(peal_cluster *cluster, peal_cluster_far *far, peal_args args) {
  far->bytes += cluster->fed_bytes;
  if (far->bytes > PEAL_CLUSTER_FAR_BYTES) {
    far->answer.err = PEAL_ERR_LIMIT;
    return;
  }
  peal_doc *doc = NULL;
  if (has_room(far))
    doc = far->wants_ids ? ids_of(cluster, args)
                         : peal_doc_new(peal_array(args.items, args.count));
  if (doc)
    far->answer.docs[far->answer.doc_count++] = doc;
  else
    far->answer.err = PEAL_ERR_NOMEM;
}

void peal_cluster_far_part(peal_cluster *cluster, peal_cluster_far *far,
                           const peal_bus_msg *part) {
  if (part->kind != PEAL_BUS_ASKED && part->kind != PEAL_BUS_COUNTED)
    keep(cluster, far, part->args);
}

void peal_cluster_far_done(peal_cluster_far *far,
                           const peal_cluster_event *done) {
  if (!far->answer.err)
    far->answer.err = done->err;
  far->answer.nodes = done->nodes;
  far->answer.missing = done->missing;
  far->answer.count = done->count;
  go_home(far);
}

void peal_cluster_far_drop(peal_cluster *cluster) {
  while (!peal_list_is_empty(&cluster->fars))
    fail(PEAL_LIST_OF(cluster->fars.next, peal_cluster_far, node),
         PEAL_ERR_CLOSED);
}
