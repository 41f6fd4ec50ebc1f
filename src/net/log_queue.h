/* SPDX-License-Identifier: MIT */
#pragma once
/* log_queue: log records that wait to be written, at most so many bytes; what
 * does not fit is counted. Not locked. */
#include <stdbool.h>

#include <peal/base.h>

/* 1500 lines or more: what a worker may say while the log is slow. */
#define PEAL_LOG_QUEUE_BYTES (256u << 10)

typedef struct peal_log_entry {
  struct peal_log_entry *next;
  peal_log_record record; /* its texts lie in `data` */
  size_t bytes;
  size_t dropped; /* lines before this one that did not fit */
  char data[];
} peal_log_entry;

/* {0} is empty. */
typedef struct peal_log_queue {
  peal_log_entry *oldest, *newest;
  size_t bytes;
  size_t dropped; /* since the newest */
} peal_log_queue;

/* Copies the record, or counts it as dropped. Returns true if the queue was
 * empty before. */
bool peal_log_queue_put(peal_log_queue *queue, const peal_log_record *record);
/* The oldest, to be freed with free(); NULL if there is none. */
peal_log_entry *peal_log_queue_take(peal_log_queue *queue);
void peal_log_queue_clear(peal_log_queue *queue);
