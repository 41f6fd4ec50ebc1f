/* SPDX-License-Identifier: MIT */
/* peal-cost-server: the server of the cost suite. It prints `port N` and is
 * then asked over HTTP:
 *
 *   /figures                       turns, connections, clients, sockets
 *   /release                       the middleware of "/slow" goes on
 *   /broadcast?count=N&bytes=N     to everyone in "/"
 *   /conflate?count=N              CPU microseconds of one conflated emit
 *   /close                         ends every client of "/" */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/peal.h>

#include "cost_app.h"

static size_t number(peal_http_req *req, const char *name) {
  peal_slice text;
  char digits[24] = "";
  if (peal_http_req_param(req, name, &text) && text.len < sizeof digits)
    memcpy(digits, text.ptr, text.len);
  return (size_t)strtoul(digits, NULL, 10);
}

static void answer(peal_http_req *req, const char *name, double value) {
  peal_http_answer_json(req, 200, PEAL_OBJECT({name, peal_double(value)}));
}

static void on_figures(peal_http_req *req, void *user) {
  peal_server *server = *(peal_server **)user;
  peal_workers *workers = peal_server_workers(server);
  peal_server_stats stats = {0};
  uint64_t turns = 0;
  uint64_t connections = 0;
  for (unsigned i = 0; i < peal_workers_count(workers); i++) {
    peal_worker_stats one = {0};
    peal_worker_stats_get(peal_workers_get(workers, i), &one);
    turns += one.turns;
    connections += one.connections;
  }
  peal_server_stats_get(server, &stats);
  peal_http_answer_json(
      req, 200,
      PEAL_OBJECT({"turns", peal_int((int64_t)turns)},
                  {"connections", peal_int((int64_t)connections)},
                  {"clients", peal_int((int64_t)stats.clients)},
                  {"sockets", peal_int((int64_t)stats.sockets)},
                  {"sessions", peal_int((int64_t)stats.sessions_total)}));
}

static void on_release(peal_http_req *req, void *user) {
  (void)user;
  cost_app_release();
  answer(req, "released", 1);
}

static void on_broadcast(peal_http_req *req, void *user) {
  size_t taken = cost_app_broadcast(*(peal_server **)user, number(req, "count"),
                                    number(req, "bytes"), NULL);
  answer(req, "taken", (double)taken);
}

static void on_conflate(peal_http_req *req, void *user) {
  answer(req, "us",
         cost_app_conflate_us(*(peal_server **)user, number(req, "count")));
}

static void on_close(peal_http_req *req, void *user) {
  peal_nsp *nsp = peal_server_of(*(peal_server **)user, "/");
  answer(req, "done", peal_nsp_disconnect(nsp, NULL, true) == PEAL_OK);
}

static bool mount(peal_http_server *http, const char *path, peal_http_req_fn fn,
                  peal_server **server) {
  peal_http_mount mounted = {.path = path, .on_request = fn, .user = server};
  return peal_http_server_mount(http, &mounted) == PEAL_OK;
}

static bool option(peal_server_opts *opts, peal_http_server_opts *http,
                   const char *name, const char *value) {
  char *end = NULL;
  unsigned long n = strtoul(value, &end, 10);
  if (end == value || *end != '\0')
    return false;
  if (strcmp(name, "--workers") == 0)
    http->workers = (unsigned)n;
  else if (strcmp(name, "--ping") == 0)
    opts->ping_interval_ms = (uint32_t)n;
  else if (strcmp(name, "--ping-timeout") == 0)
    opts->ping_timeout_ms = (uint32_t)n;
  else if (strcmp(name, "--connect-timeout") == 0)
    opts->connect_timeout_ms = (uint32_t)n;
  else if (strcmp(name, "--queue") == 0)
    opts->max_queue_bytes = (size_t)n;
  else if (strcmp(name, "--policy") == 0)
    opts->queue_policy = (peal_queue_policy)n;
  else if (strcmp(name, "--log") == 0)
    opts->log.level = http->log.level = (peal_log_level)n;
  else if (strcmp(name, "--hold") == 0)
    http->head_timeout_ms = http->body_timeout_ms = http->idle_timeout_ms =
        (uint32_t)n;
  else
    return false;
  return true;
}

int main(int argc, char **argv) {
  peal_http_server_opts web = {
      .host = "127.0.0.1", .port = PEAL_PORT_ANY, .log.level = PEAL_LOG_WARN};
  peal_server_opts opts = {.log.level = PEAL_LOG_WARN};
  for (int i = 1; i < argc; i += 2)
    if (i + 1 == argc || !option(&opts, &web, argv[i], argv[i + 1])) {
      fprintf(stderr, "peal-cost-server: what is %s?\n", argv[i]);
      return 2;
    }

  peal_http_server *http = NULL;
  static peal_server *server;
  int status = 1;
  if (peal_http_server_new(&http, &web) == PEAL_OK) {
    opts.http = http;
    server = peal_server_new(&opts);
    if (server != NULL && cost_app_open(server) &&
        mount(http, "/figures", on_figures, &server) &&
        mount(http, "/release", on_release, &server) &&
        mount(http, "/broadcast", on_broadcast, &server) &&
        mount(http, "/conflate", on_conflate, &server) &&
        mount(http, "/close", on_close, &server)) {
      printf("port %u\n", peal_http_server_port(http));
      fflush(stdout);
      status = peal_server_run(server);
    }
  }
  peal_server_free(server);
  peal_http_server_free(http);
  return status;
}
