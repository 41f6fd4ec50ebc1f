/* SPDX-License-Identifier: MIT */
#pragma once
/* span: the ids of what a thread is busy with, which the lines of the log have
 * (peal_trace_opts.ids). */
#include "wire/traceparent.h"

/* From now on; borrowed until it is replaced; NULL: nothing. Returns what it was
 * before. */
const peal_traceparent *peal_span_set(const peal_traceparent *now);
/* Of the calling thread; NULL: nothing. */
const peal_traceparent *peal_span_get(void);
