/* SPDX-License-Identifier: MIT */
#include "net/log_queue.h"

#include <stdlib.h>
#include <string.h>

static peal_slice copy(char **at, peal_slice text) {
  peal_slice mine = {*at, text.len};
  if (text.len)
    memcpy(*at, text.ptr, text.len);
  *at += text.len;
  return mine;
}

static peal_log_entry *entry_of(const peal_log_record *record, size_t bytes) {
  peal_log_entry *entry = malloc(bytes);
  if (!entry)
    return NULL;
  char *at = entry->data;
  entry->next = NULL;
  entry->bytes = bytes;
  entry->record = *record;
  entry->record.text = copy(&at, record->text);
  entry->record.peer = copy(&at, record->peer);
  entry->record.sid = copy(&at, record->sid);
  entry->record.trace_id = copy(&at, record->trace_id);
  entry->record.span_id = copy(&at, record->span_id);
  return entry;
}

bool peal_log_queue_put(peal_log_queue *queue, const peal_log_record *record) {
  size_t bytes = sizeof(peal_log_entry) + record->text.len + record->peer.len +
                 record->sid.len + record->trace_id.len + record->span_id.len;
  bool was_empty = !queue->oldest;
  peal_log_entry *entry = NULL;
  if (queue->bytes + bytes <= PEAL_LOG_QUEUE_BYTES)
    entry = entry_of(record, bytes);
  if (!entry) {
    queue->dropped++;
    return false;
  }
  entry->dropped = queue->dropped;
  queue->dropped = 0;
  queue->bytes += bytes;
  if (was_empty)
    queue->oldest = entry;
  else
    queue->newest->next = entry;
  queue->newest = entry;
  return was_empty;
}

peal_log_entry *peal_log_queue_take(peal_log_queue *queue) {
  peal_log_entry *entry = queue->oldest;
  if (!entry)
    return NULL;
  queue->oldest = entry->next;
  if (!queue->oldest)
    queue->newest = NULL;
  queue->bytes -= entry->bytes;
  return entry;
}

void peal_log_queue_clear(peal_log_queue *queue) {
  for (;;) {
    peal_log_entry *entry = peal_log_queue_take(queue);
    if (!entry)
      break;
    free(entry);
  }
  queue->dropped = 0;
}
