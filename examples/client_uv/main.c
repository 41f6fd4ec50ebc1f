/* SPDX-License-Identifier: MIT */
/* client_uv: a client as a guest of a libuv loop that the program has anyway.
 * Its own timer says the seconds since the start to a chat (examples/chat);
 * SIGTERM ends the program. Its argument is the URL. */
#include <signal.h>
#include <stdio.h>

#include <uv.h>

#include <peal/peal.h>

typedef struct program {
  peal_client *client;
  uv_timer_t timer;
  uv_signal_t signal;
  int seconds;
  int code;
} program;

static void on_tick(uv_timer_t *timer) {
  program *it = timer->data;
  char text[32];
  snprintf(text, sizeof text, "tick %d", ++it->seconds);
  /* Outside the guest's callbacks: what is for any thread. */
  peal_client_emit(peal_client_of(it->client, NULL), "chat",
                   PEAL_ARGS(peal_str(text)));
}

static void on_signal(uv_signal_t *handle, int number) {
  program *it = handle->data;
  (void)number;
  peal_client_stop(it->client);
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
  program it = {.client = NULL};
  peal_client_problem why;
  if (peal_client_new(&it.client,
                      &(peal_client_opts){.url = argc > 1 ? argv[1] : NULL},
                      &why))
    return fprintf(stderr, "%s\n", why.text), 1;
  if (peal_workers_attach(peal_client_workers(it.client), loop, on_end, &it))
    return 1;
  it.timer.data = it.signal.data = &it;
  uv_timer_init(loop, &it.timer);
  uv_timer_start(&it.timer, on_tick, 1000, 1000);
  uv_signal_init(loop, &it.signal);
  uv_signal_start(&it.signal, on_signal, SIGTERM);
  uv_run(loop, UV_RUN_DEFAULT);
  uv_loop_close(loop);
  peal_client_free(it.client);
  return it.code;
}
