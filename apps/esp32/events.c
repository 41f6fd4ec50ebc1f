/* SPDX-License-Identifier: MIT */
#include "events.h"

#include <stdlib.h>
#include <string.h>

#include <peal/kit.h>

#include "devices.h"
#include "gate.h"
#include "oled.h"

/* ---- connecting ------------------------------------------------------------ */

static bool is_device(const dash *app, const peal_socket *socket) {
  peal_slice id =
      peal_val_str(peal_val_get(peal_socket_auth(socket), "device_id"));
  if (id.len == 0)
    id = peal_socket_header(socket, "X-Device-Id");
  return id.len > 0 &&
         peal_kit_device_keys_ask(app->house.keys, peal_socket_address(socket),
                                  id, gate_socket_key(socket),
                                  NULL) == PEAL_KIT_DEVICE_KEYS_SHOWN;
}

static void on_use(peal_socket *socket, peal_next *next, void *user) {
  dash *app = user;
  peal_kit_guard_verdict found = peal_kit_auth_socket(app->house.auth, socket);
  if (found == PEAL_KIT_GUARD_RIGHT || is_device(app, socket))
    peal_next_ok(next);
  else if (found == PEAL_KIT_GUARD_WAIT)
    peal_next_refuse(next, "too many wrong passwords, try again later",
                     PEAL_OBJECT({"code", peal_str("too_many")}));
  else
    peal_next_refuse(next, "please sign in",
                     PEAL_OBJECT({"code", peal_str("unauthorized")}));
}

static peal_err on_connect(peal_socket *socket, void *user) {
  dash *app = user;
  peal_kit_guard_verdict found;
  peal_err err = peal_kit_auth_socket_bind(app->house.auth, socket, &found);
  // where a password is asked for, a device is no reader
  if (err == PEAL_OK && found != PEAL_KIT_GUARD_RIGHT)
    err = peal_join(socket, PEAL_KIT_DEVICES);
  return err == PEAL_OK ? peal_kit_greet(socket) : err;
}

static void on_disconnect(peal_socket *socket, peal_reason reason, peal_err err,
                          void *user) {
  peal_slice address = peal_socket_address(socket);
  peal_kit_log(&((dash *)user)->house, PEAL_LOG_INFO, "events",
               "%s from %.*s is gone: %s%s%s", peal_socket_id(socket),
               PEAL_SFMT(address), peal_reason_text(reason),
               err != PEAL_OK ? ", " : "",
               err != PEAL_OK ? peal_err_message(err) : "");
}

/* ---- request ---------------------------------------------------------------- */

static void ack_success(const peal_event *event, peal_val data) {
  (void)peal_ack(event, PEAL_ARGS(PEAL_OBJECT({"status", peal_str("success")},
                                              {"data", data})));
}

/* Undefined if memory is out. */
static peal_val devices_val(dash *app, peal_build *build) {
  device_info *list;
  size_t count;
  if (devices_list(app->devices, &list, &count) != PEAL_OK)
    return peal_items_val(NULL);
  peal_items *items = peal_items_new(build);
  for (size_t i = 0; i < count; i++)
    peal_items_add(items, devices_value(app, &list[i], build));
  free(list);
  return peal_items_val(items);
}

static peal_val server_val(dash *app, peal_build *build) {
  char now[25];
  peal_server_stats stats;
  peal_server_stats_get(app->house.server, &stats);
  peal_web_time_iso(now, peal_wall_ms());
  return peal_build_copy(
      build, PEAL_OBJECT({"server_time", peal_str(now)},
                         {"clients", peal_int((int64_t)stats.clients)},
                         {"version", peal_str(peal_version())}));
}

static void answer_devices(dash *app, const peal_event *event, bool is_all,
                           peal_build *build) {
  peal_val answer = devices_val(app, build);
  if (is_all)
    answer = peal_build_keep(
        build,
        PEAL_OBJECT({"server", server_val(app, build)}, {"devices", answer},
                    {"oled", oled_value(app->oled, build)}));
  if (!peal_val_is(answer, PEAL_UNDEFINED)) {
    ack_success(event, answer);
    return;
  }
  peal_kit_refusal why;
  peal_kit_refusal_set(&why, 503, NULL, "%s", peal_kit_words(PEAL_ERR_NOMEM));
  peal_kit_refusal_ack(event, &why);
}

/* {"type":"ping"}, "status", "oled", "devices" or "snapshot"; without a type:
 * the snapshot. */
static void on_request(peal_socket *socket, const peal_event *event,
                       void *user) {
  dash *app = user;
  peal_val what = peal_event_arg(event, 0);
  peal_val type =
      peal_val_is(what, PEAL_STRING) ? what : peal_val_get(what, "type");
  peal_slice name = peal_val_str(type);
  peal_build *build = peal_socket_build(socket);
  bool may_see = !peal_socket_in(socket, PEAL_KIT_DEVICES);
  if (peal_slice_is(name, "ping") || peal_slice_is(name, "status")) {
    ack_success(event, server_val(app, build));
  } else if (peal_slice_is(name, "oled")) {
    ack_success(event, oled_value(app->oled, build));
  } else if (may_see && peal_slice_is(name, "devices")) {
    answer_devices(app, event, false, build);
  } else if (may_see && (name.len == 0 || peal_slice_is(name, "snapshot"))) {
    answer_devices(app, event, true, build);
  } else {
    peal_kit_refusal why;
    peal_kit_refusal_set(
        &why, 422, "type",
        "type must be ping, status, oled, devices or snapshot");
    peal_kit_refusal_ack(event, &why);
  }
}

peal_err events_register(dash *app) {
  peal_nsp *nsp = app->house.nsp;
  peal_err err = peal_use(nsp, on_use, app);
  if (err == PEAL_OK)
    err = peal_on_connect(nsp, on_connect, app);
  if (err == PEAL_OK)
    err = peal_on_disconnect(nsp, on_disconnect, app);
  if (err == PEAL_OK)
    err = peal_on(nsp, "request", on_request, app);
  return err;
}
