/* SPDX-License-Identifier: MIT */
#include "admin/admin_spaces.h"

#include <string.h>

#include "base/mem.h"
#include "server/nsp.h"

peal_admin_spaces peal_admin_spaces_take(peal_admin *admin) {
  const peal_server *server = admin->server;
  size_t bytes = server->nsp_count * sizeof(peal_nsp *);
  peal_admin_spaces all = {.items = peal_mem_alloc(admin->mem, bytes + 1)};
  if (!all.items)
    return all;
  memcpy(all.items, server->nsps, bytes);
  all.count = server->nsp_count;
  return all;
}

void peal_admin_spaces_give(peal_admin *admin, peal_admin_spaces *spaces) {
  peal_mem_free(admin->mem, spaces->items);
  *spaces = (peal_admin_spaces){0};
}

peal_nsp *peal_admin_spaces_find(peal_admin *admin, peal_slice name) {
  return peal_nsp_named(admin->server, name);
}

/* It lives as long as the server. */
void peal_admin_spaces_leave(peal_nsp *nsp) {
  (void)nsp;
}
