/* SPDX-License-Identifier: MIT */
/* kit: what an application says: its log, its events, its store's failures. */
#include <stdarg.h>
#include <stdio.h>

#include <peal/kit_program.h>
#include <peal/trace.h>

void peal_kit_log(peal_kit *h, peal_log_level level, const char *area,
                  const char *format, ...) {
  if (h->log.level != PEAL_LOG_DEFAULT && level > h->log.level)
    return;
  char text[512];
  va_list args;
  va_start(args, format);
  int len = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (len < 0)
    return;
  if ((size_t)len >= sizeof text)
    len = (int)sizeof text - 1;
  peal_log_record record = {.level = level,
                            .area = area,
                            .text = {text, (size_t)len},
                            .time_ms = peal_wall_ms()};
  /* "00-" 32 digits "-" 16 digits "-01" */
  char parent[PEAL_TRACE_PARENT_BYTES];
  if (peal_trace_parent(parent)) {
    record.trace_id = (peal_slice){parent + 3, 32};
    record.span_id = (peal_slice){parent + 36, 16};
  }
  h->log.fn(&record, h->log.user);
}

void peal_kit_emit(peal_kit *h, const char *event, peal_args args) {
  peal_err err = peal_nsp_emit(
      h->nsp, &(peal_to){.except = PEAL_ROOMS(PEAL_KIT_DEVICES)}, event, args);
  if (err != PEAL_OK)
    peal_kit_log(h, PEAL_LOG_WARN, "events", "%s was not sent: %s", event,
                 peal_err_message(err));
}

const char *peal_kit_words(peal_err err) {
  switch (peal_err_class_of(err)) {
  case PEAL_CLASS_LIMIT:
  case PEAL_CLASS_MEMORY:
    return "too busy at the moment, try again";
  case PEAL_CLASS_OK:
  case PEAL_CLASS_AGAIN:
  case PEAL_CLASS_CLOSED:
  case PEAL_CLASS_PEER:
  case PEAL_CLASS_USAGE:
  case PEAL_CLASS_SYSTEM:
    break;
  }
  return "it could not be stored, try again";
}
