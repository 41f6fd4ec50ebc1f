/* SPDX-License-Identifier: MIT */
#include "proto/cluster_tally.h"

#include <string.h>

size_t peal_cluster_tally_len(peal_slice nsp, peal_slice room) {
  return nsp.len + (room.ptr ? 1 + room.len : 0);
}

void peal_cluster_tally_write(char *out, peal_slice nsp, peal_slice room) {
  if (nsp.len)
    memcpy(out, nsp.ptr, nsp.len);
  if (!room.ptr)
    return;
  out[nsp.len] = 0;
  if (room.len)
    memcpy(out + nsp.len + 1, room.ptr, room.len);
}

peal_slice peal_cluster_tally_key(peal_slice nsp, peal_slice room,
                                  peal_arena *arena) {
  size_t len = peal_cluster_tally_len(nsp, room);
  char *key = peal_arena_alloc(arena, len + 1);
  if (!key)
    return (peal_slice){0};
  peal_cluster_tally_write(key, nsp, room);
  return (peal_slice){key, len};
}

void peal_cluster_tally_split(peal_slice key, peal_slice *nsp,
                              peal_slice *room) {
  const char *end = key.len ? memchr(key.ptr, 0, key.len) : NULL;
  *nsp = key;
  *room = (peal_slice){0};
  if (!end)
    return;
  nsp->len = (size_t)(end - key.ptr);
  *room = (peal_slice){end + 1, key.len - nsp->len - 1};
}
