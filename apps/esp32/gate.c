/* SPDX-License-Identifier: MIT */
#include "gate.h"

#include <peal/kit.h>

#include "devices.h"

peal_slice gate_device_id(peal_http_req *req, peal_slice named) {
  if (named.len > 0)
    return named;
  peal_slice id = peal_http_req_header(req, "X-Device-Id");
  if (id.len > 0)
    return id;
  if (peal_http_req_param(req, "device_id", &id) && id.len > 0)
    return id;
  return PEAL_S("unknown");
}

peal_slice gate_key(const peal_http_req *req) {
  return peal_http_req_header(req, "X-Device-Key");
}

gate_guest gate_guest_of(peal_http_req *req, peal_slice named) {
  return (gate_guest){.address = peal_http_req_address(req),
                      .id = gate_device_id(req, named),
                      .key = gate_key(req)};
}

peal_slice gate_socket_key(const peal_socket *socket) {
  peal_slice key =
      peal_val_str(peal_val_get(peal_socket_auth(socket), "device_key"));
  return key.len > 0 ? key : peal_socket_header(socket, "X-Device-Key");
}

gate_guest gate_guest_of_ask(peal_kit_ask *ask, peal_val said) {
  peal_slice named = peal_val_str(peal_val_get(said, "device_id"));
  peal_socket *socket = peal_kit_ask_socket(ask);
  if (socket == NULL)
    return gate_guest_of(peal_kit_ask_req(ask), named);
  return (gate_guest){.address = peal_socket_address(socket),
                      .id = named.len > 0 ? named : PEAL_S("unknown"),
                      .key = gate_socket_key(socket)};
}

bool gate_check(dash *app, gate_guest *guest, peal_kit_refusal *out) {
  uint64_t retry_ms = 0;
  if (!peal_kit_device_id_is_good(guest->id)) {
    peal_kit_refusal_set(
        out, 422, "device_id",
        "device_id must be text of 1 to 64 bytes that can be seen: no "
        "control, no invisible characters, not blanks alone");
    return false;
  }
  peal_kit_device_keys_verdict found = peal_kit_device_keys_ask(
      app->house.keys, guest->address, guest->id, guest->key, &retry_ms);
  guest->has_shown_key = found == PEAL_KIT_DEVICE_KEYS_SHOWN;
  if (found == PEAL_KIT_DEVICE_KEYS_SHOWN || found == PEAL_KIT_DEVICE_KEYS_NONE)
    return true;
  if (found == PEAL_KIT_DEVICE_KEYS_WAIT)
    peal_kit_refusal_set(out, 429, NULL, "too many wrong keys of this device");
  else
    peal_kit_refusal_set(out, 401, NULL,
                         guest->key.len > 0
                             ? "the X-Device-Key of this device is not right"
                             : "this device must send its X-Device-Key");
  out->retry_ms = retry_ms;
  return false;
}

static bool refuse_rate(peal_kit_refusal *out, uint64_t retry_ms,
                        const char *message) {
  peal_kit_refusal_set(out, 429, NULL, "%s", message);
  out->retry_ms = retry_ms > 0 ? retry_ms : 1;
  return false;
}

bool gate_enter(dash *app, gate_guest *guest, int64_t *stamp,
                peal_kit_refusal *out) {
  if (!gate_check(app, guest, out))
    return false;
  uint64_t retry_ms = 0, now_ms = peal_worker_now_ms(peal_worker_self());
  char network[PEAL_KIT_ADDRESS_BYTES];
  peal_kit_address_network(network, guest->address);
  // of an address first: one that invents ids must not have new buckets
  if (!guest->has_shown_key &&
      !peal_web_limit_take(app->address_limit, peal_slice_of(network), now_ms,
                           &retry_ms))
    return refuse_rate(out, retry_ms,
                       "too many requests of this address at once");
  if (!peal_web_limit_take(app->device_limit, guest->id, now_ms, &retry_ms))
    return refuse_rate(out, retry_ms,
                       "too many requests of this device at once");
  peal_err err = devices_heard(app->devices, guest->id,
                               guest->has_shown_key ? "" : network, stamp);
  if (err == PEAL_OK)
    return true;
  if (err == PEAL_ERR_LIMIT)
    return refuse_rate(out, 60000, "there are too many devices");
  peal_kit_refusal_set(out, 503, NULL, "%s", peal_kit_words(err));
  return false;
}

peal_web_verdict gate_hook_reader(peal_http_req *req, void *user) {
  dash *app = user;
  peal_slice id = gate_device_id(req, (peal_slice){0});
  if (peal_kit_device_keys_ask(app->house.keys, peal_http_req_address(req), id,
                               gate_key(req),
                               NULL) == PEAL_KIT_DEVICE_KEYS_SHOWN)
    return PEAL_WEB_PASS;
  return peal_kit_auth_hook(req, &app->house);
}
