/* SPDX-License-Identifier: MIT */
#include "client/outbox_tell.h"

#include <stdio.h>
#include <string.h>

void peal_outbox_tell_problem(peal_outbox *outbox, peal_err err,
                              const char *what, const char *why) {
  peal_outbox_problem problem = {.err = err};
  if (!outbox->opts.on_problem || outbox->is_freed_inside)
    return;
  snprintf(problem.text, sizeof problem.text, "%s%s%s", what, *why ? ": " : "",
           why);
  uv_mutex_unlock(&outbox->lock);
  outbox->opts.on_problem(outbox, &problem, outbox->opts.user);
  uv_mutex_lock(&outbox->lock);
}

void peal_outbox_tell_disk(peal_outbox *outbox, int failed, const char *what) {
  bool was_ill = outbox->is_ill;
  outbox->is_ill = failed != 0;
  if (failed && !was_ill)
    peal_outbox_tell_problem(outbox, PEAL_ERR_IO, what, strerror(failed));
  else if (!failed && was_ill)
    peal_outbox_tell_problem(outbox, PEAL_OK, "the disk takes events again",
                             "");
}

void peal_outbox_tell_reading(peal_outbox *outbox, int failed) {
  bool could_not = outbox->cannot_read;
  outbox->cannot_read = failed != 0;
  if (failed && !could_not)
    peal_outbox_tell_problem(outbox, PEAL_ERR_IO, "an event cannot be read now",
                             strerror(failed));
  else if (!failed && could_not)
    peal_outbox_tell_problem(outbox, PEAL_OK, "events can be read again", "");
}

void peal_outbox_tell_stuck(peal_outbox *outbox, bool is_stuck) {
  bool was_stuck = outbox->is_stuck;
  outbox->is_stuck = is_stuck;
  if (is_stuck && !was_stuck)
    peal_outbox_tell_problem(outbox, PEAL_ERR_CLOSED,
                             "the connection ends behind the same event again "
                             "and again",
                             "the server may not take it");
  else if (!is_stuck && was_stuck)
    peal_outbox_tell_problem(outbox, PEAL_OK, "events are taken again", "");
}

void peal_outbox_tell_event(peal_outbox *outbox, peal_outbox_event_fn fn,
                            peal_slice id) {
  if (!fn || outbox->is_freed_inside)
    return;
  uv_mutex_unlock(&outbox->lock);
  fn(outbox, id, outbox->opts.user);
  uv_mutex_lock(&outbox->lock);
}

bool peal_outbox_tell_given_up(peal_outbox *outbox,
                               const peal_outbox_event *event) {
  if (outbox->is_freed_inside)
    return false;
  if (!outbox->opts.on_given_up)
    return true;
  uv_mutex_unlock(&outbox->lock);
  peal_outbox_verdict verdict = outbox->opts.on_given_up(
      outbox, event->id, event->name, event->args, outbox->opts.user);
  uv_mutex_lock(&outbox->lock);
  return verdict != PEAL_OUTBOX_AGAIN;
}

void peal_outbox_tell_dropped(peal_outbox *outbox) {
  char text[32];
  uint64_t count = outbox->queue.dropped - outbox->told_dropped;
  if (!count)
    return;
  outbox->told_dropped = outbox->queue.dropped;
  snprintf(text, sizeof text, "%llu", (unsigned long long)count);
  peal_outbox_tell_problem(outbox, PEAL_ERR_QUEUE_FULL,
                           "events dropped for new ones", text);
}
