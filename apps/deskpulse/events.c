/* SPDX-License-Identifier: MIT */
#include "events.h"

#include <peal/kit.h>

#include "commands.h"
#include "door.h"
#include "hub.h"

/* ---- connecting ----------------------------------------------------------------- */

static void refuse(peal_next *next, const char *message, const char *code) {
  peal_next_refuse(next, message, PEAL_OBJECT({"code", peal_str(code)}));
}

static void on_use(peal_socket *socket, peal_next *next, void *user) {
  desk *app = user;
  switch (door_socket(app->door, socket)) {
  case PEAL_KIT_GUARD_RIGHT:
    peal_next_ok(next);
    return;
  case PEAL_KIT_GUARD_WAIT:
    refuse(next, "too many wrong tokens, try again later", "too_many");
    return;
  case PEAL_KIT_GUARD_WRONG:
    break;
  }
  refuse(next, "the access token is needed: auth {\"token\": …}",
         "unauthorized");
}

static peal_err greet(peal_socket *socket) {
  return peal_emit(
      socket, "status",
      PEAL_ARGS(PEAL_OBJECT(
          {"message", peal_str("Connected to DeskPulse")},
          {"timestamp", peal_double((double)peal_wall_ms() / 1000)})));
}

static peal_err on_connect(peal_socket *socket, void *user) {
  desk *app = user;
  peal_err err = door_socket_bind(app->door, socket);
  if (err == PEAL_OK)
    err = greet(socket);
  if (err == PEAL_OK)
    err = hub_join(app->hub, socket);
  if (err == PEAL_OK)
    commands_greet(app, peal_socket_id(socket));
  return err;
}

/* ---- what is asked for ---------------------------------------------------------------- */

static const struct asked {
  const char *name;
  commands_fn run;
} asked[] = {
    {"pause_monitoring", commands_pause},
    {"resume_monitoring", commands_resume},
    {"set_threshold", commands_set_threshold},
    {"acknowledge_alert", commands_acknowledge},
    {"set_user", commands_set_user},
    {"calibrate", commands_calibrate},
};

enum { ASKED = sizeof asked / sizeof *asked };

static bool is_too_much(desk *app, const peal_socket *socket) {
  return !peal_web_limit_take(app->limit, peal_slice_of(peal_socket_id(socket)),
                              peal_worker_now_ms(peal_worker_self()), NULL);
}

static void on_asked(peal_socket *socket, const peal_event *event, void *user) {
  answer *to = answer_of_event(socket, event);
  if (to == NULL)
    return;
  if (is_too_much(user, socket)) {
    answer_error(to, 429, "too much at once: try again in a second", NULL);
    return;
  }
  for (size_t i = 0; i < ASKED; i++)
    if (peal_slice_is(peal_event_name(event), asked[i].name)) {
      asked[i].run(user, to, peal_event_arg(event, 0));
      return;
    }
}

peal_err events_register(desk *app) {
  peal_nsp *nsp = app->house.nsp;
  peal_err err = peal_use(nsp, on_use, app);
  if (err == PEAL_OK)
    err = peal_on_connect(nsp, on_connect, app);
  for (size_t i = 0; i < ASKED && err == PEAL_OK; i++)
    err = peal_on(nsp, asked[i].name, on_asked, app);
  if (err == PEAL_OK)
    err = peal_on(nsp, "request", peal_kit_on_request, app);
  return err;
}
