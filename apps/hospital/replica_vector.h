/* SPDX-License-Identifier: MIT */
#pragma once
/* replica_vector: how far the journal of each node is known. Pure. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPLICA_NODES = 256 };

typedef struct replica_known {
  int64_t node, seq;
} replica_known;

/* {0}: nobody is known. */
typedef struct replica_vector {
  replica_known rows[REPLICA_NODES];
  size_t count;
} replica_vector;

/* What becomes of an entry that comes. */
typedef enum replica_verdict {
  REPLICA_NEXT,  /* it is the one behind what is known: take it */
  REPLICA_KNOWN, /* it is known already */
  REPLICA_GAP,   /* something before it is missing: ask */
} replica_verdict;

/* All Thread: pure. */

/* 0: nothing of it is known. */
int64_t replica_vector_get(const replica_vector *all, int64_t node);
/* Up to there; never back. False: there are too many nodes. */
bool replica_vector_raise(replica_vector *all, int64_t node, int64_t seq);
/* Back to there: what was to be stored was not. */
void replica_vector_lower(replica_vector *all, int64_t node, int64_t seq);
/* Of an entry `seq` of `node`, of whose entries the one before it is
 * `previous` (numbers between them were never used). */
replica_verdict replica_vector_judge(const replica_vector *all, int64_t node,
                                     int64_t previous, int64_t seq);
/* How many entries `other` knows that `all` does not (numbers that were never
 * used included). */
int64_t replica_vector_lag(const replica_vector *all,
                           const replica_vector *other);
