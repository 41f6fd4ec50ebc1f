/* SPDX-License-Identifier: MIT */
#pragma once
/* trace_filter: which events get a line in the log (peal_trace_opts.log). */
#include <peal/trace.h>

#define PEAL_TRACE_FILTER_NAMES 16u /* nsp= and event= in one text */

typedef struct peal_trace_filter {
  char text[512]; /* a copy, whose words the names are */
  const char *nsps[PEAL_TRACE_FILTER_NAMES];
  const char *events[PEAL_TRACE_FILTER_NAMES];
  unsigned nsp_count, event_count;
  bool in, out;
  uint32_t max_value_bytes;
} peal_trace_filter;

/* Returns: PEAL_OK; PEAL_ERR_OPTION: an unknown word, or too many. */
PEAL_MUST_CHECK peal_err peal_trace_filter_init(peal_trace_filter *filter,
                                                const char *text);
bool peal_trace_filter_matches(const peal_trace_filter *filter,
                               const peal_trace_record *record);
