/* SPDX-License-Identifier: MIT */
#include "admin/admin_picture.h"

#include <string.h>

#include <peal/handle.h>

#include "admin/admin_describe.h"
#include "admin/admin_figures.h"
#include "admin/admin_spaces.h"
#include "base/mem.h"

typedef struct part part;

typedef struct picture {
  peal_admin_local *local;
  peal_socket_ref to; /* {0}: all */
  size_t waiting;     /* namespaces, and the one who asks them */
  size_t count;       /* sockets in it */
  part *parts;        /* one for each namespace, the last first */
} picture;

struct part {
  part *next;
  picture *whole;
  peal_doc *sockets; /* an array; NULL: not there (yet) */
  char nsp[];        /* its name, terminated */
};

static peal_val all_of(const picture *it) {
  peal_items *all = peal_items_new(peal_worker_build(it->local->worker));
  for (const part *one = it->parts; one; one = one->next) {
    peal_val sockets = peal_doc_val(one->sockets);
    for (uint32_t i = 0; peal_val_is(sockets, PEAL_ARRAY) && i < sockets.len;
         i++)
      peal_items_add(all, sockets.as.items[i]);
  }
  return peal_items_val(all);
}

static void free_picture(picture *it) {
  const peal_mem *mem = it->local->worker->mem;
  while (it->parts) {
    part *one = it->parts;
    it->parts = one->next;
    peal_doc_free(one->sockets);
    peal_mem_free(mem, one);
  }
  peal_mem_free(mem, it);
}

static void finish(picture *it) {
  peal_args args = PEAL_ARGS(all_of(it));
  it->local->is_fetching = false;
  if (it->to.nsp)
    (void)peal_ref_emit(it->to, "all_sockets", args);
  else
    (void)peal_nsp_emit(it->local->admin->nsp, NULL, "all_sockets", args);
  free_picture(it);
}

static void one_less(picture *it) {
  if (--it->waiting == 0)
    finish(it);
}

static void on_fetched(const peal_fetched *fetched, void *user) {
  part *one = user;
  picture *it = one->whole;
  size_t max = it->local->admin->opts.max_sockets;
  peal_build *build = peal_worker_build(it->local->worker);
  peal_items *all = peal_items_new(build);
  peal_slice nsp = peal_slice_of(one->nsp);
  for (size_t i = 0; i < fetched->sockets.count && it->count < max; i++) {
    peal_items_add(all,
                   peal_admin_describe(build, fetched->sockets.items[i], nsp));
    it->count++;
  }
  one->sockets = peal_doc_new(peal_items_val(all));
  one_less(it);
}

static void ask(picture *it, peal_nsp *nsp) {
  const peal_mem *mem = it->local->worker->mem;
  part *one = peal_mem_zalloc(mem, sizeof *one + nsp->name_len + 1);
  if (!one)
    return;
  *one = (part){.next = it->parts, .whole = it};
  memcpy(one->nsp, nsp->name, nsp->name_len);
  it->parts = one;
  it->waiting++;
  if (peal_nsp_fetch(nsp, NULL, on_fetched, one))
    it->waiting--;
}

/* A namespace that does not fit is left out whole: describing it would take the
 * time that the picture is not worth. */
static void ask_all(picture *it) {
  peal_admin *admin = it->local->admin;
  peal_admin_spaces spaces = peal_admin_spaces_take(admin);
  uint64_t sum = 0;
  for (size_t i = 0; i < spaces.count; i++) {
    peal_nsp *nsp = spaces.items[i];
    uint64_t count = (uint64_t)peal_admin_figures_sockets(nsp);
    if (sum + count > admin->opts.max_sockets) {
      peal_logger_write(admin->server->log, PEAL_LOG_INFO, "admin",
                        (peal_slice){0}, (peal_slice){0},
                        "%s has too many sockets to be shown at once",
                        nsp->name);
      continue;
    }
    sum += count;
    ask(it, nsp);
  }
  peal_admin_spaces_give(admin, &spaces);
}

void peal_admin_picture_send(peal_admin *admin, peal_worker *worker,
                             peal_socket *socket) {
  peal_admin_local *local = peal_admin_local_of(admin, worker);
  picture *it =
      local->is_fetching ? NULL : peal_mem_zalloc(worker->mem, sizeof *it);
  if (!it) {
    atomic_store_explicit(&admin->is_stale, true, memory_order_relaxed);
    return;
  }
  it->local = local;
  it->waiting = 1;
  if (socket)
    it->to = peal_ref_of(socket);
  local->is_fetching = true;
  ask_all(it);
  one_less(it);
}
