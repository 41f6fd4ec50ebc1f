/* SPDX-License-Identifier: MIT */
#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/kit.h>

#include "intake.h"

/* ---- connecting ------------------------------------------------------------ */

static peal_slice key_of(const peal_socket *socket) {
  peal_slice key =
      peal_val_str(peal_val_get(peal_socket_auth(socket), "api_key"));
  return key.len > 0 ? key : peal_socket_header(socket, "X-Device-Key");
}

/* Pages say what they are, so that they are asked for the password. */
static bool is_page(const peal_socket *socket) {
  return peal_slice_is(
      peal_val_str(peal_val_get(peal_socket_auth(socket), "role")),
      "dashboard");
}

/* Whose key it showed; with keys not required a wrong one counts as none. */
static peal_kit_device_keys_verdict ask_key(lab *app, const peal_socket *socket,
                                            writer *out) {
  *out = (writer){.device = ""};
  peal_slice key = key_of(socket), address = peal_socket_address(socket);
  peal_kit_device_keys_verdict found = PEAL_KIT_DEVICE_KEYS_NONE;
  if (key.len > 0)
    found =
        peal_kit_device_keys_who(app->house.keys, address, key, out->device);
  if (found == PEAL_KIT_DEVICE_KEYS_SHOWN &&
      peal_kit_digest_of(out->hash, key)) {
    snprintf(out->sender, sizeof out->sender, "%s", out->device);
    return found;
  }
  out->device[0] = '\0';
  snprintf(out->sender, sizeof out->sender, "@%.*s", PEAL_SFMT(address));
  return found == PEAL_KIT_DEVICE_KEYS_SHOWN || !app->house.conf.require_keys
             ? PEAL_KIT_DEVICE_KEYS_NONE
             : found;
}

static void refuse(peal_next *next, const char *message, const char *code) {
  peal_next_refuse(next, message, PEAL_OBJECT({"code", peal_str(code)}));
}

static void on_use(peal_socket *socket, peal_next *next, void *user) {
  lab *app = user;
  writer who;
  peal_kit_device_keys_verdict key = ask_key(app, socket, &who);
  peal_kit_guard_verdict reader = PEAL_KIT_GUARD_WRONG;
  if (key == PEAL_KIT_DEVICE_KEYS_NONE)
    reader = peal_kit_auth_socket(app->house.auth, socket);
  bool is_writer = !app->house.conf.require_keys && !is_page(socket);
  if (key == PEAL_KIT_DEVICE_KEYS_SHOWN || reader == PEAL_KIT_GUARD_RIGHT)
    peal_next_ok(next);
  else if (key == PEAL_KIT_DEVICE_KEYS_WAIT || reader == PEAL_KIT_GUARD_WAIT)
    refuse(next, "too many wrong keys or passwords, try again later",
           "too_many");
  else if (key == PEAL_KIT_DEVICE_KEYS_REFUSED)
    refuse(next, "this api_key is not right, or was revoked", "unauthorized");
  else if (is_writer)
    peal_next_ok(next);
  else
    refuse(next, "please sign in; devices send auth {\"api_key\": …}",
           "unauthorized");
}

static peal_err join_rooms(lab *app, peal_socket *socket, const writer *who) {
  char room[PEAL_KIT_DEVICE_ID_BYTES + 8];
  if (who->device[0] == '\0') {
    peal_kit_guard_verdict found;
    peal_err err = peal_kit_auth_socket_bind(app->house.auth, socket, &found);
    return err == PEAL_OK && found != PEAL_KIT_GUARD_RIGHT
               ? peal_join(socket, PEAL_KIT_DEVICES)
               : err;
  }
  snprintf(room, sizeof room, "device %s", who->device);
  peal_err err = peal_join(socket, PEAL_KIT_DEVICES);
  return err == PEAL_OK ? peal_join(socket, room) : err;
}

static peal_err on_connect(peal_socket *socket, void *user) {
  lab *app = user;
  writer *who = malloc(sizeof *who);
  if (who == NULL)
    return PEAL_ERR_NOMEM;
  // the key may have been revoked since it was let in
  peal_kit_device_keys_verdict key = ask_key(app, socket, who);
  peal_socket_set_user(socket, who);
  peal_err err = peal_socket_set_user_free(socket, free);
  if (err != PEAL_OK) {
    peal_socket_set_user(socket, NULL);
    free(who);
    return err;
  }
  if (key != PEAL_KIT_DEVICE_KEYS_SHOWN && key != PEAL_KIT_DEVICE_KEYS_NONE)
    return PEAL_ERR_CLOSED;
  err = join_rooms(app, socket, who);
  return err == PEAL_OK ? peal_kit_greet(socket) : err;
}

static void on_disconnect(peal_socket *socket, peal_reason reason, peal_err err,
                          void *user) {
  const writer *who = peal_socket_user(socket);
  (void)err;
  if (who != NULL && who->device[0] != '\0')
    peal_kit_log(&((lab *)user)->house, PEAL_LOG_INFO, "events",
                 "device %s is gone: %s", who->device,
                 peal_reason_text(reason));
}

/* ---- what comes ------------------------------------------------------------ */

/* Who may write, NULL after a refusal. */
static const writer *writer_of(lab *app, peal_socket *socket,
                               const peal_event *event) {
  peal_kit_refusal why;
  const writer *who = peal_socket_user(socket);
  bool is_device = who->device[0] != '\0';
  if (is_device &&
      !peal_kit_device_keys_is_of(app->house.keys, peal_slice_of(who->device),
                                  who->hash)) {
    peal_kit_refusal_set(&why, 401, NULL, "this api_key was revoked");
    peal_kit_refusal_ack(event, &why);
    peal_disconnect(socket, true);
    return NULL;
  }
  if (is_device || !app->house.conf.require_keys)
    return who;
  peal_kit_refusal_set(
      &why, 403, NULL,
      "only devices may write: connect with auth {\"api_key\": …}");
  peal_kit_refusal_ack(event, &why);
  return NULL;
}

static void on_result(peal_socket *socket, const peal_event *event,
                      void *user) {
  const writer *who = writer_of(user, socket, event);
  if (who != NULL)
    intake_on_result(user, who, event);
}

static void on_height(peal_socket *socket, const peal_event *event,
                      void *user) {
  const writer *who = writer_of(user, socket, event);
  if (who != NULL)
    intake_on_height(user, who, event);
}

static const peal_kit_event taken[] = {
    {"sludge-data", on_result},
    {"sludge-height-update", on_height},
    {"request", peal_kit_on_request},
};

#define COUNT(events) (sizeof(events) / sizeof *(events))

peal_err events_register(lab *app) {
  peal_nsp *nsp = app->house.nsp;
  peal_err err = peal_use(nsp, on_use, app);
  if (err == PEAL_OK)
    err = peal_on_connect(nsp, on_connect, app);
  if (err == PEAL_OK)
    err = peal_on_disconnect(nsp, on_disconnect, app);
  return err == PEAL_OK
             ? peal_kit_add_events(&app->house, taken, COUNT(taken), app)
             : err;
}
