/* SPDX-License-Identifier: MIT */
#include "events/event.h"

#include <string.h>

#include <peal/events.h>

#include "net/worker_impl.h"

/* -- reading ---------------------------------------------------------------- */

peal_slice peal_event_name(const peal_event *event) {
  PEAL_ON_EVENT(event, "peal_doc_new to keep it");
  return event ? event->name : (peal_slice){0};
}

peal_args peal_event_args(const peal_event *event) {
  PEAL_ON_EVENT(event, "peal_doc_new to keep it");
  return event ? event->args : PEAL_NO_ARGS;
}

peal_val peal_event_arg(const peal_event *event, size_t index) {
  PEAL_ON_EVENT(event, "peal_doc_new to keep it");
  return event && index < event->args.count ? event->args.items[index]
                                            : peal_undefined();
}

const char *peal_event_str(const peal_event *event, size_t index) {
  PEAL_ON_EVENT(event, "peal_doc_new to keep it");
  peal_val value = peal_event_arg(event, index);
  peal_slice text = peal_val_str(value);
  if (!peal_val_is(value, PEAL_STRING) ||
      (text.len && memchr(text.ptr, '\0', text.len)))
    return NULL;
  return peal_arena_str(&event->worker->turn, text);
}

bool peal_event_wants_ack(const peal_event *event) {
  PEAL_ON_EVENT(event, "peal_doc_new to keep it");
  return event && event->has_id;
}

/* -- acknowledging ----------------------------------------------------------- */

peal_err peal_ack(const peal_event *event, peal_args args) {
  PEAL_ON_EVENT(event, "peal_ack_later here and peal_reply_send there");
  if (!event)
    return PEAL_ERR_USAGE;
  if (!event->has_id || *event->acked)
    return PEAL_OK;
  *event->acked = true;
  return event->verbs->ack(event, args);
}

peal_reply *peal_ack_later(const peal_event *event) {
  PEAL_ON_EVENT(event, "peal_doc_new to keep it");
  if (!event || !event->has_id || *event->acked)
    return NULL;
  peal_reply *reply = event->verbs->later(event);
  if (reply)
    *event->acked = true;
  return reply;
}

/* -- failing ------------------------------------------------------------------ */

peal_err peal_event_fail(const peal_event *event, peal_err err,
                         const char *message) {
  PEAL_ON_EVENT(event, "peal_reply_send");
  if (!event || !err || !event->verbs->fail)
    return PEAL_ERR_USAGE;
  if (event->fate->failed)
    return PEAL_OK;
  event->fate->failed = true;
  event->verbs->fail(event, err, message ? message : peal_err_message(err));
  return PEAL_OK;
}
