/* SPDX-License-Identifier: MIT */
#pragma once
/* probe_report: what `peal probe` says of each step: how it went, how long it
 * took, and what to do if it went wrong.
 *
 *   ok    tcp          127.0.0.1 port 3000                          0.2 ms
 *   error websocket    502 Bad Gateway
 *         a proxy does not pass the upgrade: …
 *
 * or {"step":"tcp","result":"ok","ms":0.2,"text":"127.0.0.1 port 3000"}. */
#include <stdbool.h>
#include <stdint.h>

#include "cli_out.h"

typedef struct probe_report {
  cli_out *out;
  const char *step; /* the one that runs */
  double start_ms;
  unsigned warnings, errors;
} probe_report;

/* Milliseconds of a clock that is never set. */
double probe_now_ms(void);

void probe_report_begin(probe_report *report, const char *step);
/* Its end, measured from its begin; `ms` below 0: no time is told. */
void probe_report_ok(probe_report *report, double ms, const char *text);
/* It works, but. */
void probe_report_warn(probe_report *report, const char *text,
                       const char *advice);
void probe_report_error(probe_report *report, const char *text,
                        const char *advice);
/* It was not tried: `text` says why. */
void probe_report_skip(probe_report *report, const char *step,
                       const char *text);
/* Since the begin of this step. */
double probe_report_ms(const probe_report *report);
/* The last line. */
void probe_report_end(probe_report *report);
