/* SPDX-License-Identifier: MIT */
#include "gate.h"

#include <peal/kit.h>

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

peal_kit_guest gate_guest_of(peal_http_req *req, peal_slice named) {
  return (peal_kit_guest){.address = peal_http_req_address(req),
                          .id = gate_device_id(req, named),
                          .key = gate_key(req)};
}

peal_slice gate_socket_key(const peal_socket *socket) {
  peal_slice key =
      peal_val_str(peal_val_get(peal_socket_auth(socket), "device_key"));
  return key.len > 0 ? key : peal_socket_header(socket, "X-Device-Key");
}

peal_kit_guest gate_guest_of_ask(peal_kit_ask *ask, peal_val said) {
  peal_slice named = peal_val_str(peal_val_get(said, "device_id"));
  peal_socket *socket = peal_kit_ask_socket(ask);
  if (socket == NULL)
    return gate_guest_of(peal_kit_ask_req(ask), named);
  return (peal_kit_guest){.address = peal_socket_address(socket),
                          .id = named.len > 0 ? named : PEAL_S("unknown"),
                          .key = gate_socket_key(socket)};
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
