/* SPDX-License-Identifier: MIT */
/* loop_uv: the server as a guest of a libuv loop that the program has anyway.
 * Its own timer tells everyone the seconds since the start ("tick"); SIGTERM
 * ends the program. Its first argument is the port. */
#include <signal.h>
#include <stdlib.h>

#include <uv.h>

#include <peal/peal.h>

typedef struct program {
  peal_server *server;
  uv_timer_t timer;
  uv_signal_t signal;
  int seconds;
  int code;
} program;

static void on_tick(uv_timer_t *timer) {
  program *it = timer->data;
  /* Outside the guest's callbacks: what is for any thread. */
  peal_nsp_emit(peal_server_of(it->server, "/"), NULL, "tick",
                PEAL_ARGS(peal_int(++it->seconds)));
}

static void on_signal(uv_signal_t *handle, int number) {
  program *it = handle->data;
  (void)number;
  peal_server_stop(it->server);
}

/* The last of the guest: the loop ends when the program's own handles do. */
static void on_end(peal_workers *workers, int code, void *user) {
  program *it = user;
  (void)workers;
  it->code = code;
  uv_close((uv_handle_t *)&it->timer, NULL);
  uv_close((uv_handle_t *)&it->signal, NULL);
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  program it = {
      .server = peal_server_new(&(peal_server_opts){
          .port = argc > 1 ? atoi(argv[1]) : 3000, .cors.origins = "*"})};
  if (peal_workers_attach(peal_server_workers(it.server), loop, on_end, &it))
    return 1;
  it.timer.data = it.signal.data = &it;
  uv_timer_init(loop, &it.timer);
  uv_timer_start(&it.timer, on_tick, 1000, 1000);
  uv_signal_init(loop, &it.signal);
  uv_signal_start(&it.signal, on_signal, SIGTERM);
  uv_run(loop, UV_RUN_DEFAULT);
  uv_loop_close(loop);
  peal_server_free(it.server);
  return it.code;
}
