/* SPDX-License-Identifier: MIT */
#include "net/hooks.h"

#include "base/mem.h"

static peal_err add(peal_workers *group, peal_group_hooks *hooks,
                    const peal_worker *only, peal_post_fn fn, void *user) {
  uv_mutex_lock(&group->lock);
  size_t size = (hooks->count + 1) * sizeof(hooks->items[0]);
  struct peal_group_hook *items =
      peal_mem_resize(group->mem, hooks->items, size);
  if (items) {
    items[hooks->count] =
        (struct peal_group_hook){fn, user, only, ++hooks->last_number};
    hooks->items = items;
    hooks->count++;
  }
  uv_mutex_unlock(&group->lock);
  return items ? PEAL_OK : PEAL_ERR_NOMEM;
}

/* The first behind `number` that is this worker's, if there is one. Any of them
 * may be forgotten meanwhile. */
static bool next(peal_worker *worker, const peal_group_hooks *hooks,
                 uint64_t number, struct peal_group_hook *out) {
  bool found = false;
  uv_mutex_lock(&worker->group->lock);
  for (size_t i = 0; i < hooks->count && !found; i++) {
    *out = hooks->items[i];
    found = out->number > number && (!out->only || out->only == worker);
  }
  uv_mutex_unlock(&worker->group->lock);
  return found;
}

void peal_hooks_run(peal_worker *worker, peal_group_hooks *hooks) {
  struct peal_group_hook hook = {.number = 0};
  while (next(worker, hooks, hook.number, &hook))
    hook.fn(worker, hook.user);
}

static void forget(peal_group_hooks *hooks, const void *user) {
  size_t kept = 0;
  for (size_t i = 0; i < hooks->count; i++)
    if (hooks->items[i].user != user)
      hooks->items[kept++] = hooks->items[i];
  hooks->count = kept;
}

void peal_hooks_forget(peal_workers *group, const void *user) {
  uv_mutex_lock(&group->lock);
  forget(&group->on_start, user);
  forget(&group->on_stop, user);
  forget(&group->on_end, user);
  forget(&group->on_hangup, user);
  uv_mutex_unlock(&group->lock);
}

peal_err peal_workers_on_start(peal_workers *group, peal_post_fn fn,
                               void *user) {
  if (!group || !fn)
    return PEAL_ERR_USAGE;
  if (!atomic_load(&group->running))
    return add(group, &group->on_start, NULL, fn, user);
  for (unsigned i = 0; i < group->count; i++) {
    peal_err err = peal_worker_post(group->items[i], fn, user);
    if (err)
      return err;
  }
  return PEAL_OK;
}

peal_err peal_workers_on_stop(peal_workers *group, peal_post_fn fn,
                              void *user) {
  if (!group || !fn)
    return PEAL_ERR_USAGE;
  return add(group, &group->on_stop, NULL, fn, user);
}

peal_err peal_hooks_on_end(peal_workers *group, peal_post_fn fn, void *user) {
  return add(group, &group->on_end, NULL, fn, user);
}

peal_err peal_hooks_on_start(peal_worker *only, peal_post_fn fn, void *user) {
  return atomic_load(&only->group->running)
             ? peal_worker_post(only, fn, user)
             : add(only->group, &only->group->on_start, only, fn, user);
}

peal_err peal_hooks_on_stop(peal_worker *only, peal_post_fn fn, void *user) {
  return add(only->group, &only->group->on_stop, only, fn, user);
}

peal_err peal_workers_on_hangup(peal_workers *group, peal_post_fn fn,
                                void *user) {
  if (!group || !fn || atomic_load(&group->running))
    return PEAL_ERR_USAGE;
  return add(group, &group->on_hangup, NULL, fn, user);
}
