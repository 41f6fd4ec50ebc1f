/* SPDX-License-Identifier: MIT */
#include "replica_vector.h"

static replica_known *find(const replica_vector *all, int64_t node) {
  for (size_t i = 0; i < all->count; i++)
    if (all->rows[i].node == node)
      return (replica_known *)(uintptr_t)&all->rows[i];
  return NULL;
}

int64_t replica_vector_get(const replica_vector *all, int64_t node) {
  const replica_known *row = find(all, node);
  return row != NULL ? row->seq : 0;
}

bool replica_vector_raise(replica_vector *all, int64_t node, int64_t seq) {
  replica_known *row = find(all, node);
  if (row == NULL) {
    if (all->count == REPLICA_NODES)
      return false;
    row = &all->rows[all->count++];
    *row = (replica_known){node, 0};
  }
  if (seq > row->seq)
    row->seq = seq;
  return true;
}

void replica_vector_lower(replica_vector *all, int64_t node, int64_t seq) {
  replica_known *row = find(all, node);
  if (row != NULL && seq < row->seq)
    row->seq = seq;
}

replica_verdict replica_vector_judge(const replica_vector *all, int64_t node,
                                     int64_t previous, int64_t seq) {
  int64_t known = replica_vector_get(all, node);
  if (seq <= known)
    return REPLICA_KNOWN;
  return previous <= known ? REPLICA_NEXT : REPLICA_GAP;
}

int64_t replica_vector_lag(const replica_vector *all,
                           const replica_vector *other) {
  int64_t lag = 0;
  for (size_t i = 0; i < other->count; i++) {
    int64_t less =
        other->rows[i].seq - replica_vector_get(all, other->rows[i].node);
    lag += less > 0 ? less : 0;
  }
  return lag;
}
