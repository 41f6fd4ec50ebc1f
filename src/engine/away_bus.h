/* SPDX-License-Identifier: MIT */
#pragma once
/* away_bus: how engine/away gives messages to whatever carries them to other
 * nodes. */
#include "base/buf.h"
#include "engine/engine_types.h"
#include "net/worker_impl.h"
#include "proto/eio_away.h"

typedef struct peal_away_bus peal_away_bus;

/* A message on its way. */
typedef struct peal_away_post {
  peal_mail mail; /* the bus's, to its worker and back */
  peal_away_bus *bus;
  peal_worker *from;
  char to[PEAL_EIO_AWAY_NODE + 1]; /* terminated; "": to all */
  peal_buf payload;
  peal_err err;  /* it has not left, or that is not known */
  int64_t heard; /* by how many nodes; -1: not known */
  /* On `from`, exactly once, and never inside of `send`; frees it. */
  void (*done)(struct peal_away_post *post);
  void *away;
  uint64_t number;
  bool is_urgent; /* a question or its answer: may overtake what has packets */
  size_t load;    /* bytes of its packets, and 64 for each */
  char sid[21];
} peal_away_post;

/* Embedded in what it is. */
struct peal_away_bus {
  /* Takes the post. On its worker. */
  void (*send)(peal_away_bus *bus, peal_away_post *post);
};
