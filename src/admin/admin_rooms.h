/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_rooms: the fullest rooms of one worker, and of several together. */
#include "admin/admin_impl.h"

/* {namespaces: {name: {count, hashes}}, top: [{nsp, name, sockets}]}, in memory
 * of the turn: how many rooms there are here, those of ids aside, and the
 * fullest. With several workers the hashes of the rooms' names tell which are on
 * more than one; not if there are too many. */
peal_val peal_admin_rooms_here(peal_admin *admin, peal_worker *worker);
/* How many rooms a namespace has, from what the workers say (as above); where
 * one has too many to be told apart, each worker's count as its own. */
int64_t peal_admin_rooms_count(const peal_val *workers, size_t count,
                               const char *nsp);
/* The fullest of all workers' `tops` (arrays as above): a room that is on
 * several is one. What is not among the fullest of its worker does not count. */
peal_val peal_admin_rooms_merge(peal_build *build, const peal_val *tops,
                                size_t count);
