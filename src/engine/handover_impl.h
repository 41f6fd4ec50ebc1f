/* SPDX-License-Identifier: MIT */
#pragma once
/* handover_impl: what the two sides of a handover share (engine/handover), for
 * the files of engine/ alone. */
#include "engine/engine_impl.h"
#include "engine/handover_types.h"
#include "net/handover_socket.h"
#include "net/mail.h"

typedef enum peal_handover_type {
  PEAL_HANDOVER_HELLO = 1,
  PEAL_HANDOVER_PLACE,
  PEAL_HANDOVER_WELCOME,
  PEAL_HANDOVER_READY,
  PEAL_HANDOVER_LINK,
  PEAL_HANDOVER_SESSION,
  PEAL_HANDOVER_BATCH,
  PEAL_HANDOVER_DONE,
  PEAL_HANDOVER_TAKEN
} peal_handover_type;

/* One worker's part. */
typedef struct peal_handover_home {
  peal_handover *handover;
  peal_worker *worker;
  peal_mail mail;         /* of a step; one at a time */
  peal_wheel_timer timer; /* to look again at those that could not leave */
  uint32_t left;          /* how many these are */
  bool gives;
} peal_handover_home;

struct peal_handover {
  const peal_mem *mem;
  char *path;
  peal_http_server *http;
  peal_engine *engine;
  peal_workers *workers;
  peal_logger *log;
  uint32_t limit_ms, grace_ms;
  unsigned worker_count;
  peal_handover_figures figures;

  /* Worker 0's alone, from the run on. */
  peal_handover_door door;
  peal_watch *door_watch, *channel_watch;
  int channel; /* -1: nobody is spoken to */
  peal_handover_reader reader;
  bool takes; /* from the other at the channel */
  bool has_taken;
  bool has_asked;   /* the other one has said hello */
  bool knows;       /* it reads our records */
  bool is_ready;    /* it runs */
  bool is_done;     /* all has been given, or taken */
  bool is_stepping; /* all workers are in a step */
  bool is_lost;     /* the other one has gone away meanwhile */
  peal_mail ready_mail;
  peal_wheel_timer timer; /* the end of patience */

  /* Giving: all workers. */
  uv_mutex_t sending;
  bool has_mutex, has_barrier;
  uv_barrier_t together;
  atomic_bool is_broken; /* nothing more can be sent */
  atomic_bool passes;    /* requests whose sessions may be with the other */
  atomic_uint waiting;   /* workers that are in this step */
  atomic_uint ending;    /* workers to which more may come from the other */
  atomic_uint left;      /* sessions that could not leave yet */
  atomic_bool is_batched;
  peal_mail over_mail;    /* all that could has left */
  peal_mail batched_mail; /* all that could leave at once has */
  peal_mail settled_mail; /* nothing more is to be said */
  atomic_bool over_sent;
  peal_handover_home *homes;
};
