/* SPDX-License-Identifier: MIT */
#include "cost_app.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* An emit can fail because its client has gone; the disconnect tells. */

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  if (peal_event_wants_ack(event))
    (void)peal_ack(event, peal_event_args(event));
  else
    (void)peal_emit(socket, "echo", peal_event_args(event));
}

static void on_relay(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_nsp_emit(peal_socket_nsp(socket), NULL, "relay",
                      peal_event_args(event));
}

static void on_join(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  const char *room = peal_event_str(event, 0);
  if (room != NULL)
    (void)peal_join(socket, room);
}

/* big: [bytes, count]: so many events of that size, in one turn. */
static void on_big(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  size_t bytes = (size_t)peal_val_int(peal_event_arg(event, 0), 0);
  int64_t count = peal_val_int(peal_event_arg(event, 1), 1);
  char *data = calloc(1, bytes + 1);
  peal_err err = data != NULL ? PEAL_OK : PEAL_ERR_NOMEM;
  for (int64_t i = 0; i < count && err == PEAL_OK; i++)
    err = peal_emit(socket, "big",
                    PEAL_ARGS(peal_binary((peal_slice){data, bytes})));
  free(data);
}

/* rooms: [count]: joins so many, leaves them, answers when it is done. */
static void on_rooms(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  int64_t count = peal_val_int(peal_event_arg(event, 0), 1);
  int64_t joined = 0;
  char name[32];
  for (int64_t i = 0; i < count; i++) {
    snprintf(name, sizeof name, "room %" PRIi64, i);
    joined += peal_join(socket, name) == PEAL_OK;
  }
  for (int64_t i = 0; i < count; i++) {
    snprintf(name, sizeof name, "room %" PRIi64, i);
    peal_leave(socket, name);
  }
  (void)peal_ack(event, PEAL_ARGS(peal_int(joined)));
}

/* -- stream: [count, bytes, every ms, conflated] ---------------------------------------- */

typedef struct stream {
  peal_socket *socket;
  peal_timer *timer;
  char *text;
  size_t bytes;
  int64_t count;
  bool conflated; /* each replaces the last, and says when it was made */
} stream;

static void stream_free(stream *s) {
  if (s == NULL)
    return;
  peal_timer_free(s->timer);
  free(s->text);
  free(s);
}

static void stream_tick(peal_timer *timer, void *user) {
  stream *s = user;
  (void)timer;
  peal_to to = {.conflate = s->conflated ? "picture" : NULL};
  for (int64_t i = 0; i < s->count; i++)
    (void)peal_emit_with(
        s->socket, &to, "data",
        PEAL_ARGS(peal_int(s->conflated ? peal_wall_ms() : 0),
                  peal_str_slice((peal_slice){s->text, s->bytes})));
}

static void on_stream(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)user;
  if (peal_socket_user(socket) != NULL)
    return;
  stream *s = calloc(1, sizeof *s);
  if (s == NULL)
    return;
  s->socket = socket;
  s->count = peal_val_int(peal_event_arg(event, 0), 1);
  s->bytes = (size_t)peal_val_int(peal_event_arg(event, 1), 1000);
  s->conflated = peal_val_bool(peal_event_arg(event, 3), false);
  s->text = malloc(s->bytes + 1);
  s->timer = peal_timer_new(peal_socket_worker(socket), stream_tick, s);
  if (s->text == NULL || s->timer == NULL) {
    stream_free(s);
    return;
  }
  memset(s->text, 'x', s->bytes);
  peal_socket_set_user(socket, s);
  uint64_t every = (uint64_t)peal_val_int(peal_event_arg(event, 2), 100);
  peal_timer_start(s->timer, 1, every);
}

static void on_gone(peal_socket *socket, peal_reason reason, peal_err err,
                    void *user) {
  (void)reason;
  (void)err;
  (void)user;
  stream_free(peal_socket_user(socket));
}

/* -- middleware --------------------------------------------------------------- */

typedef struct waiting {
  struct waiting *below;
  peal_next *next;
} waiting;

static waiting *held;

static void hold(peal_socket *socket, peal_next *next, void *user) {
  (void)socket;
  (void)user;
  waiting *one = malloc(sizeof *one);
  if (one == NULL) {
    peal_next_refuse(next, "out of memory", peal_undefined());
    return;
  }
  *one = (waiting){held, next};
  held = one;
}

void cost_app_release(void) {
  while (held != NULL) {
    waiting *one = held;
    held = one->below;
    peal_next_ok(one->next);
    free(one);
  }
}

static void release_at_stop(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  cost_app_release();
}

static void refuse(peal_socket *socket, peal_next *next, void *user) {
  (void)socket;
  (void)user;
  peal_next_refuse(next, "no", peal_undefined());
}

/* -- life --------------------------------------------------------------------- */

bool cost_app_open(peal_server *server) {
  peal_nsp *nsp = peal_server_of(server, "/");
  peal_nsp *near = peal_server_of(server, "/near");
  peal_nsp *slow = peal_server_of(server, "/slow");
  peal_nsp *refused = peal_server_of(server, "/refused");
  return nsp != NULL && near != NULL && slow != NULL && refused != NULL &&
         peal_on(nsp, "echo", on_echo, NULL) == PEAL_OK &&
         peal_on(near, "echo", on_echo, NULL) == PEAL_OK &&
         peal_on(nsp, "relay", on_relay, NULL) == PEAL_OK &&
         peal_on(nsp, "join", on_join, NULL) == PEAL_OK &&
         peal_on(nsp, "big", on_big, NULL) == PEAL_OK &&
         peal_on(nsp, "rooms", on_rooms, NULL) == PEAL_OK &&
         peal_on(nsp, "stream", on_stream, NULL) == PEAL_OK &&
         peal_on_disconnect(nsp, on_gone, NULL) == PEAL_OK &&
         peal_use(slow, hold, NULL) == PEAL_OK &&
         peal_use(refused, refuse, NULL) == PEAL_OK &&
         peal_workers_on_stop(peal_server_workers(server), release_at_stop,
                              NULL) == PEAL_OK;
}

size_t cost_app_broadcast(peal_server *server, size_t count, size_t bytes,
                          const char *key) {
  peal_nsp *nsp = peal_server_of(server, "/");
  peal_to to = {.conflate = key};
  char *text = malloc(bytes + 1);
  size_t taken = 0;
  if (text == NULL)
    return 0;
  memset(text, 'x', bytes);
  for (size_t i = 0; i < count; i++)
    if (peal_nsp_emit(nsp, &to, "picture",
                      PEAL_ARGS(peal_str_slice((peal_slice){text, bytes}))) ==
        PEAL_OK)
      taken++;
  free(text);
  return taken;
}

static double thread_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

double cost_app_conflate_us(peal_server *server, size_t count) {
  double before = thread_us();
  size_t taken = cost_app_broadcast(server, count, 10, "picture");
  return taken > 0 ? (thread_us() - before) / (double)taken : -1;
}
