/* SPDX-License-Identifier: MIT */
#include "house_run.h"

enum { SECOND_MS = 1000 };

/* What the workers are handed. */
typedef struct running {
  house *house;
  const house_turns *turns;
  peal_timer *timer;
} running;

static void on_second(peal_timer *timer, void *user) {
  const running *r = user;
  (void)timer;
  if (r->turns->on_second != NULL)
    r->turns->on_second(r->turns->user);
}

static void on_start(peal_worker *worker, void *user) {
  running *r = user;
  if (peal_worker_index(worker) != 0)
    return;
  r->timer = peal_timer_new(worker, on_second, r);
  if (r->timer == NULL) {
    house_log(r->house, PEAL_LOG_ERROR, "main", "out of memory");
    peal_workers_stop(r->house->workers, 0);
    return;
  }
  peal_timer_start(r->timer, SECOND_MS, SECOND_MS);
  house_say_ready(r->house);
  if (r->turns->on_start != NULL)
    r->turns->on_start(r->turns->user);
}

static void on_stop(peal_worker *worker, void *user) {
  running *r = user;
  if (r->turns->on_stop_each != NULL)
    r->turns->on_stop_each(worker, r->turns->user);
  if (peal_worker_index(worker) != 0)
    return;
  house_log(r->house, PEAL_LOG_INFO, "main", "stopping");
  if (r->turns->on_stop != NULL)
    r->turns->on_stop(r->turns->user);
  peal_timer_free(r->timer);
  r->timer = NULL;
}

int house_run(house *h, const house_turns *turns) {
  running r = {.house = h, .turns = turns};
  if (peal_workers_on_start(h->workers, on_start, &r) != PEAL_OK ||
      peal_workers_on_stop(h->workers, on_stop, &r) != PEAL_OK)
    return 1;
  return peal_http_server_run(h->http);
}

void house_on_request(peal_socket *socket, const peal_event *event,
                      void *user) {
  char now[25];
  (void)socket, (void)user;
  peal_web_time_iso(now, peal_wall_ms());
  peal_val data = PEAL_OBJECT({"server_time", peal_str(now)});
  (void)peal_ack(event, PEAL_ARGS(PEAL_OBJECT({"status", peal_str("success")},
                                              {"data", data})));
}

peal_err house_greet(peal_socket *socket) {
  char now[25];
  peal_web_time_iso(now, peal_wall_ms());
  return peal_emit(
      socket, "connection_response",
      PEAL_ARGS(PEAL_OBJECT({"status", peal_str("Connected")},
                            {"server_time", peal_str(now)},
                            {"sid", peal_str(peal_socket_id(socket))})));
}
