/* SPDX-License-Identifier: MIT */
#include "sim_opts.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <getopt.h>

enum { HELP = 'h', URL = 256, KEY, DEVICES, SEED, PARENT, QUIET, NUMBERS };

/* The options that are plain numbers, in the order of their ids. */
static const struct number {
  const char *name;
  size_t offset;
  double min, max;
} numbers[] = {
    {"sensor-hz", offsetof(sim_opts, sensor_hz), 0, 1000},
    {"orientation-hz", offsetof(sim_opts, orientation_hz), 0, 1000},
    {"picture-s", offsetof(sim_opts, picture_s), 0, 86400},
    {"audio-s", offsetof(sim_opts, audio_s), 0, 86400},
    {"duration-s", offsetof(sim_opts, duration_s), 0, 1e9},
    {"fault-drop", offsetof(sim_opts, fault_drop), 0, 1},
    {"fault-slow", offsetof(sim_opts, fault_slow), 0, 1},
    {"fault-bad", offsetof(sim_opts, fault_bad), 0, 1},
};

enum { NUMBER_COUNT = sizeof numbers / sizeof numbers[0] };

static const struct option others[] = {
    {"help", no_argument, NULL, HELP},
    {"url", required_argument, NULL, URL},
    {"key", required_argument, NULL, KEY},
    {"devices", required_argument, NULL, DEVICES},
    {"seed", required_argument, NULL, SEED},
    {"die-with-parent", optional_argument, NULL, PARENT},
    {"quiet", no_argument, NULL, QUIET},
};

enum { OTHER_COUNT = sizeof others / sizeof others[0] };

static void print_help(void) {
  puts("peal-esp32-sim: simulated ESP32 devices for the dashboard\n"
       "\n"
       "  --url URL             the dashboard (http://127.0.0.1:5000)\n"
       "  --devices N           how many, SIM-01 ... (3)\n"
       "  --sensor-hz N         motion readings per second and device (5)\n"
       "  --orientation-hz N    orientations per second and device (5)\n"
       "  --picture-s N         seconds between two pictures (10; 0: none)\n"
       "  --audio-s N           seconds between two recordings (30; 0: none)\n"
       "  --duration-s N        stop after so long (0: never)\n"
       "  --seed N              same seed, same devices (from the clock)\n"
       "  --key KEY             device key, sent as X-Device-Key; better in\n"
       "                        the environment as PEAL_DEVICE_KEY\n"
       "  --fault-drop P        share of requests broken off in the middle\n"
       "  --fault-slow P        share of bodies sent slowly\n"
       "  --fault-bad P         share of requests with broken content\n"
       "  --die-with-parent[=PID]  end with the program that started it\n"
       "  --quiet               only errors are printed\n"
       "  --help\n"
       "\n"
       "SIGINT and SIGTERM end it. Exit: 0, 1 if no request succeeded, 2 for\n"
       "a wrong command line.");
}

static sim_opts_result wrong(const char *name, const char *wanted,
                             const char *got) {
  fprintf(stderr, "peal-esp32-sim: --%s: expected %s, not \"%s\"\n", name,
          wanted, got);
  return SIM_OPTS_WRONG;
}

static sim_opts_result set_number(sim_opts *out, const struct number *number,
                                  const char *text) {
  char *end = NULL;
  double value = strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= number->min) ||
      !(value <= number->max)) {
    char wanted[64];
    snprintf(wanted, sizeof wanted, "a number from %g to %g", number->min,
             number->max);
    return wrong(number->name, wanted, text);
  }
  memcpy((char *)out + number->offset, &value, sizeof value);
  return SIM_OPTS_RUN;
}

static bool read_whole(const char *text, uint64_t *out) {
  char *end = NULL;
  errno = 0;
  *out = strtoull(text, &end, 10);
  return errno == 0 && end != text && *end == '\0' && *text != '-';
}

static sim_opts_result set_url(sim_opts *out, char *url) {
  if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
    return wrong("url", "http://... or https://...", url);
  size_t len = strlen(url);
  while (len > 8 && url[len - 1] == '/')
    url[--len] = '\0';
  out->url = url;
  return SIM_OPTS_RUN;
}

static sim_opts_result set_key(sim_opts *out, const char *key) {
  // a line break in it would end the header and begin another
  for (const char *p = key; *p != '\0'; p++)
    if (*p <= ' ' || *p > '~')
      return wrong("key", "visible ASCII characters", "(hidden)");
  out->key = key;
  return SIM_OPTS_RUN;
}

static sim_opts_result set_other(sim_opts *out, int id, char *text) {
  uint64_t value = 0;
  switch (id) {
  case URL:
    return set_url(out, text);
  case KEY:
    return set_key(out, text);
  case DEVICES:
    if (!read_whole(text, &value) || value < 1 || value > SIM_MAX_DEVICES)
      return wrong("devices", "a number from 1 to 10000", text);
    out->devices = (uint32_t)value;
    return SIM_OPTS_RUN;
  case SEED:
    if (!read_whole(text, &out->seed))
      return wrong("seed", "a whole number", text);
    return SIM_OPTS_RUN;
  case PARENT:
    out->die_with_parent = true;
    if (text != NULL && (!read_whole(text, &value) || value > INT32_MAX))
      return wrong("die-with-parent", "a process id", text);
    out->parent_pid = (long)value;
    return SIM_OPTS_RUN;
  case QUIET:
    out->quiet = true;
    return SIM_OPTS_RUN;
  case HELP:
    print_help();
    return SIM_OPTS_DONE;
  default: // getopt_long has said what
    fputs("peal-esp32-sim: --help lists the options\n", stderr);
    return SIM_OPTS_WRONG;
  }
}

sim_opts_result sim_opts_parse(sim_opts *out, int argc, char **argv) {
  *out = (sim_opts){.url = "http://127.0.0.1:5000",
                    .devices = 3,
                    .sensor_hz = 5,
                    .orientation_hz = 5,
                    .picture_s = 10,
                    .audio_s = 30,
                    .seed = (uint64_t)time(NULL)};
  struct option options[OTHER_COUNT + NUMBER_COUNT + 1] = {{0}};
  memcpy(options, others, sizeof others);
  for (int i = 0; i < NUMBER_COUNT; i++)
    options[OTHER_COUNT + i] =
        (struct option){numbers[i].name, required_argument, NULL, NUMBERS + i};
  sim_opts_result result = SIM_OPTS_RUN;
  const char *key = getenv("PEAL_DEVICE_KEY");
  if (key != NULL && *key != '\0')
    result = set_key(out, key);
  int id;
  while (result == SIM_OPTS_RUN &&
         (id = getopt_long(argc, argv, "h", options, NULL)) != -1)
    result = id >= NUMBERS ? set_number(out, &numbers[id - NUMBERS], optarg)
                           : set_other(out, id, optarg);
  if (result == SIM_OPTS_RUN && optind < argc)
    return wrong("help", "options only", argv[optind]);
  return result;
}
