/* SPDX-License-Identifier: MIT */
#include "client/outbox_open.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

peal_err peal_outbox_open_say(peal_outbox_problem *why, peal_err err,
                              const char *dir, const char *step,
                              const char *reason) {
  if (why) {
    why->err = err;
    snprintf(why->text, sizeof why->text, "%s %s%s%s", dir, step,
             *reason ? ": " : "", reason);
  }
  return err;
}

static peal_err on_record(const peal_outbox_record *record, uint64_t offset,
                          void *user) {
  peal_outbox *outbox = user;
  if (record->type == PEAL_OUTBOX_RECORD_EVENT)
    return peal_outbox_queue_add_event(
        &outbox->queue, record->seq, offset,
        (uint32_t)(PEAL_OUTBOX_RECORD_HEAD_BYTES + record->body.len));
  peal_outbox_queue_add_done(&outbox->queue, record->seq);
  return PEAL_OK;
}

/* To be written from now on. What stands there may never have been synced: who
 * wrote it may have been killed. */
static int take_last(peal_outbox *outbox, uint64_t number) {
  peal_outbox_file *file = &outbox->file;
  int failed = peal_outbox_file_use(file, number, false);
  file->is_dirty = true;
  return failed || outbox->opts.sync == PEAL_OUTBOX_SYNC_NEVER
             ? failed
             : peal_outbox_file_sync(file);
}

/* Returns an errno, or 0 and *err. */
static int recover_file(peal_outbox *outbox, size_t index, peal_err *err) {
  peal_outbox_file *file = &outbox->file;
  uint64_t number = file->numbers[index];
  bool is_last = index + 1 == file->count;
  peal_outbox_file_found found;
  *err = peal_outbox_queue_add_file(&outbox->queue, number, 0);
  if (*err)
    return 0;
  int failed = peal_outbox_file_scan(file, number, is_last, on_record, outbox,
                                     &found, err);
  if (failed || *err)
    return failed;
  peal_outbox_queue_set_bytes(&outbox->queue, found.bytes);
  outbox->stats.damaged += found.damaged;
  outbox->stats.torn += found.is_torn;
  return is_last ? take_last(outbox, number) : 0;
}

static peal_err recover(peal_outbox *outbox, peal_outbox_problem *why) {
  const char *dir = outbox->opts.dir;
  for (size_t i = 0; i < outbox->file.count; i++) {
    peal_err err;
    int failed = recover_file(outbox, i, &err);
    if (failed)
      return peal_outbox_open_say(why, PEAL_ERR_IO, dir, "cannot be read",
                                  strerror(failed));
    if (err)
      return peal_outbox_open_say(why, err, dir, "cannot be read",
                                  peal_err_message(err));
  }
  return PEAL_OK;
}

peal_err peal_outbox_open_files(peal_outbox *outbox, peal_outbox_problem *why) {
  const char *step, *dir = outbox->opts.dir;
  int failed = peal_outbox_file_open(&outbox->file, dir, &step);
  if (failed == EWOULDBLOCK)
    return peal_outbox_open_say(why, PEAL_ERR_EXISTS, dir,
                                "is used by another outbox", "");
  if (failed == EEXIST)
    return peal_outbox_open_say(why, PEAL_ERR_IO, dir, step, "");
  if (failed)
    return peal_outbox_open_say(why,
                                failed == ENOMEM ? PEAL_ERR_NOMEM : PEAL_ERR_IO,
                                dir, step, strerror(failed));
  return recover(outbox, why);
}
