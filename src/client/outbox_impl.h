/* SPDX-License-Identifier: MIT */
#pragma once
/* outbox_impl: what the files of the outbox share.
 *
 *   any thread: emit --> jobs ----+
 *                                 +--> the outbox's thread --> files
 *   client's worker: ack -> answers                       \--> client's emit
 *
 * Only the thread touches the files and calls the callbacks, and does neither
 * under the lock. */
#include <stdatomic.h>

#include <uv.h>

#include <peal/outbox.h>

#include "client/outbox_file.h"
#include "proto/outbox_queue.h"

#define PEAL_OUTBOX_ID_BYTES 255u

/* An event on its way to the file. */
typedef struct peal_outbox_job {
  struct peal_outbox_job *next;
  peal_buf body; /* of the record */
  uint64_t seq;
  bool is_waited_for; /* by who emits it, who frees it */
  bool is_finished;
  peal_err err;
} peal_outbox_job;

/* What came of an event that was sent. */
typedef enum peal_outbox_answer_kind {
  PEAL_OUTBOX_ANSWER_DONE,
  PEAL_OUTBOX_ANSWER_REFUSED,
  PEAL_OUTBOX_ANSWER_GIVEN_UP,
  PEAL_OUTBOX_ANSWER_LATE, /* no acknowledgement in time */
  PEAL_OUTBOX_ANSWER_LOST  /* the connection has gone */
} peal_outbox_answer_kind;

/* An event that was sent: first the user of the acknowledgement, then an
 * answer. */
typedef struct peal_outbox_flight {
  struct peal_outbox_flight *next;
  struct peal_outbox_link *link;
  const peal_mem *mem;
  uint64_t seq;
  peal_outbox_answer_kind kind;
  size_t id_len;
  char id[];
} peal_outbox_flight;

/* What connects an outbox and a namespace: acknowledgements may come when the
 * outbox has been detached or freed. */
typedef struct peal_outbox_link {
  const peal_mem *mem;
  uv_mutex_t lock;     /* recursive: held while `accept` runs */
  peal_outbox *outbox; /* NULL: detached */
  peal_client_nsp *nsp;
  atomic_size_t refs;
} peal_outbox_link;

struct peal_outbox {
  peal_outbox_opts opts; /* with strings of its own */
  const peal_mem *mem;
  char run[17]; /* hex: begins the ids of this run */
  uv_thread_t thread;

  /* Under the lock, for all. */
  uv_mutex_t lock;
  uv_cond_t more;     /* the thread has something to do */
  uv_cond_t finished; /* a job is; the thread sends no more; nobody waits */
  peal_outbox_queue queue;
  peal_outbox_job *first_job, *last_job;
  size_t job_count, job_bytes;
  size_t waited_for; /* of the jobs */
  size_t waiters;    /* who has not gone yet */
  peal_outbox_flight *first_answer, *last_answer;
  peal_outbox_link *link;
  bool is_sending; /* the thread is in the client's functions */
  bool is_closing, is_freed_inside;
  uint64_t ids; /* given */
  peal_outbox_stats stats;

  /* The thread's own. */
  peal_outbox_file file;
  peal_buf out; /* records to be written, or one to be sent */
  peal_arena arena;
  uint64_t write_at_ms; /* the disk is tried again */
  uint64_t sync_at_ms;  /* 0: nothing to sync */
  uint64_t told_dropped;
  uint32_t lost_in_row; /* sent and lost, without anything done between */
  bool is_ill;          /* the disk, as was told */
  bool cannot_read;     /* the next event, as was told */
  bool is_stuck;        /* the server takes nothing, as was told */
};
