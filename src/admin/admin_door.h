/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_door: the admin namespace: who is let in, and what he is sent first. */
#include "admin/admin_impl.h"

/* Register the namespace's functions. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_admin_door_open(peal_admin *admin);
/* A socket of the namespace has come, or gone; on its worker. */
void peal_admin_door_came(peal_admin *admin, peal_socket *socket);
void peal_admin_door_went(peal_admin *admin);
