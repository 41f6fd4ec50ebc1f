/* SPDX-License-Identifier: MIT */
#include "gate.h"

#include <stdarg.h>
#include <stdio.h>

#include "device_keys.h"
#include "devices.h"

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

peal_val refusal_value(const refusal *why, peal_pair pairs[3]) {
  size_t count = 0;
  pairs[count++] = (peal_pair){"status", peal_str("error")};
  pairs[count++] = (peal_pair){"message", peal_str(why->message)};
  if (why->field != NULL)
    pairs[count++] = (peal_pair){"field", peal_str(why->field)};
  return peal_object(pairs, count);
}

peal_slice gate_device_id(peal_http_req *req, peal_slice named) {
  if (named.len > 0)
    return named;
  peal_slice id = peal_http_req_header(req, "X-Device-Id");
  if (id.len > 0)
    return id;
  if (peal_http_req_param(req, "device_id", &id) && id.len > 0)
    return id;
  return PEAL_S("unknown");
}

peal_slice gate_key(const peal_http_req *req) {
  return peal_http_req_header(req, "X-Device-Key");
}

bool gate_check(dash *app, peal_slice id, peal_slice key, refusal *out) {
  if (!devices_id_is_good(id)) {
    refusal_set(out, 422, "device_id",
                "device_id must be text of 1 to 64 bytes without control "
                "characters");
    return false;
  }
  if (device_keys_allow(app->keys, id, key))
    return true;
  refusal_set(out, 401, NULL,
              key.len > 0 ? "the X-Device-Key of this device is not right"
                          : "this device must send its X-Device-Key");
  return false;
}

bool gate_enter(dash *app, peal_slice id, peal_slice key, refusal *out) {
  if (!gate_check(app, id, key, out))
    return false;
  uint64_t retry_ms = 0;
  if (peal_web_limit_take(app->device_limit, id,
                          peal_worker_now_ms(peal_worker_self()), &retry_ms))
    return true;
  refusal_set(out, 429, NULL, "too many requests of this device at once");
  out->retry_ms = retry_ms > 0 ? retry_ms : 1;
  return false;
}
