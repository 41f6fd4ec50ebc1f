/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_verbs.h"

#include <string.h>

#include "base/mem.h"
#include "cluster/cluster_far.h"
#include "cluster/cluster_kept.h"
#include "cluster/cluster_moves.h"
#include "cluster/cluster_pump.h"
#include "net/worker_impl.h"
#include "proto/op_copy.h"
#include "server/form.h"
#include "server/stored.h"

/* -- operations ---------------------------------------------------------------------------- */

/* On its way to worker 0: charged to the server's load, like what travels
 * between workers. */
typedef struct op_mail {
  peal_mail mail;
  peal_cluster *cluster;
  peal_op_weight weight;
  peal_stored *stored; /* to be told; or NULL */
  peal_arena texts;
  peal_op op;
} op_mail;

static void mail_free(op_mail *it) {
  peal_server *server = it->cluster->server;
  peal_op_weight weight = it->weight;
  peal_message_unref(it->op.message);
  peal_arena_deinit(&it->texts);
  peal_cluster_unref(it->cluster);
  peal_mem_free(server->mem, it);
  peal_op_load_remove(&server->load, weight);
}

/* While Redis is away it is not stored, or nobody knows when. */
static void wait_for_stored(peal_cluster *cluster, peal_stored *stored,
                            uint64_t number) {
  stored->number = number;
  peal_list_push(&cluster->stored, &stored->node);
  if (!cluster->redis || !peal_redis_is_up(cluster->redis))
    peal_stored_tell(stored, PEAL_ERR_CLOSED, (peal_slice){0});
}

static void on_mail(peal_worker *worker, peal_mail *mail) {
  op_mail *it = PEAL_LIST_OF(mail, op_mail, mail);
  (void)worker;
  peal_cluster *cluster = it->cluster;
  peal_err err = PEAL_ERR_CLOSED;
  if (!peal_cluster_is_over(cluster)) {
    (void)pthread_mutex_lock(&cluster->lock);
    err = peal_cluster_machine_publish(&cluster->machine, &it->op,
                                       peal_cluster_now(cluster));
    uint64_t number = cluster->machine.log_number;
    (void)pthread_mutex_unlock(&cluster->lock);
    if (!err && it->stored)
      wait_for_stored(cluster, it->stored, number);
    peal_cluster_pump(cluster);
  }
  if (err)
    peal_cluster_count(&cluster->counts.dropped_out);
  if (err && it->stored)
    peal_stored_tell(it->stored, err, (peal_slice){0});
  mail_free(it);
}

#define TEXTS_BYTES 256u

static peal_err mail_new(op_mail **out, peal_cluster *cluster,
                         const peal_op *op) {
  peal_server *server = cluster->server;
  peal_op_weight weight = {
      .own = sizeof(op_mail) + TEXTS_BYTES + peal_op_copy_bytes(op),
      .message = op->message ? peal_message_len(op->message) : 0};
  peal_err err = peal_op_load_add(&server->load, weight);
  if (err)
    return err;
  op_mail *it = peal_mem_zalloc(server->mem, sizeof *it);
  if (!it) {
    peal_op_load_remove(&server->load, weight);
    return PEAL_ERR_NOMEM;
  }
  it->cluster = cluster;
  peal_cluster_ref(cluster);
  it->weight = weight;
  it->mail.fn = on_mail;
  peal_arena_init(&it->texts, server->mem, TEXTS_BYTES, 0);
  *out = it;
  err = peal_op_copy(&it->op, op, &it->texts);
  if (err)
    mail_free(it);
  return err;
}

/* Other nodes may have another parser. */
static peal_err mail_for_bus(op_mail **out, peal_cluster *cluster,
                             const peal_op *op) {
  peal_op said = *op;
  if (op->message)
    said.message = peal_form_for_bus(cluster->server, op->nsp, op->message);
  peal_err err = op->message && !said.message ? PEAL_ERR_NOMEM
                                              : mail_new(out, cluster, &said);
  peal_message_unref(said.message);
  return err;
}

static peal_err store(peal_adapter *adapter, const peal_op *op,
                      peal_stored *stored) {
  peal_cluster *cluster = (peal_cluster *)adapter;
  op_mail *it;
  peal_err err = mail_for_bus(&it, cluster, op);
  if (err) {
    peal_cluster_count(&cluster->counts.dropped_out);
    return err;
  }
  it->stored = stored;
  peal_worker_impl_send(cluster->worker, &it->mail);
  return PEAL_OK;
}

static peal_err publish(peal_adapter *adapter, const peal_op *op) {
  return store(adapter, op, NULL);
}

/* -- questions ------------------------------------------------------------------------------ */

static peal_err ask(peal_adapter *adapter, const peal_bus_msg *question,
                    uint32_t timeout_ms, peal_far_asker *asker) {
  return peal_cluster_far_ask((peal_cluster *)adapter, question, timeout_ms,
                              asker);
}

static void answer(peal_adapter *adapter, uint64_t number,
                   const peal_bus_msg *said) {
  peal_cluster_kept_answer((peal_cluster *)adapter, number, said);
}

static void over(peal_adapter *adapter, uint64_t number) {
  peal_cluster_kept_forget((peal_cluster *)adapter, number);
}

/* -- who is where ----------------------------------------------------------------------------- */

static void room(peal_adapter *adapter, peal_nsp_local *local, peal_slice name,
                 bool joined) {
  (void)joined;
  peal_cluster_moves_note((peal_cluster *)adapter, local, name, false);
}

/* Ids are looked at where somebody is told of them: by a channel of their own, or
 * where one socket is asked through Python's dialect. */
static void on_socket(peal_adapter *adapter, peal_nsp_local *local,
                      peal_slice id, bool came) {
  peal_cluster *cluster = (peal_cluster *)adapter;
  (void)came;
  peal_cluster_moves_note(cluster, local, (peal_slice){0}, false);
  if (cluster->opts.python ||
      cluster->opts.subscriptions == PEAL_CLUSTER_DYNAMIC_PRIVATE)
    peal_cluster_moves_note(cluster, local, id, true);
}

typedef struct space_mail {
  peal_mail mail;
  peal_cluster *cluster;
  bool made;
  size_t len;
  char name[];
} space_mail;

static void on_space(peal_worker *worker, peal_mail *mail) {
  space_mail *it = PEAL_LIST_OF(mail, space_mail, mail);
  peal_cluster *cluster = it->cluster;
  peal_slice name = {it->name, it->len};
  peal_err err = PEAL_OK;
  (void)worker;
  if (!peal_cluster_is_over(cluster)) {
    (void)pthread_mutex_lock(&cluster->lock);
    if (it->made)
      err = peal_cluster_machine_nsp(&cluster->machine, name);
    else
      peal_cluster_machine_nsp_end(&cluster->machine, name);
    (void)pthread_mutex_unlock(&cluster->lock);
    peal_cluster_pump(cluster);
  }
  if (err)
    peal_cluster_count(&cluster->counts.dropped_out);
  peal_mem_free(peal_cluster_mem(cluster), it);
  peal_cluster_unref(cluster);
}

static void space(peal_adapter *adapter, peal_slice name, bool made) {
  peal_cluster *cluster = (peal_cluster *)adapter;
  space_mail *it =
      peal_mem_alloc(peal_cluster_mem(cluster), sizeof *it + name.len);
  if (!it) {
    peal_cluster_count(&cluster->counts.dropped_out);
    return;
  }
  *it = (space_mail){
      .mail.fn = on_space, .cluster = cluster, .made = made, .len = name.len};
  memcpy(it->name, name.ptr, name.len);
  peal_cluster_ref(cluster);
  if (peal_mail_put(cluster->worker, &it->mail))
    return;
  peal_mem_free(peal_cluster_mem(cluster), it);
  peal_cluster_unref(cluster);
}

const peal_adapter_verbs peal_cluster_verbs = {.publish = publish,
                                               .store = store,
                                               .answer = answer,
                                               .over = over,
                                               .ask = ask,
                                               .room = room,
                                               .socket = on_socket,
                                               .space = space};
