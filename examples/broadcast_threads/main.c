/* SPDX-License-Identifier: MIT */
/* broadcast_threads: a thread of the application's own (a sensor, a queue, a
 * serial port) emits to clients on four workers.
 *
 *   example-broadcast_threads [port]
 *
 *   socket.on("tick", (n) => …)                 ten a second, in order */
#include <stdatomic.h>
#include <stdlib.h>
#include <threads.h>

#include <peal/peal.h>

typedef struct ticker {
  peal_nsp *nsp;
  atomic_bool stop;
} ticker;

/* peal_nsp_emit is one of the few functions for any thread. */
static int tick(void *user) {
  ticker *self = user;
  for (int64_t n = 0; !atomic_load(&self->stop); n++) {
    (void)peal_nsp_emit(self->nsp, NULL, "tick", PEAL_ARGS(peal_int(n)));
    thrd_sleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
  }
  return 0;
}

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(
      &(peal_server_opts){.port = argc > 1 ? atoi(argv[1]) : 3000,
                          .workers = 4,
                          .cors.origins = "*"});
  ticker self = {.nsp = peal_server_of(server, "/")};
  thrd_t thread;
  if (!self.nsp || thrd_create(&thread, tick, &self) != thrd_success)
    return 1;
  int code = peal_server_run(server);
  /* The thread ends before what it uses. */
  atomic_store(&self.stop, true);
  thrd_join(thread, NULL);
  peal_server_free(server);
  return code;
}
