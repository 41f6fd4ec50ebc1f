/* SPDX-License-Identifier: MIT */
#include "proto/sio_client_nsp.h"

#include "proto/sio_client_state.h"

peal_sio_client_nsp *peal_sio_client_nsp_next(const peal_sio_client *client,
                                              const peal_sio_client_nsp *nsp) {
  const peal_list *at = nsp ? &nsp->at : &client->nsps;
  return at->next == &client->nsps
             ? NULL
             : PEAL_LIST_OF(at->next, peal_sio_client_nsp, at);
}

peal_slice peal_sio_client_nsp_name(const peal_sio_client_nsp *nsp) {
  return (peal_slice){nsp->name, nsp->name_len};
}

peal_sio_client *peal_sio_client_nsp_client(const peal_sio_client_nsp *nsp) {
  return nsp->client;
}

peal_slice peal_sio_client_nsp_sid(const peal_sio_client_nsp *nsp) {
  bool connected = peal_sio_client_nsp_is_connected(nsp);
  return connected ? peal_sio_client_state_slice(&nsp->sid) : (peal_slice){0};
}

bool peal_sio_client_nsp_is_connected(const peal_sio_client_nsp *nsp) {
  return nsp->phase == PEAL_SIO_CLIENT_OPENING ||
         nsp->phase == PEAL_SIO_CLIENT_IN;
}

bool peal_sio_client_nsp_is_active(const peal_sio_client_nsp *nsp) {
  return nsp->wanted && nsp->client->stage != PEAL_SIO_CLIENT_IDLE;
}

bool peal_sio_client_nsp_is_recovered(const peal_sio_client_nsp *nsp) {
  return nsp->recovered;
}

void *peal_sio_client_nsp_user(const peal_sio_client_nsp *nsp) {
  return nsp->user;
}

void peal_sio_client_nsp_set_user(peal_sio_client_nsp *nsp, void *user) {
  nsp->user = user;
}
