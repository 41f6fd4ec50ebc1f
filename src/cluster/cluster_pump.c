/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_pump.h"

#include "base/mem.h"
#include "cluster/cluster_queue.h"

#define QUEUE_STEP_MS 50u

/* -- answers ---------------------------------------------------------------------------- */

/* They come from handlers and workers while the machine may be telling: they
 * have to wait, and what they point to does not. */
typedef struct answer {
  peal_list node;
  peal_arena texts;
  peal_doc *args;
  peal_bus_msg msg;
  uint8_t dialect;
} answer;

static void answer_free(const peal_mem *mem, answer *it) {
  peal_list_remove(&it->node);
  peal_doc_free(it->args);
  peal_arena_deinit(&it->texts);
  peal_mem_free(mem, it);
}

static bool copy_text(answer *it, peal_slice *text) {
  if (!text->ptr)
    return true;
  text->ptr = peal_arena_str(&it->texts, *text);
  return text->ptr != NULL;
}

static bool copy_msg(answer *it, const peal_bus_msg *msg) {
  it->msg = *msg;
  it->args = peal_doc_new(peal_array(msg->args.items, msg->args.count));
  if (!it->args)
    return false;
  peal_val args = peal_doc_val(it->args);
  it->msg.args = (peal_args){args.as.items, args.len};
  return copy_text(it, &it->msg.nsp) && copy_text(it, &it->msg.request) &&
         copy_text(it, &it->msg.to) && copy_text(it, &it->msg.room);
}

void peal_cluster_pump_answer(peal_cluster *cluster,
                              peal_cluster_dialect dialect,
                              const peal_bus_msg *msg) {
  const peal_mem *mem = peal_cluster_mem(cluster);
  answer *it = peal_mem_zalloc(mem, sizeof *it);
  if (!it)
    return;
  peal_list_push(&cluster->answers, &it->node);
  peal_arena_init(&it->texts, mem, 256, 0);
  it->dialect = (uint8_t)dialect;
  if (copy_msg(it, msg))
    peal_cluster_pump(cluster);
  else
    answer_free(mem, it);
}

void peal_cluster_pump_drop(peal_cluster *cluster) {
  while (!peal_list_is_empty(&cluster->answers))
    answer_free(peal_cluster_mem(cluster),
                PEAL_LIST_OF(cluster->answers.next, answer, node));
}

/* -- the loop --------------------------------------------------------------------------- */

static bool next(peal_cluster *cluster, peal_cluster_event *event) {
  peal_arena_reset(&cluster->told);
  (void)pthread_mutex_lock(&cluster->lock);
  bool any =
      peal_cluster_machine_next(&cluster->machine, &cluster->told, event);
  (void)pthread_mutex_unlock(&cluster->lock);
  return any;
}

static void drain(peal_cluster *cluster) {
  for (peal_cluster_event event; next(cluster, &event);)
    cluster->act(cluster, &event);
}

/* The oldest that waits; what it points to lives until it has been told. */
static void tell_answer(peal_cluster *cluster) {
  answer *it = PEAL_LIST_OF(cluster->answers.next, answer, node);
  (void)pthread_mutex_lock(&cluster->lock);
  peal_err err = peal_cluster_machine_answer(
      &cluster->machine, (peal_cluster_dialect)it->dialect, &it->msg,
      peal_cluster_now(cluster));
  (void)pthread_mutex_unlock(&cluster->lock);
  if (err && err != PEAL_ERR_CLOSED)
    peal_cluster_count(&cluster->counts.dropped_out);
  drain(cluster);
  answer_free(peal_cluster_mem(cluster), it);
}

static void wait_for_deadline(peal_cluster *cluster) {
  uint64_t at = peal_cluster_machine_deadline(&cluster->machine);
  uint64_t now = peal_cluster_now(cluster);
  if (peal_cluster_queue_flush(cluster) && at > now + QUEUE_STEP_MS)
    at = now + QUEUE_STEP_MS;
  if (at == UINT64_MAX)
    peal_timer_stop(cluster->timer);
  else
    peal_timer_start(cluster->timer, at > now ? at - now : 0, 0);
}

void peal_cluster_pump(peal_cluster *cluster) {
  if (cluster->pumps)
    return;
  cluster->pumps = true;
  drain(cluster);
  while (!peal_list_is_empty(&cluster->answers))
    tell_answer(cluster);
  cluster->pumps = false;
  if (cluster->timer)
    wait_for_deadline(cluster);
}
