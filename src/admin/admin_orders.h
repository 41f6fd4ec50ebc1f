/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_orders: what the page has done on a server: emit, join, leave,
 * _disconnect, each to a namespace, a room or a socket. */
#include "admin/admin_impl.h"

/* Register the events; not for one that is only read. */
PEAL_MUST_CHECK peal_err peal_admin_orders_add(peal_admin *admin);
