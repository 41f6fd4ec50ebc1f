/* SPDX-License-Identifier: MIT */
/* conflate: a live picture for many viewers. A viewer that is too slow skips
 * frames: it gets the newest one, never a backlog, and delays nobody.
 *
 *   example-conflate [port]
 *
 *   socket.on("picture", ({seq, data}) => …)    fifty a second, 64 KiB each */
#include <stdlib.h>
#include <string.h>

#include <peal/peal.h>

typedef struct camera {
  peal_nsp *nsp;
  int64_t seq;
  char picture[65536];
} camera;

/* With the key "picture" a frame replaces the one that still waits. */
static void on_frame(peal_timer *timer, void *user) {
  camera *self = user;
  (void)timer;
  self->seq++;
  memset(self->picture, (int)(self->seq & 0x7f), sizeof self->picture);
  (void)peal_nsp_emit(
      self->nsp, &(peal_to){.conflate = "picture"}, "picture",
      PEAL_ARGS(PEAL_OBJECT(
          {"seq", peal_int(self->seq)},
          {"data",
           peal_binary((peal_slice){self->picture, sizeof self->picture})})));
}

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(&(peal_server_opts){
      .port = argc > 1 ? atoi(argv[1]) : 3000, .cors.origins = "*"});
  static camera self;
  self.nsp = peal_server_of(server, "/");
  if (!self.nsp)
    return 1;
  /* Before the run, worker 0 belongs to the thread that will run it. */
  peal_worker *worker =
      peal_workers_get(peal_http_server_workers(peal_server_http(server)), 0);
  peal_timer *timer = peal_timer_new(worker, on_frame, &self);
  if (!timer)
    return 1;
  peal_timer_start(timer, 20, 20);
  int code = peal_server_run(server);
  peal_timer_free(timer);
  peal_server_free(server);
  return code;
}
