/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_picture: all sockets of all namespaces and nodes (all_sockets), which a
 * page is sent when it comes, and again when something was left out. One is made
 * at a time on each worker; who asks meanwhile gets the one that the clock makes
 * next. */
#include "admin/admin_impl.h"

/* To one who looks, on its worker; `socket` NULL: to all of them on all nodes.
 * If it cannot be made now the clock will. */
void peal_admin_picture_send(peal_admin *admin, peal_worker *worker,
                             peal_socket *socket);
