/* SPDX-License-Identifier: MIT */
#include "kit/kit_sim_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACK_MS = 20000, HTTP_OK = 200, HTTP_REFUSED = 422 };

struct peal_kit_sim_socket {
  peal_client *client;
  peal_client_nsp *nsp;
  peal_worker *worker;
  peal_kit_sim_net_done done;
  void *user;
  uint64_t sent_ms;
  bool is_waiting; /* an acknowledgement is due */
  bool is_ended;   /* it frees what it is told of */
};

peal_kit_sim_socket *peal_kit_sim_socket_new(const peal_kit_sim_opts *opts,
                                             peal_worker *worker,
                                             const char *device_id,
                                             peal_kit_sim_net_done done,
                                             void *user) {
  peal_kit_sim_socket *socket = calloc(1, sizeof *socket);
  peal_client_problem why;
  if (socket == NULL)
    return NULL;
  *socket = (peal_kit_sim_socket){.worker = worker, .done = done, .user = user};
  // a proxy for the internet is none for the device's own network
  if (peal_client_new(
          &socket->client,
          &(peal_client_opts){.url = opts->url, .worker = worker, .proxy = ""},
          &why) != PEAL_OK) {
    fprintf(stderr, "%s: %s\n", opts->program, why.text);
    free(socket);
    return NULL;
  }
  socket->nsp = peal_client_of(socket->client, NULL);
  peal_val key = opts->key != NULL ? peal_str(opts->key) : peal_undefined();
  (void)peal_client_set_auth(
      socket->nsp,
      PEAL_OBJECT({"device_id", peal_str(device_id)}, {"device_key", key}));
  return socket;
}

/* On its worker, between two steps of which this thread is none. */
static void end(peal_worker *worker, void *user) {
  peal_kit_sim_socket *socket = user;
  (void)worker;
  // the end of one that waits comes with the client's, or later
  bool is_waiting = socket->is_waiting;
  socket->is_ended = true;
  peal_client_free(socket->client);
  if (!is_waiting)
    free(socket);
}

void peal_kit_sim_socket_free(peal_kit_sim_socket *socket) {
  if (socket == NULL)
    return;
  socket->done = NULL;
  // where memory is out it stays: the program ends
  peal_err err = peal_worker_post(socket->worker, end, socket);
  (void)err;
}

/* ---- answers ------------------------------------------------------------- */

static void tell(peal_kit_sim_socket *socket, int status, const char *text,
                 const char *error) {
  uint64_t took_ms = peal_kit_sim_net_clock_ms() - socket->sent_ms;
  socket->done(socket->user, &(peal_kit_sim_answer){
                                 .status = status,
                                 .latency_us = took_ms > 0 ? took_ms * 1000 : 1,
                                 .text = text,
                                 .error = error});
}

static void on_ack(peal_client_nsp *nsp, peal_err err, peal_args args,
                   void *user) {
  peal_kit_sim_socket *socket = user;
  (void)nsp;
  socket->is_waiting = false;
  if (socket->is_ended) {
    free(socket);
    return;
  }
  if (socket->done == NULL) // its end has been posted
    return;
  if (err != PEAL_OK) {
    tell(socket, 0, "", peal_err_message(err));
    return;
  }
  char text[PEAL_KIT_SIM_ANSWER_BYTES] = "";
  peal_val said = args.count > 0 ? args.items[0] : peal_null();
  peal_bytes *json = peal_json_bytes(said);
  snprintf(text, sizeof text, "%.*s", PEAL_SFMT(peal_bytes_slice(json)));
  peal_bytes_unref(json);
  bool is_refused =
      peal_slice_is(peal_val_str(peal_val_get(said, "status")), "error");
  tell(socket, is_refused ? HTTP_REFUSED : HTTP_OK, text, "");
}

/* ---- events -------------------------------------------------------------- */

bool peal_kit_sim_socket_send(peal_kit_sim_socket *socket,
                              const peal_kit_sim_job *job) {
  peal_slice text = {(const char *)job->body, job->len};
  peal_doc *doc = NULL;
  socket->sent_ms = peal_kit_sim_net_clock_ms();
  if (job->fault == PEAL_KIT_SIM_DROP) { // now the device loses its Wi-Fi
    peal_client_close(socket->client);
    (void)peal_client_open(socket->client);
    tell(socket, 0, "", "dropped");
    return true;
  }
  // what is no JSON goes as a text
  bool is_json = peal_doc_from_json(&doc, text, NULL) == PEAL_OK;
  peal_val value = is_json ? peal_doc_val(doc) : peal_str_slice(text);
  socket->is_waiting = true;
  peal_err err = peal_client_emit_ack(
      socket->nsp, &(peal_client_how){.timeout_ms = ACK_MS}, job->event,
      PEAL_ARGS(value), on_ack, socket);
  peal_doc_free(doc);
  if (err != PEAL_OK)
    socket->is_waiting = false;
  return err == PEAL_OK;
}
