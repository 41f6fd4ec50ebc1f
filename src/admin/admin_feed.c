/* SPDX-License-Identifier: MIT */
#include "admin/admin_feed.h"

#include "base/iso_time.h"
#include "base/mem.h"

struct peal_admin_note {
  peal_admin_note *next;
  const char *event;
  peal_doc *args; /* an array */
};

peal_val peal_admin_feed_now(const peal_admin_local *local) {
  char text[PEAL_ISO_TIME_BYTES];
  peal_iso_time(text, peal_wall_ms());
  return peal_build_copy(peal_worker_build(local->worker), peal_str(text));
}

/* -- how much ---------------------------------------------------------------- */

/* Bytes of texts and binaries, and something for each value; no more than is
 * needed to know that it is too much. */
static size_t weigh(peal_val value, unsigned depth) {
  size_t sum = 16;
  if (peal_val_is(value, PEAL_STRING) || peal_val_is(value, PEAL_BINARY))
    return sum + value.len;
  if (depth > 128)
    return sum;
  for (uint32_t i = 0; sum <= PEAL_LIMIT_ADMIN_TOLD_BYTES_PER_S; i++) {
    if (peal_val_is(value, PEAL_ARRAY) && i < value.len)
      sum += weigh(value.as.items[i], depth + 1);
    else if (peal_val_is(value, PEAL_OBJECT) && i < value.len)
      sum += peal_val_key(value, i).len +
             weigh(value.as.pairs[i].value, depth + 1);
    else
      break;
  }
  return sum;
}

static void leave_out(peal_admin_local *local, peal_admin_kind kind) {
  if (kind == PEAL_ADMIN_PICTURE)
    atomic_store_explicit(&local->admin->is_stale, true, memory_order_relaxed);
}

bool peal_admin_feed_has_room(peal_admin_local *local, peal_admin_kind kind) {
  uint64_t second = peal_worker_now_ms(local->worker) / 1000;
  if (second != local->second) {
    local->second = second;
    local->told = 0;
    local->told_bytes = 0;
  }
  if (local->told < local->admin->opts.max_told_per_s &&
      local->told_bytes < PEAL_LIMIT_ADMIN_TOLD_BYTES_PER_S)
    return true;
  leave_out(local, kind);
  return false;
}

/* -- emitting ---------------------------------------------------------------- */

static void free_note(const peal_mem *mem, peal_admin_note *note) {
  peal_doc_free(note->args);
  peal_mem_free(mem, note);
}

static peal_admin_note *take(peal_admin_local *local) {
  peal_admin_note *note = local->first;
  if (!note)
    return NULL;
  local->first = note->next;
  if (!local->first)
    local->last = &local->first;
  return note;
}

static void flush(peal_worker *worker, peal_mail *mail) {
  peal_admin_local *local = PEAL_LIST_OF(mail, peal_admin_local, flush);
  peal_admin_note *note;
  local->is_posted = false;
  while ((note = take(local))) {
    peal_val all = peal_doc_val(note->args);
    if (peal_nsp_emit(local->admin->nsp, NULL, note->event,
                      (peal_args){all.as.items, all.len}))
      leave_out(local, PEAL_ADMIN_PICTURE);
    free_note(worker->mem, note);
  }
}

static void flush_later(peal_admin_local *local) {
  if (local->is_posted)
    return;
  local->flush.fn = flush;
  local->is_posted = peal_mail_put(local->worker, &local->flush);
}

void peal_admin_feed_tell(peal_admin_local *local, peal_admin_kind kind,
                          const char *event, peal_args args) {
  if (!peal_admin_feed_has_room(local, kind))
    return;
  peal_val all = peal_array(args.items, args.count);
  size_t bytes = weigh(all, 0);
  bool fits = bytes <= PEAL_LIMIT_ADMIN_TOLD_BYTES_PER_S - local->told_bytes;
  const peal_mem *mem = local->worker->mem;
  peal_admin_note *note = fits ? peal_mem_zalloc(mem, sizeof *note) : NULL;
  if (note) {
    note->event = event;
    note->args = peal_doc_new(all);
  }
  if (!note || !note->args) {
    if (note)
      free_note(mem, note);
    leave_out(local, kind);
    return;
  }
  *local->last = note;
  local->last = &note->next;
  local->told++;
  local->told_bytes += bytes;
  flush_later(local);
}

void peal_admin_feed_drop(peal_admin_local *local) {
  peal_admin_note *note;
  while ((note = take(local)))
    free_note(local->worker->mem, note);
}
