/* SPDX-License-Identifier: MIT */
#include "sockets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/handle.h>
#include <peal/kit.h>
#include <peal/kit_people.h>

#include "alerts.h"
#include "devices.h"
#include "seats.h"
#include "vitals.h"

/* Of one device at a time: one that comes back after a broken line leaves the
 * one before behind for as long as a ping takes. */
enum { DEVICE_SOCKETS = 8 };

/* ---- devices --------------------------------------------------------------- */

static peal_slice shown_key(const peal_socket *socket) {
  peal_slice key =
      peal_val_str(peal_val_get(peal_socket_auth(socket), "device_key"));
  return key.len > 0 ? key : peal_socket_header(socket, "X-Device-Key");
}

static bool ask_device(care *app, const peal_socket *socket, devices_one *out,
                       peal_kit_refusal *why) {
  peal_slice id =
      peal_val_str(peal_val_get(peal_socket_auth(socket), "device_id"));
  return devices_ask(app->devices, peal_socket_address(socket), id,
                     shown_key(socket), out, why);
}

static const peal_socket_key key = {.free_fn = free};

/* What a device's socket was let in with; NULL: it is a person's. */
static const devices_one *device_of(const peal_socket *socket) {
  return peal_socket_key_get(socket, &key);
}

/* ---- connecting ------------------------------------------------------------ */

/* How many sockets: counted by "user 7" and "address 192.0.2.7". */
typedef struct chair {
  char user[32], address[PEAL_KIT_ADDRESS_BYTES + 8];
} chair;

static chair chair_of(const peal_socket *socket, int64_t user_id) {
  chair c;
  char network[PEAL_KIT_ADDRESS_BYTES];
  peal_kit_address_network(network, peal_socket_address(socket));
  snprintf(c.user, sizeof c.user, "user %lld", (long long)user_id);
  snprintf(c.address, sizeof c.address, "address %s", network);
  return c;
}

static bool take_chair(care *app, const chair *c) {
  if (!seats_take(app->seats, peal_slice_of(c->user), app->conf.user_sockets))
    return false;
  if (seats_take(app->seats, peal_slice_of(c->address),
                 app->conf.address_sockets))
    return true;
  seats_give(app->seats, peal_slice_of(c->user));
  return false;
}

static void refuse_device(peal_next *next, const peal_kit_refusal *why) {
  const char *code = why->status == 429 ? "too_many" : "unauthorized";
  peal_next_refuse(next, why->message, PEAL_OBJECT({"code", peal_str(code)}));
}

/* A device whose key is looked for; free(). */
typedef struct knocking {
  care *app;
  peal_socket *socket; /* stays until `next` is answered */
  peal_next *next;
} knocking;

static void on_ready(void *user) {
  knocking *k = user;
  peal_kit_refusal why;
  devices_one device;
  if (peal_worker_self() == NULL) // the run is over
    peal_next_refuse(k->next, NULL, peal_undefined());
  else if (ask_device(k->app, k->socket, &device, &why))
    peal_next_ok(k->next);
  else
    refuse_device(k->next, &why);
  free(k);
}

static void let_device(care *app, peal_socket *socket, peal_next *next) {
  knocking *k = malloc(sizeof *k);
  if (k == NULL) {
    peal_next_refuse(next, NULL, peal_undefined());
    return;
  }
  *k = (knocking){app, socket, next};
  devices_prepare(
      app->devices,
      peal_val_str(peal_val_get(peal_socket_auth(socket), "device_id")),
      shown_key(socket), on_ready, k);
}

static void on_use(peal_socket *socket, peal_next *next, void *user) {
  care *app = user;
  if (shown_key(socket).len > 0) {
    let_device(app, socket, next);
    return;
  }
  peal_kit_token_verdict found =
      peal_kit_people_socket(app->people, socket, NULL);
  if (found == PEAL_KIT_TOKEN_OK)
    peal_next_ok(next);
  else
    peal_kit_people_refuse(next, found);
}

static peal_err greet(peal_socket *socket, const char *message, peal_val room) {
  char now[25];
  peal_web_time_iso(now, peal_wall_ms());
  return peal_emit(
      socket, "status",
      PEAL_ARGS(PEAL_OBJECT({"message", peal_str(message)}, {"room", room},
                            {"timestamp", peal_str(now)})));
}

/* Counted by "device 7". */
static void device_seat(char out[32], const devices_one *device) {
  snprintf(out, 32, "device %lld", (long long)device->no);
}

static peal_err seat_device(care *app, peal_socket *socket) {
  peal_kit_refusal why;
  char room[DEVICES_ROOM_BYTES], seat[32];
  devices_one *device = calloc(1, sizeof *device);
  if (device == NULL)
    return PEAL_ERR_NOMEM;
  // it may have been revoked since it was let in
  if (!ask_device(app, socket, device, &why)) {
    free(device);
    return peal_refuse(socket, why.message,
                       PEAL_OBJECT({"code", peal_str("unauthorized")}));
  }
  peal_err err = peal_socket_key_set(socket, &key, device);
  if (err != PEAL_OK) {
    free(device);
    return err;
  }
  devices_room(room, device->id);
  err = peal_join(socket, PEAL_KIT_DEVICES);
  if (err == PEAL_OK)
    err = peal_join(socket, room);
  if (err == PEAL_OK)
    err = greet(socket, "Connected to CareChat as a device", peal_undefined());
  if (err != PEAL_OK)
    return err;
  // at the very end, as a person's
  device_seat(seat, device);
  if (!seats_take(app->seats, peal_slice_of(seat), DEVICE_SOCKETS))
    return peal_refuse(socket, "too many connections of this device",
                       PEAL_OBJECT({"code", peal_str("too_many")}));
  devices_socket(app->devices, device, 1);
  return PEAL_OK;
}

static peal_err seat_person(care *app, peal_socket *socket) {
  peal_err err = peal_kit_people_bind(app->people, socket);
  if (err != PEAL_OK)
    return err;
  const peal_kit_person *who = peal_kit_people_on(socket);
  err = peal_join(socket, who->room);
  if (err == PEAL_OK)
    err = greet(socket, "Connected to CareChat", peal_str(who->room));
  if (err != PEAL_OK)
    return err;
  // at the very end: what is refused behind it would keep its chair
  chair c = chair_of(socket, who->id);
  if (take_chair(app, &c))
    return PEAL_OK;
  return peal_refuse(socket, "too many connections of this account or address",
                     PEAL_OBJECT({"code", peal_str("too_many")}));
}

static peal_err on_connect(peal_socket *socket, void *user) {
  care *app = user;
  return shown_key(socket).len > 0 ? seat_device(app, socket)
                                   : seat_person(app, socket);
}

static void on_disconnecting(peal_socket *socket, peal_reason reason,
                             peal_err err, void *user) {
  care *app = user;
  (void)reason, (void)err;
  const devices_one *device = device_of(socket);
  if (device != NULL) {
    char seat[32];
    device_seat(seat, device);
    seats_give(app->seats, peal_slice_of(seat));
    devices_socket(app->devices, device, -1);
    return;
  }
  const peal_kit_person *who = peal_kit_people_on(socket);
  if (who == NULL)
    return;
  chair c = chair_of(socket, who->id);
  seats_give(app->seats, peal_slice_of(c.user));
  seats_give(app->seats, peal_slice_of(c.address));
}

/* ---- events of people ------------------------------------------------------ */

static void deny(peal_socket *socket, const peal_event *event,
                 const char *message) {
  (void)peal_ack(event, PEAL_ARGS(PEAL_OBJECT({"status", peal_str("error")},
                                              {"message", peal_str(message)})));
  (void)peal_emit(socket, "error",
                  PEAL_ARGS(PEAL_OBJECT({"message", peal_str(message)},
                                        {"code", peal_str("forbidden")})));
}

/* Everybody is in their own room already; asking for it is what clients do, and
 * asking for another's is denied. */
static void on_join(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  const peal_kit_person *who =
      device_of(socket) == NULL ? peal_kit_people_on(socket) : NULL;
  peal_val asked = peal_event_arg(event, 0);
  peal_slice room = peal_val_is(asked, PEAL_STRING)
                        ? peal_val_str(asked)
                        : peal_val_str(peal_val_get(asked, "room"));
  if (who == NULL || !peal_slice_is(room, who->room)) {
    deny(socket, event, "this is not your room");
    return;
  }
  (void)peal_ack(event, PEAL_ARGS(PEAL_OBJECT({"status", peal_str("success")},
                                              {"room", peal_str(who->room)})));
  (void)greet(socket, "Joined the room", peal_str(who->room));
}

/* ---- events of devices ----------------------------------------------------- */

/* NULL: it has been denied. */
static const devices_one *device_may(care *app, peal_socket *socket,
                                     const peal_event *event) {
  const devices_one *device = device_of(socket);
  if (device == NULL) {
    deny(socket, event, "only a device that shows its key may send this");
    return NULL;
  }
  if (devices_is_valid(app->devices, device))
    return device;
  deny(socket, event, "the key of this device was revoked");
  peal_disconnect(socket, true);
  return NULL;
}

static void on_vitals(peal_socket *socket, const peal_event *event,
                      void *user) {
  const devices_one *device = device_may(user, socket, event);
  if (device != NULL)
    vitals_on_event(user, device, event);
}

static void on_beat(peal_socket *socket, const peal_event *event, void *user) {
  const devices_one *device = device_may(user, socket, event);
  if (device != NULL)
    vitals_on_beat(user, device, event);
}

/* ---- all of it ------------------------------------------------------------- */

peal_err sockets_register(care *app) {
  static const struct {
    const char *name;
    peal_event_fn fn;
  } events[] = {{"join_room", on_join},
                {"vitals", on_vitals},
                {"heartbeat", on_beat},
                {"acknowledge_alert", alerts_on_event},
                {"request", peal_kit_on_request}};

  peal_nsp *nsp = app->house.nsp;
  peal_err err = peal_use(nsp, on_use, app);
  if (err == PEAL_OK)
    err = peal_kit_people_nsp(app->people, nsp);
  if (err == PEAL_OK)
    err = peal_on_connect(nsp, on_connect, app);
  if (err == PEAL_OK)
    err = peal_on_disconnecting(nsp, on_disconnecting, app);
  for (size_t i = 0; i < sizeof events / sizeof *events && err == PEAL_OK; i++)
    err = peal_on(nsp, events[i].name, events[i].fn, app);
  return err;
}
