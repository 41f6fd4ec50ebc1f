/* SPDX-License-Identifier: MIT */
#include "driver_do.h"

#include <stdio.h>

#include "driver_open.h"
#include "driver_report.h"
#include "driver_say.h"
#include "driver_values.h"

static peal_worker *home;

void driver_do_on(peal_worker *worker) {
  home = worker;
}

/* -- opening ------------------------------------------------------------------ */

static bool open_client(driver_socket *socket) {
  int64_t with = peal_val_int(peal_val_get(socket->command, "with"), 0);
  driver_socket *sibling = with ? driver_socket_find(with) : NULL;
  socket->is_first = !sibling;
  socket->client =
      sibling ? sibling->client : driver_open_client(socket->command, home);
  return socket->client != NULL;
}

static void do_open(peal_doc *doc) {
  driver_socket *socket = driver_socket_new(doc);
  if (!socket || !open_client(socket)) {
    return;
  }
  const char *name =
      driver_values_text(socket->build, peal_val_get(socket->command, "nsp"));
  socket->nsp = peal_client_of(socket->client, name);
  if (!socket->nsp || !driver_report_register(socket)) {
    driver_report_error(socket->id, "open", PEAL_ERR_NOMEM, "");
  } else if (socket->is_first && !home) {
    peal_err err = peal_client_start(socket->client);
    if (err != PEAL_OK) {
      driver_report_error(socket->id, "start", err, "");
    }
  }
}

/* -- emitting ----------------------------------------------------------------- */

static peal_client_how how_of(peal_val command) {
  peal_val how = peal_val_get(command, "how");
  return (peal_client_how){
      .is_volatile = peal_val_bool(peal_val_get(how, "volatile"), false),
      .no_retry = peal_val_bool(peal_val_get(how, "noRetry"), false),
      .timeout_ms = (uint32_t)peal_val_int(peal_val_get(how, "timeout"), 0),
  };
}

static peal_err emit(driver_socket *socket, peal_build *build, peal_val command,
                     bool is_ask) {
  peal_slice event = peal_val_str(peal_val_get(command, "event"));
  peal_client_how how = how_of(command);
  peal_args args = driver_values_args(
      driver_values_unpack(build, peal_val_get(command, "args")));
  if (!is_ask) {
    return peal_client_emit_with_n(socket->nsp, &how, event, args);
  }
  driver_ask *ask = driver_report_ask_new(
      socket->id, peal_val_int(peal_val_get(command, "ask"), 0));
  peal_err err = peal_client_emit_ack_n(socket->nsp, &how, event, args,
                                        driver_report_answer, ask);
  if (err != PEAL_OK) {
    driver_report_answer(socket->nsp, err, PEAL_NO_ARGS, ask);
  }
  return PEAL_OK;
}

static void do_emit(driver_socket *socket, peal_val command, bool is_ask) {
  peal_build *build = peal_build_new();
  peal_err err = emit(socket, build, command, is_ask);
  if (err != PEAL_OK) {
    driver_report_error(socket->id, "emit", err, "");
  }
  peal_build_free(build);
}

/* -- the rest ------------------------------------------------------------------- */

static void say_state(peal_worker *worker, void *user) {
  (void)worker;
  driver_socket *socket = user;
  peal_client_nsp *nsp = socket->nsp;
  driver_say(PEAL_OBJECT(
      {"is", peal_str("state")}, {"id", peal_int(socket->id)},
      {"connected", peal_bool(peal_client_is_connected(nsp))},
      {"active", peal_bool(peal_client_is_active(nsp))},
      {"recovered", peal_bool(peal_client_is_recovered(nsp))},
      {"transport", peal_str(peal_client_transport(socket->client))},
      {"queued", peal_int((int64_t)peal_client_queued_bytes(socket->client))}));
}

static void do_state(driver_socket *socket) {
  peal_worker *worker =
      peal_workers_get(peal_client_workers(socket->client), 0);
  if (peal_worker_self() == worker) {
    say_state(worker, socket);
  } else if (peal_worker_post(worker, say_state, socket) != PEAL_OK) {
    driver_report_error(socket->id, "state", PEAL_ERR_CLOSED, "");
  }
}

void driver_do(peal_val command) {
  peal_slice what = peal_val_str(peal_val_get(command, "do"));
  int64_t id = peal_val_int(peal_val_get(command, "id"), 0);
  driver_socket *socket = driver_socket_find(id);
  if (!socket || !socket->nsp) {
    return;
  }
  if (peal_slice_is(what, "emit") || peal_slice_is(what, "ask")) {
    do_emit(socket, command, peal_slice_is(what, "ask"));
  } else if (peal_slice_is(what, "state")) {
    do_state(socket);
  } else if (peal_slice_is(what, "connect")) {
    (void)peal_client_connect(socket->nsp);
  } else if (peal_slice_is(what, "close")) {
    peal_client_leave(socket->nsp);
  } else if (peal_slice_is(what, "reopen")) {
    (void)peal_client_open(socket->client);
  } else if (peal_slice_is(what, "shut")) {
    peal_client_close(socket->client);
  } else if (peal_slice_is(what, "free")) {
    driver_socket_free_client(socket->client);
  } else {
    (void)fprintf(stderr, "unknown command %.*s\n", PEAL_SFMT(what));
  }
}

void driver_do_line(peal_doc *doc) {
  peal_val command = peal_doc_val(doc);
  if (peal_slice_is(peal_val_str(peal_val_get(command, "do")), "open")) {
    do_open(doc);
    return;
  }
  driver_do(command);
  peal_doc_free(doc);
}
