/* SPDX-License-Identifier: MIT */
#include "net/span.h"

#include <stddef.h>

static _Thread_local const peal_traceparent *current;

const peal_traceparent *peal_span_set(const peal_traceparent *now) {
  const peal_traceparent *before = current;
  current = now;
  return before;
}

const peal_traceparent *peal_span_get(void) {
  return current;
}
