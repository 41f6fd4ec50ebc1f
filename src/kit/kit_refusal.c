/* SPDX-License-Identifier: MIT */
/* kit_refusal: why something is not done, by HTTP and by acknowledgement. */
#include <stdarg.h>
#include <stdio.h>

#include <peal/kit_answer.h>

void peal_kit_refusal_set(peal_kit_refusal *out, unsigned status,
                          const char *field, const char *format, ...) {
  *out = (peal_kit_refusal){.status = status, .field = field};
  va_list args;
  va_start(args, format);
  vsnprintf(out->message, sizeof out->message, format, args);
  va_end(args);
}

void peal_kit_refusal_answer(peal_http_req *req, const peal_kit_refusal *why) {
  if (why->retry_ms > 0) {
    char seconds[24];
    int len = snprintf(seconds, sizeof seconds, "%llu",
                       (unsigned long long)(why->retry_ms + 999) / 1000);
    (void)peal_http_answer_header(req, "Retry-After",
                                  (peal_slice){seconds, (size_t)len});
  }
  peal_web_error(req, why->status, why->message, why->field);
}

static peal_val field_of(const peal_kit_refusal *why) {
  return why->field != NULL ? peal_str(why->field) : peal_undefined();
}

void peal_kit_refusal_ack(const peal_event *event,
                          const peal_kit_refusal *why) {
  (void)peal_ack(event,
                 PEAL_ARGS(PEAL_OBJECT({"status", peal_str("error")},
                                       {"message", peal_str(why->message)},
                                       {"field", field_of(why)})));
}

void peal_kit_refusal_reply(peal_reply *reply, const peal_kit_refusal *why) {
  (void)peal_reply_send(
      reply, PEAL_ARGS(PEAL_OBJECT({"status", peal_str("error")},
                                   {"message", peal_str(why->message)},
                                   {"field", field_of(why)})));
}
