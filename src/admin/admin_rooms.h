/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_rooms: the fullest rooms of one worker, and of several together. */
#include "admin/admin_impl.h"

/* {counts: {namespace: rooms}, top: [{nsp, name, sockets}]}, in memory of the
 * turn: how many rooms there are here, those of ids aside, and the fullest. */
peal_val peal_admin_rooms_here(peal_admin *admin, peal_worker *worker);
/* The fullest of all workers' `tops` (arrays as above): a room that is on
 * several is one. What is not among the fullest of its worker does not count. */
peal_val peal_admin_rooms_merge(peal_build *build, const peal_val *tops,
                                size_t count);
