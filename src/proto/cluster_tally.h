/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_tally: a room by its key: the namespace, and behind a NUL the room;
 * the namespace alone stands for all its sockets. Names of namespaces hold no
 * NUL, rooms may. */
#include <peal/base.h>

#include "base/arena.h"

/* Bytes of a key. */
size_t peal_cluster_tally_len(peal_slice nsp, peal_slice room);
void peal_cluster_tally_write(char *out, peal_slice nsp, peal_slice room);
/* In the arena; ptr NULL: memory is out. */
peal_slice peal_cluster_tally_key(peal_slice nsp, peal_slice room,
                                  peal_arena *arena);
/* What a key stands for; room->ptr NULL: the namespace. */
void peal_cluster_tally_split(peal_slice key, peal_slice *nsp,
                              peal_slice *room);
