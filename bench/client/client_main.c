/* SPDX-License-Identifier: MIT */
/* Clients of Peal under load: so many on one worker, each keeps some messages
 * going and checks every answer. As bench/peers do it on other clients: prints
 * "begun", "joined" and one line of JSON, and waits for a line of input behind
 * each word, so that its memory can be looked at. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/resource.h>

#include <peal/client.h>

typedef struct options {
  uint32_t port, clients, inflight;
  double settle, warmup, seconds;
  bool is_ack;
} options;

typedef struct bench {
  options opts;
  peal_workers *workers;
  peal_client **clients;
  uint32_t opened, joined;
  uint64_t answers, next;
  uint64_t at_start;
  double cpu_at_start, wall_at_start;
  int code;
} bench;

static bench all;

/* -- what it costs ---------------------------------------------------------- */

static double cpu_s(void) {
  struct rusage use;
  (void)getrusage(RUSAGE_SELF, &use);
  return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static double wall_s(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void say_and_wait(const char *word) {
  (void)printf("%s\n", word);
  (void)fflush(stdout);
  while (getchar() != '\n') {}
}

/* -- messages ------------------------------------------------------------------ */

static void fail(const char *why) {
  (void)fprintf(stderr, "%s\n", why);
  all.code = 1;
  peal_workers_stop(all.workers, 0);
}

static void send_one(peal_client_nsp *nsp);

static void answered(peal_client_nsp *nsp, peal_val value, bool more) {
  peal_slice text = peal_val_str(value);
  if (!peal_slice_starts(text, "hello 1") || text.len != 14) {
    fail("a wrong answer");
    return;
  }
  all.answers++;
  if (more) {
    send_one(nsp);
  }
}

static void on_echo(peal_client_nsp *nsp, const peal_event *event, void *user) {
  (void)user;
  answered(nsp, peal_event_arg(event, 0), true);
}

static void on_ack(peal_client_nsp *nsp, peal_err err, peal_args args,
                   void *user) {
  (void)user;
  if (err == PEAL_OK && args.count == 1) {
    answered(nsp, args.items[0], true);
  }
}

static void send_one(peal_client_nsp *nsp) {
  char text[32];
  (void)snprintf(text, sizeof text, "hello %08" PRIu64,
                 10000000 + all.next++ % 10000000);
  peal_args args = PEAL_ARGS(peal_str(text));
  peal_err err = all.opts.is_ack ? peal_client_emit_ack(nsp, NULL, "echo", args,
                                                        on_ack, NULL)
                                 : peal_client_emit(nsp, "echo", args);
  if (err != PEAL_OK) {
    fail(peal_err_message(err));
  }
}

/* -- the run ---------------------------------------------------------------------- */

static void at_end(peal_timer *timer, void *user) {
  (void)user;
  peal_timer_free(timer);
  double cpu = cpu_s() - all.cpu_at_start;
  double seconds = wall_s() - all.wall_at_start;
  uint64_t messages = all.answers - all.at_start;
  (void)printf("{\"messages\":%" PRIu64 ",\"seconds\":%.3f,\"cpu_s\":%.4f,"
               "\"cpu_us_per_msg\":%.3f}\n",
               messages, seconds, cpu,
               messages ? cpu * 1e6 / (double)messages : 0.0);
  (void)fflush(stdout);
  peal_workers_stop(all.workers, 0);
}

static void start_timer(peal_timer_fn fn, double seconds) {
  peal_timer *timer =
      peal_timer_new(peal_workers_get(all.workers, 0), fn, NULL);
  peal_timer_start(timer, (uint64_t)(seconds * 1000), 0);
}

static void at_begin(peal_timer *timer, void *user) {
  (void)user;
  peal_timer_free(timer);
  all.at_start = all.answers;
  all.cpu_at_start = cpu_s();
  all.wall_at_start = wall_s();
  start_timer(at_end, all.opts.seconds);
}

static void on_settled(peal_timer *timer, void *user) {
  (void)user;
  peal_timer_free(timer);
  say_and_wait("joined");
  for (uint32_t i = 0; i < all.opts.clients; i++) {
    for (uint32_t n = 0; n < all.opts.inflight; n++) {
      send_one(peal_client_of(all.clients[i], "/"));
    }
  }
  start_timer(at_begin, all.opts.warmup);
}

static void open_some(void);

static void on_connect(peal_client_nsp *nsp, void *user) {
  (void)nsp;
  (void)user;
  if (++all.joined == all.opts.clients) {
    start_timer(on_settled, all.opts.settle);
  } else if (all.joined == all.opened) {
    open_some();
  }
}

static void on_disconnect(peal_client_nsp *nsp, peal_client_reason reason,
                          peal_err err, void *user) {
  (void)nsp;
  (void)err;
  (void)user;
  fail(peal_client_reason_text(reason));
}

static peal_client *add_client(void) {
  char url[64];
  peal_client *client = NULL;
  (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", all.opts.port);
  peal_client_problem why;
  if (peal_client_new(&client,
                      &(peal_client_opts){
                          .url = url,
                          .worker = peal_workers_get(all.workers, 0),
                          .transports = PEAL_CLIENT_WEBSOCKET_ONLY,
                          .proxy = "",
                      },
                      &why) != PEAL_OK) {
    (void)fprintf(stderr, "%s\n", why.text);
    return NULL;
  }
  peal_client_nsp *nsp = peal_client_of(client, "/");
  bool ok = peal_client_on_connect(nsp, on_connect, NULL) == PEAL_OK &&
            peal_client_on_disconnect(nsp, on_disconnect, NULL) == PEAL_OK &&
            peal_client_on(nsp, "echo", on_echo, NULL) == PEAL_OK;
  return ok ? client : NULL;
}

/* So many at a time, as the others do it. */
static void open_some(void) {
  for (uint32_t i = 0; i < 100 && all.opened < all.opts.clients; i++) {
    peal_client *client = add_client();
    if (!client) {
      fail("a client could not be made");
      return;
    }
    all.clients[all.opened++] = client;
  }
}

static void start(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  say_and_wait("begun");
  open_some();
}

static void stop(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  for (uint32_t i = 0; i < all.opened; i++) {
    peal_client_free(all.clients[i]);
  }
}

/* -- words ------------------------------------------------------------------------- */

static bool parse(options *out, int argc, char **argv) {
  *out = (options){.clients = 100,
                   .inflight = 1,
                   .settle = 0.1,
                   .warmup = 0.4,
                   .seconds = 1.1};
  for (int i = 1; i + 1 < argc; i += 2) {
    double value = atof(argv[i + 1]);
    if (strcmp(argv[i], "--port") == 0) {
      out->port = (uint32_t)value;
    } else if (strcmp(argv[i], "--clients") == 0) {
      out->clients = (uint32_t)value;
    } else if (strcmp(argv[i], "--inflight") == 0) {
      out->inflight = (uint32_t)value;
    } else if (strcmp(argv[i], "--settle") == 0) {
      out->settle = value;
    } else if (strcmp(argv[i], "--warmup") == 0) {
      out->warmup = value;
    } else if (strcmp(argv[i], "--seconds") == 0) {
      out->seconds = value;
    } else if (strcmp(argv[i], "--ack") == 0) {
      out->is_ack = value > 0;
    } else {
      return false;
    }
  }
  return out->port && out->clients;
}

int main(int argc, char **argv) {
  if (!parse(&all.opts, argc, argv)) {
    (void)fprintf(stderr, "usage: peal-bench-client --port P [--clients N] "
                          "[--inflight N] [--seconds S] [--warmup S] "
                          "[--settle S] [--ack 1]\n");
    return 2;
  }
  all.clients = calloc(all.opts.clients, sizeof(peal_client *));
  all.workers =
      peal_workers_new(&(peal_workers_opts){.log = {.level = PEAL_LOG_ERROR}});
  if (!all.clients || !all.workers ||
      peal_workers_on_start(all.workers, start, NULL) != PEAL_OK ||
      peal_workers_on_stop(all.workers, stop, NULL) != PEAL_OK) {
    return 1;
  }
  int code = peal_workers_run(all.workers);
  peal_workers_free(all.workers);
  free(all.clients);
  return code ? code : all.code;
}
