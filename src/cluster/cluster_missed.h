/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_missed: what of a stream a socket that comes back has not had: behind its
 * offset, if nothing of that was trimmed, as far as this node has read. What comes
 * behind that comes to the socket itself. On worker 0. */
#include "cluster/cluster_impl.h"
#include "server/recovery_store.h"

typedef struct peal_cluster_missed {
  peal_cluster_sessions *sessions;
  const peal_nsp *nsp;
  const peal_recovery_session *session; /* borrowed */
  unsigned stream;
  char offset[PEAL_RECOVERY_STORE_OFFSET]; /* behind which it goes on */
  bool has_offset;
  /* What was found; the messages are the caller's, too. */
  peal_recovery_item *items;
  size_t count, cap;
  size_t bytes;  /* of their messages */
  unsigned page; /* entries that were asked for */
  size_t seen;   /* entries in all */
  /* Once. False: it cannot come back to all, or Redis is away. */
  void (*done)(struct peal_cluster_missed *missed, bool ok);
} peal_cluster_missed;

/* Entries of one answer. A message of a client is a megabyte, unless the server
 * takes longer ones: they are fewer behind an answer that was too long. */
#define PEAL_CLUSTER_PAGE_MAX 32u

/* Begin. `done` may come inside of it. */
void peal_cluster_missed_read(peal_cluster_missed *missed);
/* Give up the messages that were found. */
void peal_cluster_missed_drop(peal_cluster_missed *missed);
