/* SPDX-License-Identifier: MIT */
#include "refusal.h"

#include <stdarg.h>
#include <stdio.h>

void refusal_set(refusal *out, unsigned status, const char *field,
                 const char *format, ...) {
  *out = (refusal){.status = status, .field = field};
  va_list args;
  va_start(args, format);
  vsnprintf(out->message, sizeof out->message, format, args);
  va_end(args);
}

void refusal_answer(peal_http_req *req, const refusal *why) {
  if (why->retry_ms > 0) {
    char seconds[24];
    int len = snprintf(seconds, sizeof seconds, "%llu",
                       (unsigned long long)(why->retry_ms + 999) / 1000);
    (void)peal_http_answer_header(req, "Retry-After",
                                  (peal_slice){seconds, (size_t)len});
  }
  peal_web_error(req, why->status, why->message, why->field);
}

void refusal_ack(const peal_event *event, const refusal *why) {
  peal_val field = why->field != NULL ? peal_str(why->field) : peal_undefined();
  (void)peal_ack(event,
                 PEAL_ARGS(PEAL_OBJECT({"status", peal_str("error")},
                                       {"message", peal_str(why->message)},
                                       {"field", field})));
}
