/* SPDX-License-Identifier: MIT */
/* cli_bench: `peal bench`: load, and what it showed. */
#include <stdio.h>
#include <string.h>

#include <sys/resource.h>
#include <unistd.h>

#include "bench_fleet.h"
#include "cli_command.h"
#include "cli_out.h"
#include "cli_runs.h"
#include "cli_say.h"

static uint64_t cpu_ns(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
             UINT64_C(1000000000) +
         (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

/* ---- while it runs --------------------------------------------------------- */

static void on_progress(bench_fleet *fleet) {
  static const char *const stages[] = {"connecting", "warm-up", "measuring",
                                       "waiting for answers", "done"};
  bool is_terminal = isatty(STDERR_FILENO);
  uint64_t seconds = (bench_fleet_now_ns() - fleet->start_ns) / 1000000000;
  fprintf(stderr,
          "%s%3llu s  %-10s %u of %u connected%s, %llu sent, %llu answered, "
          "p50 %.2f ms, p99 %.2f ms%s",
          is_terminal ? "\r\033[K" : "", (unsigned long long)seconds,
          stages[fleet->stage], fleet->joined, fleet->count,
          fleet->failed + fleet->lost > 0 ? " (some failed)" : "",
          (unsigned long long)fleet->sent, (unsigned long long)fleet->answered,
          load_hist_quantile_us(&fleet->answers.hist, 0.5) / 1e3,
          load_hist_quantile_us(&fleet->answers.hist, 0.99) / 1e3,
          is_terminal ? "" : "\n");
  fflush(stderr);
}

/* ---- what it showed ----------------------------------------------------------- */

/* The middle of a step of the histogram, but never more than what there was. */
static double ms(const bench_times *times, double share) {
  double value = load_hist_quantile_us(&times->hist, share) / 1e3;
  double max = (double)times->max_ns / 1e6;
  return value < max ? value : max;
}

static peal_val rounded(double value) {
  return peal_double((double)(int64_t)(value * 1000 + 0.5) / 1000);
}

static peal_val times_val(peal_build *build, const bench_times *times) {
  return peal_build_keep(
      build, PEAL_OBJECT({"p50", rounded(ms(times, 0.5))},
                         {"p90", rounded(ms(times, 0.9))},
                         {"p99", rounded(ms(times, 0.99))},
                         {"p999", rounded(ms(times, 0.999))},
                         {"max", rounded((double)times->max_ns / 1e6)}));
}

typedef struct figures {
  double seconds, per_second, cpu; /* cpu: share of one core that we had */
} figures;

static void print_json(const bench_fleet *fleet, const figures *f) {
  cli_out out = {.json = true};
  peal_build *build = peal_build_new();
  bool is_answered = !fleet->opts->no_answer;
  cli_out_line(
      &out,
      PEAL_OBJECT(
          {"url", peal_str(fleet->opts->words[0])},
          {"event", peal_str(fleet->event)},
          {"connections", peal_int(fleet->count)},
          {"failed", peal_int(fleet->failed)}, {"lost", peal_int(fleet->lost)},
          {"connect_ms", times_val(build, &fleet->connects)},
          {"seconds", rounded(f->seconds)},
          {"sent", peal_int((int64_t)fleet->sent)},
          {"answered", peal_int((int64_t)fleet->answered)},
          {"errors", peal_int((int64_t)fleet->errors)},
          {"unanswered", peal_int((int64_t)fleet->unanswered)},
          {"per_second", rounded(f->per_second)},
          {"latency_ms",
           is_answered ? times_val(build, &fleet->answers) : peal_undefined()},
          {"generator_cpu", rounded(f->cpu)},
          {"problem", fleet->problem[0] != '\0' ? peal_str(fleet->problem)
                                                : peal_undefined()}),
      "", "");
  peal_build_free(build);
}

static void print_times(const char *name, const bench_times *times) {
  printf("%-12s p50 %.3f ms   p90 %.3f   p99 %.3f   p99.9 %.3f   max %.3f\n",
         name, ms(times, 0.5), ms(times, 0.9), ms(times, 0.99),
         ms(times, 0.999), (double)times->max_ns / 1e6);
}

static void print_text(const bench_fleet *fleet, const figures *f) {
  printf("connections  %u, %u failed, %u lost\n", fleet->count, fleet->failed,
         fleet->lost);
  if (fleet->connects.hist.count > 0)
    print_times("connect", &fleet->connects);
  printf("events       %llu sent, %llu answered, %llu errors in %.1f s: "
         "%.0f a second\n",
         (unsigned long long)fleet->sent, (unsigned long long)fleet->answered,
         (unsigned long long)fleet->errors, f->seconds, f->per_second);
  if (fleet->unanswered > 0)
    printf("unanswered   %llu, which the times of answers do not show\n",
           (unsigned long long)fleet->unanswered);
  if (fleet->answers.hist.count > 0)
    print_times("answer", &fleet->answers);
  printf("this side    %.0f %% of a core%s\n", f->cpu * 100,
         f->cpu > 0.9 ? ": it is the bottleneck, not the server" : "");
}

static cli_exit report(const bench_fleet *fleet, uint64_t used_ns) {
  cli_out out;
  cli_out_init(&out, fleet->opts);
  uint64_t all_ns = bench_fleet_now_ns() - fleet->start_ns;
  figures f = {.seconds = (double)fleet->window_ns / 1e9,
               .cpu = all_ns > 0 ? (double)used_ns / (double)all_ns : 0};
  uint64_t events = fleet->opts->no_answer ? fleet->sent : fleet->answered;
  f.per_second = f.seconds > 0 ? (double)events / f.seconds : 0;
  if (out.json)
    print_json(fleet, &f);
  else
    print_text(fleet, &f);
  if (fleet->problem[0] != '\0')
    cli_say("bench", "the first problem: %s", fleet->problem);
  if (fleet->connects.hist.count == 0)
    return fleet->refused > 0 ? CLI_FAILED : CLI_OFFLINE;
  bool is_silent = events == 0;
  if (is_silent && !fleet->opts->no_answer)
    cli_say("bench",
            "no answer to %s: does the server acknowledge it? --echo, "
            "--no-answer, or another event",
            fleet->event);
  bool is_whole =
      fleet->failed + fleet->lost + fleet->errors + fleet->unanswered == 0;
  return !is_whole || is_silent ? CLI_FAILED : CLI_OK;
}

cli_exit cli_bench_run(const cli_opts *opts) {
  static bench_fleet fleet;
  if (opts->no_answer && (opts->rate <= 0 || opts->echo)) {
    cli_say("bench", opts->echo ? "--echo or --no-answer, not both"
                                : "--no-answer needs --rate");
    return CLI_USAGE;
  }
  peal_build *build = peal_build_new();
  cli_exit code = bench_fleet_init(&fleet, opts, build);
  if (code == CLI_OK) {
    if (!opts->quiet)
      fleet.on_progress = on_progress;
    uint64_t before_ns = cpu_ns();
    bench_fleet_run(&fleet);
    if (!opts->quiet && isatty(STDERR_FILENO))
      fputs("\r\033[K", stderr);
    code = report(&fleet, cpu_ns() - before_ns);
  }
  bench_fleet_deinit(&fleet);
  peal_build_free(build);
  return code;
}
