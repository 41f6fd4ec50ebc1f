/* SPDX-License-Identifier: MIT */
/* peal-bench-load: makes a Socket.IO server work, checks every answer and
 * prints one line of JSON about what it cost. Speaks to 127.0.0.1 only. */
#include <inttypes.h>
#include <stdio.h>

#include "load_idle.h"
#include "load_run.h"

static void print_cost(const load_run *run) {
  const load_result *result = &run->result;
  double seconds = (double)result->ns / 1e9;
  double messages = (double)result->messages;
  printf(",\"seconds\":%.3f,\"msgs_per_s\":%.0f", seconds, messages / seconds);
  if (run->opts->pid != 0)
    printf(",\"cpu_us_per_msg\":%.4f,\"cpu_share\":%.3f",
           result->messages > 0 ? (double)result->cpu_ns / 1e3 / messages : 0,
           (double)result->cpu_ns / (double)result->ns);
  printf(",\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f",
         load_hist_quantile_us(&run->hist, 0.50),
         load_hist_quantile_us(&run->hist, 0.99),
         load_hist_quantile_us(&run->hist, 0.999));
}

/* Of modes that send nothing. */
static void print_silence(const load_run *run) {
  const load_result *result = &run->result;
  double seconds = (double)result->ns / 1e9;
  if (run->mode->drive == load_idle_drive)
    printf(",\"private_bytes_per_client\":%.0f"
           ",\"anonymous_bytes_per_client\":%.0f",
           result->bytes_each, result->anonymous_each);
  else if (run->mode->drive == load_idle_churn)
    printf(",\"seconds\":%.3f,\"left_bytes\":%.0f", seconds,
           result->left_bytes);
  else
    printf(",\"seconds\":%.3f,\"turns_per_s\":%.2f,\"cpu_share\":%.5f", seconds,
           (double)result->turns / seconds,
           (double)result->cpu_ns / (double)result->ns);
}

static bool is_silent(const load_mode *mode) {
  return mode->drive == load_idle_drive || mode->drive == load_idle_churn ||
         mode->drive == load_idle_turns;
}

static void print_result(const load_run *run) {
  const load_result *result = &run->result;
  printf("{\"mode\":\"%s\",\"clients\":%" PRIu32 ",\"inflight\":%" PRIu32
         ",\"bytes\":%" PRIu32 ",\"messages\":%" PRIu64,
         run->mode->name, run->count, run->opts->inflight, run->opts->bytes,
         result->messages);
  if (is_silent(run->mode))
    print_silence(run);
  else
    print_cost(run);
  puts("}");
}

int main(int argc, char **argv) {
  load_opts opts;
  load_opts_init(&opts, argc, argv);
  load_run run;
  load_run_init(&run, &opts);
  run.mode->drive(&run);
  print_result(&run);
  load_run_deinit(&run);
  return 0;
}
