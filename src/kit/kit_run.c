/* SPDX-License-Identifier: MIT */
/* kit_run: the run of an application: its start, every second, its stop. */
#include <peal/kit_devices.h>
#include <peal/kit_program.h>

#include "kit/kit_auth_life.h"
#include "kit/kit_health.h"

enum { SECOND_MS = 1000, KEY_SECONDS = 2 };

/* What the workers are handed. */
typedef struct running {
  peal_kit *kit;
  const peal_kit_turns *turns;
  peal_timer *timer;
  unsigned seconds;
} running;

/* What the program itself has to do, whatever it is. */
static void see_to_parts(running *r) {
  peal_kit_health_tick(r->kit);
  if (r->kit->auth != NULL)
    peal_kit_auth_tick(r->kit->auth);
  if (r->kit->keys != NULL && r->seconds++ % KEY_SECONDS == 0)
    peal_kit_device_keys_refresh(r->kit->keys);
}

static void on_second(peal_timer *timer, void *user) {
  running *r = user;
  (void)timer;
  see_to_parts(r);
  if (r->turns->on_second != NULL)
    r->turns->on_second(r->turns->user);
}

static void on_start(peal_worker *worker, void *user) {
  running *r = user;
  if (peal_worker_index(worker) != 0)
    return;
  r->timer = peal_timer_new(worker, on_second, r);
  if (r->timer == NULL) {
    peal_kit_log(r->kit, PEAL_LOG_ERROR, "main", "out of memory");
    peal_workers_stop(r->kit->workers, 0);
    return;
  }
  peal_timer_start(r->timer, SECOND_MS, SECOND_MS);
  see_to_parts(r);
  peal_kit_say_ready(r->kit);
  if (r->turns->on_start != NULL)
    r->turns->on_start(r->turns->user);
}

static void on_stop(peal_worker *worker, void *user) {
  running *r = user;
  if (r->turns->on_stop_each != NULL)
    r->turns->on_stop_each(worker, r->turns->user);
  if (peal_worker_index(worker) != 0)
    return;
  peal_kit_log(r->kit, PEAL_LOG_INFO, "main", "stopping");
  if (r->turns->on_stop != NULL)
    r->turns->on_stop(r->turns->user);
  peal_timer_free(r->timer);
  r->timer = NULL;
}

int peal_kit_run(peal_kit *h, const peal_kit_turns *turns) {
  running r = {.kit = h, .turns = turns};
  if (peal_workers_on_start(h->workers, on_start, &r) != PEAL_OK ||
      peal_workers_on_stop(h->workers, on_stop, &r) != PEAL_OK)
    return 1;
  return peal_http_server_run(h->http);
}

void peal_kit_on_request(peal_socket *socket, const peal_event *event,
                         void *user) {
  char now[25];
  (void)socket, (void)user;
  peal_web_time_iso(now, peal_wall_ms());
  peal_val data = PEAL_OBJECT({"server_time", peal_str(now)});
  (void)peal_ack(event, PEAL_ARGS(PEAL_OBJECT({"status", peal_str("success")},
                                              {"data", data})));
}

peal_err peal_kit_greet(peal_socket *socket) {
  char now[25];
  peal_web_time_iso(now, peal_wall_ms());
  return peal_emit(
      socket, "connection_response",
      PEAL_ARGS(PEAL_OBJECT({"status", peal_str("Connected")},
                            {"server_time", peal_str(now)},
                            {"sid", peal_str(peal_socket_id(socket))})));
}
