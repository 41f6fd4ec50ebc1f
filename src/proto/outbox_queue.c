/* SPDX-License-Identifier: MIT */
#include "proto/outbox_queue.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

enum { MARK = PEAL_OUTBOX_QUEUE_MARK_BYTES, FIRST_CAP = 16 };

enum { WRITING, WAITING, SENT, OVER };

void peal_outbox_queue_init(peal_outbox_queue *queue,
                            const peal_outbox_queue_opts *opts,
                            const peal_mem *mem) {
  *queue = (peal_outbox_queue){.opts = *opts,
                               .mem = peal_mem_or_libc(mem),
                               .next_seq = 1,
                               .wait_ms = opts->retry_ms};
}

void peal_outbox_queue_deinit(peal_outbox_queue *queue) {
  peal_mem_free(queue->mem, queue->entries);
  peal_mem_free(queue->mem, queue->files);
  *queue = (peal_outbox_queue){.mem = queue->mem};
}

/* -- the tables -------------------------------------------------------------- */

static peal_outbox_queue_entry *entry_at(const peal_outbox_queue *queue,
                                         size_t index) {
  return &queue->entries[queue->first + index];
}

/* Room for one more behind the last. */
static bool grow_entries(peal_outbox_queue *queue) {
  if (queue->first + queue->count < queue->cap)
    return true;
  if (queue->first > queue->cap / 2) {
    memmove(queue->entries, queue->entries + queue->first,
            queue->count * sizeof *queue->entries);
    queue->first = 0;
    return true;
  }
  size_t cap = queue->cap ? 2 * queue->cap : FIRST_CAP;
  void *entries =
      peal_mem_resize(queue->mem, queue->entries, cap * sizeof *queue->entries);
  if (!entries)
    return false;
  queue->entries = entries;
  queue->cap = cap;
  return true;
}

static bool grow_files(peal_outbox_queue *queue) {
  if (queue->file_count < queue->file_cap)
    return true;
  size_t cap = queue->file_cap ? 2 * queue->file_cap : FIRST_CAP;
  void *files =
      peal_mem_resize(queue->mem, queue->files, cap * sizeof *queue->files);
  if (!files)
    return false;
  queue->files = files;
  queue->file_cap = cap;
  return true;
}

static peal_outbox_queue_file *last_file(const peal_outbox_queue *queue) {
  return queue->file_count ? &queue->files[queue->file_count - 1] : NULL;
}

static peal_outbox_queue_file *file_of(const peal_outbox_queue *queue,
                                       uint64_t number) {
  size_t low = 0, high = queue->file_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (queue->files[middle].number < number)
      low = middle + 1;
    else
      high = middle;
  }
  assert(low < queue->file_count && queue->files[low].number == number);
  return &queue->files[low];
}

static void push_file(peal_outbox_queue *queue, uint64_t number,
                      uint64_t bytes) {
  queue->files[queue->file_count++] =
      (peal_outbox_queue_file){.number = number, .bytes = bytes};
  queue->bytes += bytes;
  queue->is_closed = false;
}

static peal_outbox_queue_entry *find(const peal_outbox_queue *queue,
                                     uint64_t seq) {
  size_t low = 0, high = queue->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (entry_at(queue, middle)->seq < seq)
      low = middle + 1;
    else
      high = middle;
  }
  bool found = low < queue->count && entry_at(queue, low)->seq == seq;
  return found ? entry_at(queue, low) : NULL;
}

/* -- recovery ---------------------------------------------------------------- */

peal_err peal_outbox_queue_add_file(peal_outbox_queue *queue, uint64_t number,
                                    uint64_t bytes) {
  assert(!queue->file_count || last_file(queue)->number < number);
  if (!grow_files(queue))
    return PEAL_ERR_NOMEM;
  push_file(queue, number, bytes);
  if (queue->next_seq < number)
    queue->next_seq = number;
  return PEAL_OK;
}

void peal_outbox_queue_set_bytes(peal_outbox_queue *queue, uint64_t bytes) {
  queue->bytes += bytes - last_file(queue)->bytes;
  last_file(queue)->bytes = bytes;
}

peal_err peal_outbox_queue_add_event(peal_outbox_queue *queue, uint64_t seq,
                                     uint64_t offset, uint32_t len) {
  if (queue->count && seq <= entry_at(queue, queue->count - 1)->seq)
    return PEAL_OK;
  if (!grow_entries(queue))
    return PEAL_ERR_NOMEM;
  peal_outbox_queue_file *file = last_file(queue);
  *entry_at(queue, queue->count++) =
      (peal_outbox_queue_entry){seq, file->number, offset, len, WAITING};
  file->live++;
  queue->pending++;
  if (queue->next_seq <= seq)
    queue->next_seq = seq + 1;
  return PEAL_OK;
}

void peal_outbox_queue_add_done(peal_outbox_queue *queue, uint64_t seq) {
  (void)peal_outbox_queue_done(queue, seq);
  if (queue->next_seq <= seq)
    queue->next_seq = seq + 1;
}

/* -- room -------------------------------------------------------------------- */

/* The bytes of files that go before the next event is written. */
static uint64_t expiring(const peal_outbox_queue *queue) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < queue->file_count && !queue->files[i].live; i++)
    bytes += queue->files[i].bytes;
  return bytes;
}

static uint64_t used(const peal_outbox_queue *queue) {
  return queue->bytes + queue->admitted +
         (queue->pending + queue->admitted_count) * MARK;
}

static bool has_room(const peal_outbox_queue *queue, size_t len) {
  return used(queue) - expiring(queue) + len + MARK <= queue->opts.max_bytes;
}

static void end_entry(peal_outbox_queue *queue,
                      peal_outbox_queue_entry *entry) {
  queue->sent -= entry->state == SENT;
  queue->pending--;
  file_of(queue, entry->number)->live--;
  entry->state = OVER;
}

static void shift_over(peal_outbox_queue *queue) {
  while (queue->count && entry_at(queue, 0)->state == OVER) {
    queue->first++;
    queue->count--;
  }
  if (!queue->count)
    queue->first = 0;
}

/* The events of the oldest file that has some. False: none may go. */
static bool drop_oldest(peal_outbox_queue *queue) {
  shift_over(queue);
  if (!queue->count || entry_at(queue, 0)->state == WRITING)
    return false;
  uint64_t number = entry_at(queue, 0)->number;
  for (size_t i = 0; i < queue->count; i++) {
    peal_outbox_queue_entry *entry = entry_at(queue, i);
    if (entry->number != number || entry->state == WRITING)
      break;
    if (entry->state == OVER)
      continue;
    end_entry(queue, entry);
    queue->dropped++;
  }
  shift_over(queue);
  return true;
}

peal_err peal_outbox_queue_admit(peal_outbox_queue *queue, size_t len) {
  if (len > UINT32_MAX || len + MARK > queue->opts.max_bytes)
    return PEAL_ERR_LIMIT;
  while (!has_room(queue, len))
    if (!queue->opts.drops || !drop_oldest(queue))
      return PEAL_ERR_QUEUE_FULL;
  queue->admitted += len;
  queue->admitted_count++;
  return PEAL_OK;
}

void peal_outbox_queue_withdraw(peal_outbox_queue *queue, size_t len) {
  assert(queue->admitted_count && queue->admitted >= len);
  queue->admitted -= len;
  queue->admitted_count--;
}

/* -- writing ----------------------------------------------------------------- */

bool peal_outbox_queue_turns(const peal_outbox_queue *queue, size_t len) {
  const peal_outbox_queue_file *file = last_file(queue);
  if (!file || queue->is_closed)
    return true;
  if (!file->bytes)
    return false;
  bool is_full = file->bytes + len > queue->opts.file_bytes;
  // everything in it is over, and its room is wanted
  bool is_wanted = !file->live && used(queue) > queue->opts.max_bytes;
  return is_full || is_wanted;
}

static uint64_t next_number(const peal_outbox_queue *queue, uint64_t seq) {
  uint64_t least = queue->file_count ? last_file(queue)->number + 1 : 1;
  return seq > least ? seq : least;
}

peal_err peal_outbox_queue_place(peal_outbox_queue *queue, uint64_t seq,
                                 size_t len, peal_outbox_queue_entry *out,
                                 bool *is_new) {
  assert(queue->admitted_count && queue->admitted >= len);
  assert(!queue->count || entry_at(queue, queue->count - 1)->seq < seq);
  if (!grow_entries(queue) || !grow_files(queue))
    return PEAL_ERR_NOMEM;
  *is_new = peal_outbox_queue_turns(queue, len);
  if (*is_new)
    push_file(queue, next_number(queue, seq), 0);
  peal_outbox_queue_file *file = last_file(queue);
  *out = (peal_outbox_queue_entry){seq, file->number, file->bytes,
                                   (uint32_t)len, WRITING};
  *entry_at(queue, queue->count++) = *out;
  peal_outbox_queue_withdraw(queue, len);
  file->bytes += len;
  file->live++;
  queue->bytes += len;
  queue->pending++;
  return PEAL_OK;
}

void peal_outbox_queue_stored(peal_outbox_queue *queue) {
  for (size_t i = queue->count; i-- > 0;) {
    if (entry_at(queue, i)->state != WRITING)
      break;
    entry_at(queue, i)->state = WAITING;
  }
}

void peal_outbox_queue_unplace(peal_outbox_queue *queue, bool is_broken) {
  while (queue->count && entry_at(queue, queue->count - 1)->state == WRITING) {
    peal_outbox_queue_entry *entry = entry_at(queue, --queue->count);
    peal_outbox_queue_file *file = file_of(queue, entry->number);
    file->live--;
    queue->pending--;
    queue->admitted += entry->len;
    queue->admitted_count++;
    if (is_broken)
      continue; // its bytes stay there, and count
    file->bytes = entry->offset;
    queue->bytes -= entry->len;
  }
  queue->is_closed = is_broken;
}

bool peal_outbox_queue_mark(peal_outbox_queue *queue, uint64_t *number,
                            uint64_t *offset) {
  const peal_outbox_queue_file *file = last_file(queue);
  if (!file || queue->is_closed || queue->bytes + MARK > queue->opts.max_bytes)
    return false;
  *number = file->number;
  *offset = file->bytes;
  return true;
}

void peal_outbox_queue_marked(peal_outbox_queue *queue) {
  last_file(queue)->bytes += MARK;
  queue->bytes += MARK;
}

bool peal_outbox_queue_expired(peal_outbox_queue *queue, uint64_t *number) {
  if (queue->file_count < 2 || queue->files[0].live)
    return false;
  *number = queue->files[0].number;
  queue->bytes -= queue->files[0].bytes;
  memmove(queue->files, queue->files + 1,
          --queue->file_count * sizeof *queue->files);
  return true;
}

/* -- sending ----------------------------------------------------------------- */

void peal_outbox_queue_connect(peal_outbox_queue *queue, bool connected) {
  for (size_t i = 0; i < queue->count && queue->sent; i++) {
    peal_outbox_queue_entry *entry = entry_at(queue, i);
    queue->sent -= entry->state == SENT;
    entry->state = entry->state == SENT ? WAITING : entry->state;
  }
  queue->connected = connected;
  queue->retry_at_ms = 0;
  queue->wait_ms = queue->opts.retry_ms;
}

bool peal_outbox_queue_next(peal_outbox_queue *queue, uint64_t now_ms,
                            peal_outbox_queue_entry *out) {
  if (!queue->connected || queue->sent >= queue->opts.window ||
      now_ms < queue->retry_at_ms)
    return false;
  for (size_t i = 0; i < queue->count; i++) {
    peal_outbox_queue_entry *entry = entry_at(queue, i);
    if (entry->state == WRITING)
      return false;
    if (entry->state != WAITING)
      continue;
    entry->state = SENT;
    queue->sent++;
    *out = *entry;
    return true;
  }
  return false;
}

bool peal_outbox_queue_sent(const peal_outbox_queue *queue, uint64_t seq,
                            peal_outbox_queue_entry *out) {
  const peal_outbox_queue_entry *entry = find(queue, seq);
  bool is_sent = entry && entry->state == SENT;
  if (is_sent)
    *out = *entry;
  return is_sent;
}

bool peal_outbox_queue_done(peal_outbox_queue *queue, uint64_t seq) {
  peal_outbox_queue_entry *entry = find(queue, seq);
  if (!entry || entry->state == OVER || entry->state == WRITING)
    return false;
  end_entry(queue, entry);
  shift_over(queue);
  queue->wait_ms = queue->opts.retry_ms;
  return true;
}

void peal_outbox_queue_again(peal_outbox_queue *queue, uint64_t seq,
                             bool refused, uint64_t now_ms) {
  peal_outbox_queue_entry *entry = find(queue, seq);
  if (!entry || entry->state != SENT)
    return;
  entry->state = WAITING;
  queue->sent--;
  if (!refused)
    return;
  queue->retry_at_ms = now_ms + queue->wait_ms;
  bool is_longest = queue->wait_ms >= queue->opts.retry_max_ms / 2;
  queue->wait_ms = is_longest ? queue->opts.retry_max_ms : 2 * queue->wait_ms;
}

uint64_t peal_outbox_queue_deadline(const peal_outbox_queue *queue) {
  bool waits = queue->connected && queue->retry_at_ms &&
               queue->pending > queue->sent && queue->sent < queue->opts.window;
  return waits ? queue->retry_at_ms : UINT64_MAX;
}

void peal_outbox_queue_check(const peal_outbox_queue *queue) {
  size_t pending = 0, sent = 0, live = 0;
  uint64_t bytes = 0, seq = 0;
  for (size_t i = 0; i < queue->count; i++) {
    const peal_outbox_queue_entry *entry = entry_at(queue, i);
    assert(entry->seq > seq);
    seq = entry->seq;
    pending += entry->state != OVER;
    sent += entry->state == SENT;
    assert(entry->state == OVER || file_of(queue, entry->number)->live);
  }
  for (size_t i = 0; i < queue->file_count; i++) {
    live += queue->files[i].live;
    bytes += queue->files[i].bytes;
    assert(!i || queue->files[i - 1].number < queue->files[i].number);
  }
  assert(pending == queue->pending && live == pending);
  assert(sent == queue->sent && sent <= queue->opts.window);
  assert(bytes == queue->bytes && seq < queue->next_seq);
  (void)pending, (void)sent, (void)live, (void)bytes, (void)seq;
}
