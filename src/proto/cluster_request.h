/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_request: a question to the other nodes, until all have answered, the
 * time is over, or nobody is left who could answer.
 *
 *   question and COUNT leave together: how many must answer is what COUNT
 *   says, without this node; fewer if a node of Peal leaves that has not
 *
 * Who answers twice counts once, as far as the dialect says who answers. */
#include "proto/cluster_state.h"

/* One of those who have answered. */
typedef struct peal_cluster_heard {
  uint64_t who;        /* a hash of the name; 0: it gave none */
  size_t asked, acked; /* ASK: clients */
  bool has_answered;
} peal_cluster_heard;

typedef struct peal_cluster_request {
  peal_list at; /* machine->done, when it is over */
  peal_due due;
  char id[17];
  uint8_t kind;    /* peal_bus_kind of the question */
  uint8_t dialect; /* peal_cluster_dialect */
  bool is_counted; /* `expected` is known */
  bool is_over;
  bool has_sifted; /* ASK: nodes that have not said how many they ask are given
                      up */
  bool hears_python,
      has_python;  /* ASK: one acknowledgement may come from there */
  uint64_t number; /* of COUNT, and Python's callback */
  uint64_t begun_ms, until_ms;
  size_t expected, answered, given_up;
  size_t local;        /* ASK: clients of this node */
  size_t asked, acked; /* ASK: those of others */
  size_t count;        /* COUNT */
  peal_cluster_heard *heard;
  size_t heard_count, heard_cap;
  peal_err err;
  void *user;
} peal_cluster_request;

/* As peal_cluster_machine_ask, in a state in which questions may be asked. */
PEAL_MUST_CHECK peal_err peal_cluster_request_ask(peal_cluster_machine *machine,
                                                  const peal_bus_msg *question,
                                                  uint32_t timeout_ms,
                                                  void *user);
/* An answer of any kind: IS_PART is said if it belongs to a question.
 * Returns: PEAL_OK; PEAL_ERR_NOT_FOUND, which is usual: the question is over;
 * PEAL_ERR_NOMEM, PEAL_ERR_LIMIT: it is dropped. */
peal_err peal_cluster_request_answer(peal_cluster_machine *machine,
                                     peal_cluster_dialect dialect,
                                     const peal_bus_msg *answer);
void peal_cluster_request_count(peal_cluster_machine *machine, uint64_t number,
                                uint64_t nodes);
/* A node of Peal has gone, known since `since_ms`. */
void peal_cluster_request_lost(peal_cluster_machine *machine, peal_slice name,
                               uint64_t since_ms);
void peal_cluster_request_tick(peal_cluster_machine *machine);
/* All that are open end so. */
void peal_cluster_request_end(peal_cluster_machine *machine, peal_err err);
/* DONE of one that is over; it is gone then. */
bool peal_cluster_request_next(peal_cluster_machine *machine,
                               peal_cluster_event *event);
void peal_cluster_request_deinit(peal_cluster_machine *machine);
bool peal_cluster_request_check(const peal_cluster_machine *machine);
