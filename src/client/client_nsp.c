/* SPDX-License-Identifier: MIT */
/* client_nsp: the namespaces of a client, as the program sees them: made,
 * joined, left, asked. */
#include <string.h>

#include "client/client_core.h"
#include "client/client_spaces.h"
#include "proto/proto_limits.h"
#include "wire/sio_check.h"

/* -- making ---------------------------------------------------------------- */

static peal_err join_new(peal_client_op *op, bool is_here) {
  peal_client *client = op->client;
  (void)is_here;
  peal_sio_client_nsp *state = peal_client_spaces_state(op->nsp);
  if (!state)
    return PEAL_ERR_NOMEM;
  if (client->phase != PEAL_CLIENT_BEGUN || client->no_auto_connect)
    return PEAL_OK;
  peal_err err = peal_sio_client_connect(state, client->worker->now_ms);
  client->is_left = false;
  peal_client_impl_react(client);
  return err;
}

/* With its slash. False: it is no name. */
static bool full_name(char out[PEAL_LIMIT_SIO_NSP_BYTES + 1], const char *name,
                      peal_slice *full) {
  size_t slash = *name != '/', len = strlen(name) + slash;
  if (len > PEAL_LIMIT_SIO_NSP_BYTES)
    return false;
  out[0] = '/';
  memcpy(out + slash, name, len - slash);
  *full = (peal_slice){out, len};
  return peal_sio_check_nsp(*full);
}

peal_client_nsp *peal_client_of(peal_client *client, const char *name) {
  char buf[PEAL_LIMIT_SIO_NSP_BYTES + 1];
  peal_slice full;
  bool is_new;
  if (!client || !full_name(buf, name ? name : client->url_nsp, &full))
    return NULL;
  peal_client_nsp *nsp = peal_client_spaces_find(client, full, &is_new);
  if (!nsp || !is_new)
    return nsp;
  /* Without memory it is made in the machine when it is needed. */
  (void)peal_client_op_do(
      &(peal_client_op){.client = client, .nsp = nsp, .run = join_new});
  return nsp;
}

const char *peal_client_nsp_name(const peal_client_nsp *nsp) {
  return nsp ? nsp->name : "";
}

peal_client *peal_client_nsp_client(peal_client_nsp *nsp) {
  return nsp ? nsp->client : NULL;
}

/* -- joining and leaving --------------------------------------------------- */

static peal_err join(peal_client_op *op, bool is_here) {
  peal_client *client = op->client;
  (void)is_here;
  if (client->phase > PEAL_CLIENT_BEGUN)
    return PEAL_ERR_CLOSED;
  peal_sio_client_nsp *state = peal_client_spaces_state(op->nsp);
  if (!state)
    return PEAL_ERR_NOMEM;
  client->phase = PEAL_CLIENT_BEGUN;
  client->is_left = false;
  op->nsp->was_left = false;
  peal_err err = peal_sio_client_connect(state, client->worker->now_ms);
  peal_client_impl_react(client);
  return err;
}

peal_err peal_client_connect(peal_client_nsp *nsp) {
  if (!nsp)
    return PEAL_ERR_USAGE;
  return peal_client_op_do(
      &(peal_client_op){.client = nsp->client, .nsp = nsp, .run = join});
}

static peal_err leave(peal_client_op *op, bool is_here) {
  peal_client *client = op->client;
  (void)is_here;
  op->nsp->was_left = client->phase == PEAL_CLIENT_SET_UP;
  if (!op->nsp->state)
    return PEAL_OK;
  peal_sio_client_leave(op->nsp->state, client->worker->now_ms);
  if (!peal_sio_client_is_active(&client->machine))
    client->is_left = true; /* it was the last */
  peal_client_impl_react(client);
  return PEAL_OK;
}

void peal_client_leave(peal_client_nsp *nsp) {
  if (nsp)
    (void)peal_client_op_do(
        &(peal_client_op){.client = nsp->client, .nsp = nsp, .run = leave});
}

static peal_err open_all(peal_client_op *op, bool is_here) {
  (void)is_here;
  return peal_client_core_open(op->client);
}

peal_err peal_client_open(peal_client *client) {
  if (!client)
    return PEAL_ERR_USAGE;
  return peal_client_op_do(
      &(peal_client_op){.client = client, .run = open_all});
}

static peal_err close_all(peal_client_op *op, bool is_here) {
  peal_client *client = op->client;
  (void)is_here;
  client->is_left = true;
  peal_sio_client_close(&client->machine, client->worker->now_ms);
  peal_client_impl_react(client);
  return PEAL_OK;
}

void peal_client_close(peal_client *client) {
  if (client)
    (void)peal_client_op_do(
        &(peal_client_op){.client = client, .run = close_all});
}

/* -- asking ---------------------------------------------------------------- */

const char *peal_client_id(const peal_client_nsp *nsp) {
  PEAL_ON_CLIENT(nsp ? nsp->client : NULL,
                 "peal_worker_post to ask on its worker");
  return nsp && nsp->id ? nsp->id : "";
}

bool peal_client_is_connected(const peal_client_nsp *nsp) {
  return nsp && atomic_load_explicit(&nsp->is_connected, memory_order_relaxed);
}

bool peal_client_is_active(const peal_client_nsp *nsp) {
  return nsp && atomic_load_explicit(&nsp->is_active, memory_order_relaxed);
}

bool peal_client_is_recovered(const peal_client_nsp *nsp) {
  return nsp && atomic_load_explicit(&nsp->is_recovered, memory_order_relaxed);
}

const char *peal_client_transport(const peal_client *client) {
  return client ? atomic_load_explicit(&client->transport, memory_order_relaxed)
                : "";
}

size_t peal_client_queued_bytes(const peal_client *client) {
  if (!client)
    return 0;
  size_t posted = atomic_load_explicit(&client->posted, memory_order_relaxed);
  return posted +
         (peal_client_impl_is_here(client)
              ? peal_client_core_queued(client)
              : atomic_load_explicit(&client->queued, memory_order_relaxed));
}

const char *peal_client_reason_text(peal_client_reason reason) {
  static const char *const texts[] = {
      "io server disconnect", "io client disconnect", "ping timeout",
      "transport close",      "transport error",      "parse error"};
  return (unsigned)reason < sizeof texts / sizeof *texts ? texts[reason] : "";
}
