/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "load_opts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <getopt.h>

#include "load_msg.h"

enum {
  MAX_CLIENTS = 50000,  /* descriptors of one process */
  MAX_INFLIGHT = 4096,  /* a burst of small messages fits a socket buffer */
  MAX_BYTES = 64 << 20, /* one message; far over any default ceiling */
  MAX_SECONDS = 600,    /* every run ends */
};

static const char usage[] =
    "usage: peal-bench-load MODE --port P [options]\n"
    "  modes: echo, ack, broadcast, connect, polling, paced,\n"
    "         idle, churn, turns, waiting\n"
    "  --port P        the server, on 127.0.0.1\n"
    "  --pid PID       measure this process\n"
    "  --clients N     connections (connect: handshakes at a time)\n"
    "  --inflight K    unanswered messages per client (1)\n"
    "  --bytes B       length of the string argument (14)\n"
    "  --seconds S     length of the measured window (3)\n"
    "  --warmup S      traffic before it (0.5)\n"
    "  --messages M    send exactly M, without warm-up\n"
    "  --rate R        paced: messages per second (1000)\n"
    "  --msgpack       echo, broadcast: packets as socket.io-msgpack-parser's\n"
    "  --offsets       the server recovers clients: events end in an offset\n"
    "  --chrome        ask as Chrome does, each client with its cookie\n"
    "  --stall S       give up after S seconds without an answer (10)\n"
    "  --collect       idle: send SIGUSR2 before memory is read\n";

static _Noreturn void usage_die(const char *problem, const char *what) {
  fprintf(stderr, "peal-bench-load: %s: %s\n%s", problem, what, usage);
  exit(2);
}

static double number(const char *text, double min, double max) {
  char *end = NULL;
  errno = 0;
  double value = strtod(text, &end);
  if (errno != 0 || end == text || *end != '\0')
    usage_die("expected a number", text);
  if (!(value >= min && value <= max))
    usage_die("number out of range", text);
  return value;
}

static void option(load_opts *opts, int name, const char *text) {
  switch (name) {
  case 'p':
    opts->port = (uint16_t)number(text, 1, 65535);
    break;
  case 'i':
    opts->pid = (pid_t)number(text, 1, 1 << 30);
    break;
  case 'c':
    opts->clients = (uint32_t)number(text, 1, MAX_CLIENTS);
    break;
  case 'k':
    opts->inflight = (uint32_t)number(text, 1, MAX_INFLIGHT);
    break;
  case 'b':
    opts->bytes = (uint32_t)number(text, LOAD_MSG_MIN_BYTES, MAX_BYTES);
    break;
  case 's':
    opts->seconds = number(text, 0.001, MAX_SECONDS);
    break;
  case 'w':
    opts->warmup = number(text, 0, MAX_SECONDS);
    break;
  case 't':
    opts->stall = number(text, 0.1, MAX_SECONDS);
    break;
  case 'm':
    opts->messages = (uint64_t)number(text, 1, 1e12);
    break;
  case 'r':
    opts->rate = number(text, 1, 1e8);
    break;
  case 'y':
    opts->msgpack = true;
    break;
  case 'o':
    opts->offsets = true;
    break;
  case 'h':
    opts->chrome = true;
    break;
  case 'g':
    opts->collect = true;
    break;
  default:
    fputs(usage, stderr);
    exit(2);
  }
}

void load_opts_init(load_opts *opts, int argc, char **argv) {
  static const struct option names[] = {
      {"port", required_argument, NULL, 'p'},
      {"pid", required_argument, NULL, 'i'},
      {"clients", required_argument, NULL, 'c'},
      {"inflight", required_argument, NULL, 'k'},
      {"bytes", required_argument, NULL, 'b'},
      {"seconds", required_argument, NULL, 's'},
      {"warmup", required_argument, NULL, 'w'},
      {"messages", required_argument, NULL, 'm'},
      {"stall", required_argument, NULL, 't'},
      {"rate", required_argument, NULL, 'r'},
      {"msgpack", no_argument, NULL, 'y'},
      {"offsets", no_argument, NULL, 'o'},
      {"chrome", no_argument, NULL, 'h'},
      {"collect", no_argument, NULL, 'g'},
      {NULL, 0, NULL, 0},
  };
  *opts = (load_opts){.inflight = 1,
                      .bytes = LOAD_MSG_MIN_BYTES,
                      .seconds = 3,
                      .warmup = 0.5,
                      .rate = 1000,
                      .stall = 10};
  for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;)
    option(opts, name, optarg);
  if (optind + 1 != argc)
    usage_die("expected one mode", optind < argc ? argv[optind + 1] : "none");
  opts->mode = argv[optind];
  if (opts->port == 0)
    usage_die("missing", "--port");
  if (opts->messages != 0)
    opts->warmup = 0;
}
