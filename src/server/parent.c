/* SPDX-License-Identifier: MIT */
#include "server/parent.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "proto/proto_limits.h"
#include "server/nsp.h"
#include "server/nsp_life.h"
#include "server/room_watch.h"
#include "server/server_limits.h"

/* -- life ------------------------------------------------------------------------ */

void peal_parent_free(peal_parent *parent) {
  if (!parent)
    return;
  const peal_mem *mem = parent->nsp->server->mem;
  if (parent->has_pattern)
    regfree(&parent->pattern);
  peal_list_remove(&parent->node);
  peal_hook_deinit(&parent->hooks);
  peal_nsp_free(parent->nsp);
  peal_mem_free(mem, parent);
}

static peal_parent *parent_new(peal_server *server) {
  char name[24];
  peal_parent *parent = peal_mem_zalloc(server->mem, sizeof *parent);
  if (!parent)
    return NULL;
  uv_mutex_lock(&server->spaces.lock);
  unsigned number = server->spaces.parent_count++;
  uv_mutex_unlock(&server->spaces.lock);
  int len = snprintf(name, sizeof name, "/_%u", number); /* as the reference */
  parent->nsp =
      peal_nsp_new(server, (peal_slice){name, (size_t)len}, false, NULL);
  if (!parent->nsp) {
    peal_mem_free(server->mem, parent);
    return NULL;
  }
  parent->nsp->parent = parent;
  parent->max = PEAL_LIMIT_NSP_CHILDREN;
  peal_list_init(&parent->node);
  peal_hook_init(&parent->hooks, server->mem, server->seed);
  return parent;
}

static peal_nsp *enlist(peal_parent *parent) {
  peal_nsp_table *table = &parent->nsp->server->spaces;
  uv_mutex_lock(&table->lock);
  peal_list_push(&table->parents, &parent->node);
  uv_mutex_unlock(&table->lock);
  return parent->nsp;
}

peal_nsp *peal_server_of_pattern(peal_server *server, const char *pattern) {
  peal_parent *parent = server && pattern ? parent_new(server) : NULL;
  if (!parent)
    return NULL;
  if (regcomp(&parent->pattern, pattern, REG_EXTENDED | REG_NOSUB)) {
    peal_logger_write(server->log, PEAL_LOG_ERROR, "server", (peal_slice){0},
                      (peal_slice){0}, "no regular expression: %s", pattern);
    peal_parent_free(parent);
    return NULL;
  }
  parent->has_pattern = true;
  return enlist(parent);
}

peal_nsp *peal_server_of_fn(peal_server *server, peal_nsp_ask_fn fn,
                            void *user) {
  peal_parent *parent = server && fn ? parent_new(server) : NULL;
  if (!parent)
    return NULL;
  parent->fn = fn;
  parent->user = user;
  return enlist(parent);
}

bool peal_nsp_is_parent(const peal_nsp *nsp) {
  return nsp && nsp->parent;
}

peal_err peal_nsp_set_max_children(peal_nsp *nsp, uint32_t max) {
  if (!peal_nsp_is_parent(nsp))
    return PEAL_ERR_USAGE;
  uv_mutex_lock(&nsp->server->spaces.lock);
  nsp->parent->max = max ? max : PEAL_LIMIT_NSP_CHILDREN;
  uv_mutex_unlock(&nsp->server->spaces.lock);
  return PEAL_OK;
}

size_t peal_nsp_child_count(peal_nsp *nsp) {
  if (!peal_nsp_is_parent(nsp))
    return 0;
  uv_mutex_lock(&nsp->server->spaces.lock);
  size_t count = nsp->child_count;
  uv_mutex_unlock(&nsp->server->spaces.lock);
  return count;
}

/* -- which ----------------------------------------------------------------------- */

static bool matches(const peal_parent *parent, peal_slice name) {
  char text[PEAL_LIMIT_SIO_NSP_BYTES + 1];
  if (!parent->has_pattern)
    return true;
  if (name.len >= sizeof text || memchr(name.ptr, 0, name.len))
    return false;
  memcpy(text, name.ptr, name.len);
  text[name.len] = 0;
  return regexec(&parent->pattern, text, 0, NULL, 0) == 0;
}

/* They are only ever added. */
static peal_parent *behind(peal_server *server, const peal_parent *after) {
  peal_nsp_table *table = &server->spaces;
  uv_mutex_lock(&table->lock);
  peal_list *node = after ? after->node.next : table->parents.next;
  bool is_end = node == &table->parents;
  uv_mutex_unlock(&table->lock);
  return is_end ? NULL : PEAL_LIST_OF(node, peal_parent, node);
}

peal_parent *peal_parent_next(peal_server *server, const peal_parent *after,
                              peal_slice name, bool only_patterns) {
  peal_parent *parent = behind(server, after);
  while (parent &&
         ((only_patterns && !parent->has_pattern) || !matches(parent, name)))
    parent = behind(server, parent);
  return parent;
}

/* -- children -------------------------------------------------------------------- */

peal_err peal_parent_adopt(peal_parent *parent, peal_nsp *nsp) {
  const peal_server *server = nsp->server;
  for (unsigned i = 0; i < server->worker_count; i++) {
    peal_err err = peal_hook_copy_all(&nsp->locals[i].hooks, &parent->hooks);
    if (err)
      return err;
    if (nsp->locals[i].hooks.chains[PEAL_HOOK_ROOM])
      peal_room_watch_added(&nsp->locals[i]);
  }
  nsp->child_of = parent->nsp;
  parent->nsp->child_count++;
  peal_list_push(&parent->nsp->children, &nsp->sibling);
  return PEAL_OK;
}

/* Held; NULL: no memory, or there is none. */
static peal_nsp **list_children(peal_nsp *nsp, size_t *count) {
  peal_nsp_table *table = &nsp->server->spaces;
  const peal_mem *mem = nsp->server->mem;
  uv_mutex_lock(&table->lock);
  *count = nsp->child_count;
  peal_nsp **all = *count ? peal_mem_alloc(mem, *count * sizeof *all) : NULL;
  peal_list *node = nsp->children.next;
  for (size_t i = 0; all && i < *count; i++, node = node->next) {
    all[i] = PEAL_LIST_OF(node, peal_nsp, sibling);
    peal_nsp_life_hold(all[i]); /* the table has one still */
  }
  uv_mutex_unlock(&table->lock);
  return all;
}

peal_err peal_parent_each(peal_nsp *nsp,
                          peal_err (*fn)(peal_nsp *child, void *with),
                          void *with) {
  size_t count;
  peal_nsp **all = list_children(nsp, &count);
  peal_err first = count && !all ? PEAL_ERR_NOMEM : PEAL_OK;
  for (size_t i = 0; all && i < count; i++) {
    peal_err err = fn(all[i], with);
    first = first ? first : err;
    peal_nsp_life_release(all[i]);
  }
  peal_mem_free(nsp->server->mem, all);
  return first;
}
