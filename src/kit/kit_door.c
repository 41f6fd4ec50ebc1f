/* SPDX-License-Identifier: MIT */
/* kit_door: sockets of the default namespace belong to who may watch. */
#include <peal/kit_auth.h>

static void on_use(peal_socket *socket, peal_next *next, void *user) {
  peal_kit *kit = user;
  peal_kit_guard_verdict found = peal_kit_auth_socket(kit->auth, socket);
  if (found == PEAL_KIT_GUARD_RIGHT)
    peal_next_ok(next);
  else if (found == PEAL_KIT_GUARD_WAIT)
    peal_next_refuse(next, "too many wrong passwords, try again later",
                     PEAL_OBJECT({"code", peal_str("too_many")}));
  else
    peal_next_refuse(next, "please sign in",
                     PEAL_OBJECT({"code", peal_str("unauthorized")}));
}

/* It may have lost its right since it was let in. */
static peal_err on_connect(peal_socket *socket, void *user) {
  peal_kit *kit = user;
  peal_kit_guard_verdict found = PEAL_KIT_GUARD_RIGHT;
  peal_err err = kit->auth != NULL
                     ? peal_kit_auth_socket_bind(kit->auth, socket, &found)
                     : PEAL_OK;
  if (err == PEAL_OK && found != PEAL_KIT_GUARD_RIGHT)
    err = PEAL_ERR_CLOSED;
  return err == PEAL_OK ? peal_kit_greet(socket) : err;
}

peal_err peal_kit_door_on(peal_kit *kit) {
  peal_err err = kit->auth != NULL ? peal_use(kit->nsp, on_use, kit) : PEAL_OK;
  if (err == PEAL_OK)
    err = peal_on_connect(kit->nsp, on_connect, kit);
  if (err == PEAL_OK)
    err = peal_on(kit->nsp, "request", peal_kit_on_request, kit);
  return err;
}
