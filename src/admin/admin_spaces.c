/* SPDX-License-Identifier: MIT */
#include "admin/admin_spaces.h"

#include "server/nsp_life.h"
#include "server/nsp_table.h"

peal_admin_spaces peal_admin_spaces_take(peal_admin *admin) {
  peal_admin_spaces all = {0};
  all.items = peal_nsp_table_list(admin->server, &all.count);
  return all;
}

void peal_admin_spaces_give(peal_admin *admin, peal_admin_spaces *spaces) {
  peal_nsp_table_unlist(admin->server, spaces->items, spaces->count);
  *spaces = (peal_admin_spaces){0};
}

peal_nsp *peal_admin_spaces_find(peal_admin *admin, peal_slice name) {
  return peal_nsp_table_named(admin->server, name);
}

void peal_admin_spaces_leave(peal_nsp *nsp) {
  if (nsp)
    peal_nsp_life_release(nsp);
}
