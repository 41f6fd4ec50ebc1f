/* SPDX-License-Identifier: MIT */
#include "probe_report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

double probe_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

double probe_report_ms(const probe_report *report) {
  return probe_now_ms() - report->start_ms;
}

void probe_report_begin(probe_report *report, const char *step) {
  report->step = step;
  report->start_ms = probe_now_ms();
}

enum { INDENT = 17, WIDTH = 79 };

/* Advice below the step, in lines of at most WIDTH. */
static void wrap(char *out, size_t cap, const char *text) {
  size_t len = strlen(out), column = WIDTH;
  while (*text != '\0' && len + INDENT + 2 < cap) {
    size_t word = strcspn(text, " ");
    bool is_new = column + 1 + word > WIDTH;
    int n = snprintf(out + len, cap - len, "%s%*s%.*s", is_new ? "\n" : " ",
                     is_new ? INDENT : 0, "", (int)word, text);
    column = is_new ? INDENT + word : column + 1 + word;
    len += n > 0 ? (size_t)n : 0;
    text += word;
    text += strspn(text, " ");
  }
}

static void print(probe_report *report, const char *result, double ms,
                  const char *text, const char *advice) {
  char line[4096], time[32] = "";
  if (ms >= 0)
    snprintf(time, sizeof time, " %8.1f ms", ms);
  snprintf(line, sizeof line, "%-10s %-48s%s", report->step, text, time);
  for (size_t end = strlen(line); end > 0 && line[end - 1] == ' '; end--)
    line[end - 1] = '\0';
  if (advice != NULL)
    wrap(line, sizeof line, advice);
  peal_val json = PEAL_OBJECT(
      {"step", peal_str(report->step)}, {"result", peal_str(result)},
      {"ms", ms >= 0 ? peal_double((double)(int64_t)(ms * 10) / 10)
                     : peal_undefined()},
      {"text", peal_str(text)},
      {"advice", advice != NULL ? peal_str(advice) : peal_undefined()});
  cli_out_line(report->out, json, result, line);
}

void probe_report_ok(probe_report *report, double ms, const char *text) {
  print(report, "ok", ms, text, NULL);
}

void probe_report_warn(probe_report *report, const char *text,
                       const char *advice) {
  report->warnings++;
  print(report, "warn", -1, text, advice);
}

void probe_report_error(probe_report *report, const char *text,
                        const char *advice) {
  report->errors++;
  print(report, "error", -1, text, advice);
}

void probe_report_skip(probe_report *report, const char *step,
                       const char *text) {
  report->step = step;
  print(report, "-", -1, text, NULL);
}

void probe_report_end(probe_report *report) {
  char text[128];
  report->step = "result";
  if (report->errors > 0)
    snprintf(text, sizeof text, "%u step%s failed", report->errors,
             report->errors > 1 ? "s" : "");
  else if (report->warnings > 0)
    snprintf(text, sizeof text, "it works, with %u warning%s", report->warnings,
             report->warnings > 1 ? "s" : "");
  else
    snprintf(text, sizeof text, "everything works");
  print(report,
        report->errors > 0     ? "error"
        : report->warnings > 0 ? "warn"
                               : "ok",
        -1, text, NULL);
}
