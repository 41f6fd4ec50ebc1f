/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_kept.h"

#include "base/mem.h"
#include "cluster/cluster_pump.h"

struct peal_cluster_kept {
  peal_list node; /* cluster->kept_all */
  uint64_t number;
  uint64_t until_ms;
  uint8_t kind, dialect;
  peal_arena texts;
  peal_bus_msg answer; /* what each answer repeats */
};

static peal_slice key_of(const uint64_t *number) {
  return (peal_slice){(const char *)number, sizeof *number};
}

static peal_cluster_kept *find(const peal_cluster *cluster, uint64_t number) {
  return peal_map_get(&cluster->kept, key_of(&number));
}

static void kept_free(peal_cluster *cluster, peal_cluster_kept *it) {
  peal_map_remove(&cluster->kept, key_of(&it->number));
  peal_list_remove(&it->node);
  peal_arena_deinit(&it->texts);
  peal_mem_free(peal_cluster_mem(cluster), it);
}

static void forget_old(peal_cluster *cluster) {
  uint64_t now = peal_cluster_now(cluster);
  while (!peal_list_is_empty(&cluster->kept_all)) {
    peal_cluster_kept *first =
        PEAL_LIST_OF(cluster->kept_all.next, peal_cluster_kept, node);
    if (first->until_ms > now)
      return;
    kept_free(cluster, first);
  }
}

static peal_slice copy(peal_arena *arena, peal_slice text, bool *ok) {
  if (!text.ptr)
    return text;
  text.ptr = peal_arena_str(arena, text);
  *ok = *ok && text.ptr;
  return text;
}

static bool fill(peal_cluster_kept *it, const peal_bus_msg *question) {
  bool ok = true;
  peal_arena *texts = &it->texts;
  it->answer = (peal_bus_msg){.to = copy(texts, question->from, &ok),
                              .nsp = copy(texts, question->nsp, &ok),
                              .request = copy(texts, question->request, &ok),
                              .room = copy(texts, question->room, &ok),
                              .number = question->number};
  return ok;
}

uint64_t peal_cluster_kept_new(peal_cluster *cluster,
                               peal_cluster_dialect dialect,
                               const peal_bus_msg *question) {
  const peal_mem *mem = peal_cluster_mem(cluster);
  forget_old(cluster);
  peal_cluster_kept *it = cluster->kept.count < PEAL_CLUSTER_KEPT_MAX
                              ? peal_mem_zalloc(mem, sizeof *it)
                              : NULL;
  if (!it)
    return 0;
  it->number = ++cluster->kept_number;
  it->until_ms = peal_cluster_now(cluster) + PEAL_CLUSTER_KEPT_MS;
  it->kind = question->kind;
  it->dialect = (uint8_t)dialect;
  peal_arena_init(&it->texts, mem, 256, 0);
  peal_list_push(&cluster->kept_all, &it->node);
  if (fill(it, question) &&
      !peal_map_add(&cluster->kept, key_of(&it->number), it))
    return it->number;
  kept_free(cluster, it);
  return 0;
}

/* Python takes the first acknowledgement and no other. */
static bool in_python(const peal_cluster_kept *it, peal_bus_msg *answer) {
  if (answer->kind != PEAL_BUS_ACKED)
    return false;
  answer->kind = PEAL_BUS_CALLBACK;
  answer->number = it->answer.number;
  return true;
}

void peal_cluster_kept_answer(peal_cluster *cluster, uint64_t number,
                              const peal_bus_msg *said) {
  peal_cluster_kept *it = find(cluster, number);
  if (!it)
    return;
  bool is_python = it->dialect == PEAL_CLUSTER_OF_PYTHON;
  peal_bus_msg answer = it->answer;
  answer.kind = said->kind;
  answer.count = said->count;
  answer.args = said->args;
  bool goes = !is_python || in_python(it, &answer);
  bool more = it->kind == PEAL_BUS_ASK && !(is_python && goes);
  if (goes)
    peal_cluster_pump_answer(cluster, (peal_cluster_dialect)it->dialect,
                             &answer);
  if (!more)
    peal_cluster_kept_forget(cluster, number);
}

void peal_cluster_kept_forget(peal_cluster *cluster, uint64_t number) {
  peal_cluster_kept *it = find(cluster, number);
  if (it)
    kept_free(cluster, it);
}

void peal_cluster_kept_drop(peal_cluster *cluster) {
  while (!peal_list_is_empty(&cluster->kept_all))
    kept_free(cluster,
              PEAL_LIST_OF(cluster->kept_all.next, peal_cluster_kept, node));
}
