/* SPDX-License-Identifier: MIT */
#include "cluster/redis_queue.h"

static peal_redis_ask *ask_of(peal_list *node) {
  return PEAL_LIST_OF(node, peal_redis_ask, node);
}

/* What has not left of it. */
static peal_slice rest_of(const peal_redis_ask *ask) {
  return (peal_slice){ask->text + ask->sent, ask->len - ask->sent};
}

void peal_redis_queue_init(peal_redis_queue *queue, const peal_mem *mem) {
  *queue = (peal_redis_queue){.count = 0};
  peal_list_init(&queue->unsent);
  peal_list_init(&queue->asked);
  peal_buf_init(&queue->tail, mem, 0);
}

void peal_redis_queue_deinit(peal_redis_queue *queue) {
  peal_buf_deinit(&queue->tail);
}

void peal_redis_queue_push(peal_redis_queue *queue, peal_redis_ask *ask) {
  ask->sent = 0;
  peal_list_push(&queue->unsent, &ask->node);
  queue->count++;
}

void peal_redis_queue_pull(const peal_redis_queue *queue, peal_iovs *out) {
  peal_slice tail = {queue->tail.ptr, queue->tail.len};
  if (tail.len > queue->tail_sent &&
      !peal_iovs_add(out, (peal_slice){tail.ptr + queue->tail_sent,
                                       tail.len - queue->tail_sent}))
    return;
  for (peal_list *node = queue->unsent.next; node != &queue->unsent;
       node = node->next)
    if (!peal_iovs_add(out, rest_of(ask_of(node))))
      return;
  out->is_all = true;
}

static void sent_tail(peal_redis_queue *queue, size_t *len) {
  size_t left = queue->tail.len - queue->tail_sent;
  size_t part = *len < left ? *len : left;
  queue->tail_sent += part;
  *len -= part;
}

void peal_redis_queue_sent(peal_redis_queue *queue, size_t len) {
  sent_tail(queue, &len);
  while (len && !peal_list_is_empty(&queue->unsent)) {
    peal_redis_ask *ask = ask_of(queue->unsent.next);
    size_t left = rest_of(ask).len, part = left < len ? left : len;
    ask->sent += part;
    len -= part;
    if (part < left)
      return;
    peal_list_remove(&ask->node);
    peal_list_push(&queue->asked, &ask->node);
  }
}

peal_redis_ask *peal_redis_queue_first(const peal_redis_queue *queue) {
  return peal_list_is_empty(&queue->asked) ? NULL : ask_of(queue->asked.next);
}

peal_redis_ask *peal_redis_queue_shift(peal_redis_queue *queue) {
  peal_redis_ask *ask = peal_redis_queue_first(queue);
  if (!ask)
    return NULL;
  peal_list_remove(&ask->node);
  queue->count--;
  return ask;
}

void peal_redis_queue_end(peal_redis_queue *queue, peal_err err) {
  peal_list all;
  peal_list_init(&all);
  peal_list_move(&all, &queue->asked);
  peal_list_move(&all, &queue->unsent);
  queue->count = 0;
  for (peal_list *node; (node = peal_list_shift(&all));)
    ask_of(node)->done(ask_of(node), err, NULL);
}

bool peal_redis_queue_keep(peal_redis_queue *queue) {
  for (peal_list *node = queue->unsent.next; node != &queue->unsent;
       node = node->next)
    peal_buf_add(&queue->tail, rest_of(ask_of(node)));
  return !queue->tail.err;
}
