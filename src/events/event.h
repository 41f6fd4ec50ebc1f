/* SPDX-License-Identifier: MIT */
#pragma once
/* event: an event that came in, as its handlers see it, whoever received it:
 * a server's socket or a client. What is done with its acknowledgement the
 * receiver says by verbs.
 * In the flow: server/dispatch, client/ -> [event] -> the handler. */
#include <peal/event.h>

#include "net/on_worker.h"

/* At the beginning of a function of an event (net/on_worker). */
#define PEAL_ON_EVENT(event, instead)                                          \
  PEAL_ON_WORKER((event) ? (event)->worker : NULL, instead)

typedef struct peal_event_verbs {
  /* Send the acknowledgement, at once. */
  peal_err (*ack)(const peal_event *event, peal_args args);
  /* A reply of the receiver's pool; NULL: memory is out. */
  peal_reply *(*later)(const peal_event *event);
  /* A handler of it has failed, for the first time; NULL: none can. */
  void (*fail)(const peal_event *event, peal_err err, const char *message);
} peal_event_verbs;

/* What became of it. */
typedef struct peal_event_fate {
  bool failed;
  bool unheard; /* and nobody was told */
  bool waits;   /* in its middleware */
} peal_event_fate;

struct peal_event {
  const peal_event_verbs *verbs;
  void *receiver;
  peal_worker *worker;
  peal_slice name;
  peal_args args;
  uint64_t id;
  bool has_id;
  size_t bytes;          /* of its packet; 0: nobody knows */
  bool *acked;           /* given already */
  peal_event_fate *fate; /* NULL without the verb */
};
