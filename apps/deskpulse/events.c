/* SPDX-License-Identifier: MIT */
#include "events.h"

#include <peal/kit.h>

#include "commands.h"
#include "door.h"
#include "hub.h"

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

peal_err events_register(desk *app) {
  peal_nsp *nsp = app->house.nsp;
  peal_err err = peal_use(nsp, on_use, app);
  if (err == PEAL_OK)
    err = peal_on_connect(nsp, on_connect, app);
  if (err == PEAL_OK)
    err = peal_on(nsp, "request", peal_kit_on_request, app);
  return err;
}
