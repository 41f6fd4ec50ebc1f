/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_spaces: the namespaces of a server, for those who look at all of them. */
#include "admin/admin_impl.h"

typedef struct peal_admin_spaces {
  peal_nsp **items;
  size_t count;
} peal_admin_spaces;

/* Those that there are now, valid until they are given back; none if memory is
 * out. Thread: any. */
peal_admin_spaces peal_admin_spaces_take(peal_admin *admin);
void peal_admin_spaces_give(peal_admin *admin, peal_admin_spaces *spaces);
/* The one of this name, or NULL; to be given back by peal_admin_spaces_leave.
 * Thread: any. */
peal_nsp *peal_admin_spaces_find(peal_admin *admin, peal_slice name);
void peal_admin_spaces_leave(peal_nsp *nsp);
