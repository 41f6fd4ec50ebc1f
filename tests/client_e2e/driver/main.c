/* SPDX-License-Identifier: MIT */
/* The driver of Peal's own client: lines of JSON in, reports out
 * (tests/interop/README.md). All clients are on one worker, which is that of
 * this process; with --threads each has a thread of its own, and the commands
 * come from another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "driver_do.h"
#include "driver_say.h"
#include "driver_socket.h"

static peal_doc *next_line(void) {
  static char *line;
  static size_t room;
  peal_doc *doc = NULL;
  ssize_t len;
  while (!doc && (len = getline(&line, &room, stdin)) > 0) {
    if (peal_doc_from_json(&doc, (peal_slice){line, (size_t)len}, NULL) !=
        PEAL_OK) {
      (void)fprintf(stderr, "not understood: %s", line);
    }
  }
  if (!doc) {
    free(line);
    line = NULL;
  }
  return doc;
}

static void hello(void) {
  driver_say(PEAL_OBJECT({"is", peal_str("hello")},
                         {"client", peal_str("peal")},
                         {"lacks", peal_array(NULL, 0)}));
}

/* -- on threads of their own ---------------------------------------------------- */

static int run_threads(void) {
  peal_doc *doc;
  hello();
  while ((doc = next_line())) {
    driver_do_line(doc);
  }
  driver_socket_free_all();
  return 0;
}

/* -- on one worker ---------------------------------------------------------------- */

static void run_line(peal_worker *worker, void *user) {
  (void)worker;
  driver_do_line(user);
}

static void end(peal_worker *worker, void *user) {
  (void)user;
  driver_socket_free_all();
  peal_workers_stop(peal_worker_group(worker), 0);
}

static void *read_lines(void *user) {
  peal_worker *worker = user;
  peal_doc *doc;
  while ((doc = next_line())) {
    if (peal_worker_post(worker, run_line, doc) != PEAL_OK) {
      peal_doc_free(doc);
    }
  }
  if (peal_worker_post(worker, end, NULL) != PEAL_OK) {
    (void)fprintf(stderr, "the worker has gone\n");
  }
  return NULL;
}

static int run_worker(void) {
  pthread_t reader;
  peal_workers *workers =
      peal_workers_new(&(peal_workers_opts){.log = {.level = PEAL_LOG_ERROR}});
  peal_worker *worker = peal_workers_get(workers, 0);
  driver_do_on(worker);
  hello();
  if (!workers || pthread_create(&reader, NULL, read_lines, worker) != 0) {
    peal_workers_free(workers);
    return 1;
  }
  int code = peal_workers_run(workers);
  (void)pthread_join(reader, NULL);
  peal_workers_free(workers);
  return code;
}

int main(int argc, char **argv) {
  bool threads = argc > 1 && strcmp(argv[1], "--threads") == 0;
  return threads ? run_threads() : run_worker();
}
