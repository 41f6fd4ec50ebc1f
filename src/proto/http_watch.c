/* SPDX-License-Identifier: MIT */
#include "proto/http_watch.h"

#include "proto/proto_limits.h"

/* In one time limit. */
#define LOOKS 4u

void peal_http_watch_start(peal_http_watch *watch, uint64_t now_ms) {
  if (watch->on)
    return;
  watch->on = true;
  watch->looked = false;
  watch->look_ms = now_ms;
  peal_http_pace_start(&watch->pace, now_ms);
}

void peal_http_watch_stop(peal_http_watch *watch) {
  watch->on = false;
}

uint64_t peal_http_watch_deadline(const peal_http_watch *watch,
                                  uint32_t limit_ms) {
  if (!watch->on || !limit_ms)
    return UINT64_MAX;
  return watch->look_ms + limit_ms / LOOKS + 1;
}

/* What was on its way before is not known at the first look. */
static void look(peal_http_watch *watch, uint64_t total, uint64_t now_ms) {
  uint64_t taken = total > watch->unacked ? total - watch->unacked : 0;
  if (watch->looked && taken > watch->taken)
    peal_http_pace_add(&watch->pace, taken - watch->taken, now_ms);
  watch->taken = taken;
  watch->looked = true;
  watch->look_ms = now_ms;
}

bool peal_http_watch_is_late(peal_http_watch *watch, uint32_t limit_ms,
                             uint64_t total, uint64_t now_ms) {
  if (now_ms < peal_http_watch_deadline(watch, limit_ms))
    return false;
  look(watch, total, now_ms);
  return peal_http_pace_is_late(&watch->pace, limit_ms,
                                PEAL_LIMIT_HTTP_WRITE_PACE, now_ms);
}
