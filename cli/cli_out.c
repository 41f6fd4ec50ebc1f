/* SPDX-License-Identifier: MIT */
#include "cli_out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <unistd.h>

#include <peal/worker.h>

#include "cli_json.h"
#include "cli_value.h"

#define DIM "\033[2m"
#define BOLD "\033[1m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

enum { TIME_TEXT = 40 };

/* https://no-color.org */
static bool may_colour(FILE *file) {
  const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
  return isatty(fileno(file)) && (no == NULL || *no == '\0') &&
         (term == NULL || strcmp(term, "dumb") != 0);
}

void cli_out_init(cli_out *out, const cli_opts *opts) {
  bool is_terminal = isatty(STDOUT_FILENO);
  *out = (cli_out){.json = opts->json || (!opts->human && !is_terminal),
                   .quiet = opts->quiet,
                   .verbose = opts->verbose};
  out->colour = !out->json && may_colour(stdout);
  out->colour_err = may_colour(stderr);
}

static void begin(cli_out *out) {
  if (out->before != NULL)
    out->before(out->user);
}

static void end(cli_out *out, FILE *file) {
  fputc('\n', file);
  if (fflush(file) != 0 && file == stdout)
    out->is_broken = true;
  if (out->after != NULL)
    out->after(out->user);
}

static void write_time(char *text, int64_t ms, bool is_full) {
  time_t s = (time_t)(ms / 1000);
  struct tm at;
  char buf[TIME_TEXT];
  if (is_full) {
    gmtime_r(&s, &at);
    strftime(buf, sizeof buf, "%Y-%m-%dT%H:%M:%S", &at);
    snprintf(text, TIME_TEXT, "%.30s.%03dZ", buf, (int)(ms % 1000));
  } else {
    localtime_r(&s, &at);
    strftime(text, TIME_TEXT, "%H:%M:%S", &at);
  }
}

static void print_now(bool colour, FILE *file) {
  char text[TIME_TEXT];
  write_time(text, peal_wall_ms(), false);
  fprintf(file, "%s%s%s ", colour ? DIM : "", text, colour ? PLAIN : "");
}

static bool is_event(const cli_packet *packet) {
  return strcmp(packet->what, "event") == 0;
}

/* One by one: inside of an object a value would be one level deeper, which may
 * be one too many. */
static void print_member(const char *comma, const char *name, peal_val value) {
  fprintf(stdout, "%s\"%s\":", comma, name);
  cli_json_print(stdout, value, CLI_JSON_PLAIN);
}

static void packet_json(const cli_packet *packet) {
  char text[TIME_TEXT];
  write_time(text, peal_wall_ms(), true);
  peal_build *build = peal_build_new();
  peal_val list = cli_value_plain(
      build, peal_array(packet->args.items, packet->args.count));
  fputc('{', stdout);
  if (is_event(packet)) {
    print_member("", "event", peal_str_slice(packet->name));
    print_member(",", "args", list);
  } else {
    print_member("", packet->what, list);
  }
  print_member(",", "nsp", peal_str(packet->nsp));
  if (packet->id != NULL)
    print_member(",", "id", peal_str(packet->id));
  if (packet->wants_ack)
    print_member(",", "wants_ack", peal_bool(true));
  print_member(",", "time", peal_str(text));
  fputc('}', stdout);
  peal_build_free(build);
}

static cli_json_form form_of(bool colour) {
  return colour ? CLI_JSON_COLOUR : CLI_JSON_PLAIN;
}

static void print_args(FILE *file, peal_args args, bool colour) {
  for (size_t i = 0; i < args.count; i++) {
    fputc(' ', file);
    peal_build *build = peal_build_new();
    cli_json_print(file, cli_value_plain(build, args.items[i]),
                   form_of(colour));
    peal_build_free(build);
  }
}

static void packet_text(FILE *file, bool colour, const cli_packet *packet) {
  print_now(colour, file);
  fputs(colour ? DIM : "", file);
  if (packet->id != NULL)
    fprintf(file, "%s ", packet->id);
  if (strcmp(packet->nsp, "/") != 0) {
    cli_json_word(file, peal_slice_of(packet->nsp));
    fputc(' ', file);
  }
  fputs(colour ? PLAIN BOLD : "", file);
  if (is_event(packet))
    cli_json_word(file, packet->name);
  else
    fputs(packet->what, file);
  fputs(colour ? PLAIN : "", file);
  print_args(file, packet->args, colour);
  if (packet->wants_ack)
    fprintf(file, "%s (wants an answer)%s", colour ? DIM : "",
            colour ? PLAIN : "");
}

void cli_out_packet(cli_out *out, const cli_packet *packet) {
  begin(out);
  if (out->json)
    packet_json(packet);
  else
    packet_text(stdout, out->colour, packet);
  end(out, stdout);
}

void cli_out_value(cli_out *out, peal_val value) {
  begin(out);
  peal_build *build = peal_build_new();
  cli_json_print(stdout, cli_value_plain(build, value), form_of(out->colour));
  peal_build_free(build);
  end(out, stdout);
}

static const char *colour_of(const char *mark) {
  switch (*mark) {
  case 'o':
    return GREEN;
  case 'w':
    return YELLOW;
  case '-':
    return DIM;
  default:
    return RED;
  }
}

void cli_out_line(cli_out *out, peal_val json, const char *mark,
                  const char *text) {
  begin(out);
  if (out->json) {
    cli_json_print(stdout, json, CLI_JSON_PLAIN);
  } else {
    if (*mark != '\0')
      fprintf(stdout, "%s%-5s%s ", out->colour ? colour_of(mark) : "", mark,
              out->colour ? PLAIN : "");
    cli_json_text(stdout, peal_slice_of(text));
  }
  end(out, stdout);
}

static void note(cli_out *out, const char *text) {
  begin(out);
  fputs(out->colour_err ? DIM : "", stderr);
  cli_json_text(stderr, peal_slice_of(text));
  fputs(out->colour_err ? PLAIN : "", stderr);
  end(out, stderr);
}

void cli_out_note(cli_out *out, const char *format, ...) {
  if (out->quiet)
    return;
  char text[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  note(out, text);
}

void cli_out_trace(cli_out *out, const char *format, ...) {
  if (!out->verbose)
    return;
  char text[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  note(out, text);
}

void cli_out_trace_packet(cli_out *out, const char *way,
                          const cli_packet *packet) {
  if (!out->verbose)
    return;
  begin(out);
  fprintf(stderr, "%s ", way);
  packet_text(stderr, out->colour_err, packet);
  end(out, stderr);
}
