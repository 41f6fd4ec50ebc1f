/* SPDX-License-Identifier: MIT */
#include "driver_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver_do.h"
#include "driver_say.h"
#include "driver_values.h"

struct driver_ask {
  int64_t id, ask;
};

/* What is to be done behind this report, by the command's `when`. */
static void then(driver_socket *socket, const char *what) {
  peal_args when = driver_values_args(peal_val_get(socket->command, "when"));
  for (size_t i = 0; i < when.count && i < DRIVER_WHEN_MAX; i++) {
    peal_slice on = peal_val_str(peal_val_get(when.items[i], "on"));
    if (!peal_slice_is(on, what) || socket->times[i] <= 0) {
      continue;
    }
    socket->times[i]--;
    peal_args list = driver_values_args(peal_val_get(when.items[i], "do"));
    for (size_t n = 0; n < list.count; n++) {
      driver_do(list.items[n]);
    }
  }
}

static void on_connect(peal_client_nsp *nsp, void *user) {
  driver_socket *socket = user;
  driver_say(
      PEAL_OBJECT({"is", peal_str("connect")}, {"id", peal_int(socket->id)},
                  {"recovered", peal_bool(peal_client_is_recovered(nsp))}));
  then(socket, "connect");
}

static void on_disconnect(peal_client_nsp *nsp, peal_client_reason reason,
                          peal_err err, void *user) {
  (void)nsp;
  driver_socket *socket = user;
  driver_say(PEAL_OBJECT({"is", peal_str("disconnect")},
                         {"id", peal_int(socket->id)},
                         {"reason", peal_str(peal_client_reason_text(reason))},
                         {"err", peal_str(peal_err_name(err))}));
  then(socket, "disconnect");
}

static void on_connect_error(peal_client_nsp *nsp,
                             const peal_client_problem *problem, void *user) {
  (void)nsp;
  driver_socket *socket = user;
  peal_build *build = peal_build_new();
  driver_say(PEAL_OBJECT({"is", peal_str("refused")},
                         {"id", peal_int(socket->id)},
                         {"message", peal_str(problem->text)},
                         {"data", driver_values_pack(build, problem->data)},
                         {"low", peal_bool(problem->err != PEAL_ERR_REFUSED)},
                         {"err", peal_str(peal_err_name(problem->err))}));
  peal_build_free(build);
  then(socket, "refused");
}

static void say_event(driver_socket *socket, const char *is, peal_slice event,
                      peal_args args) {
  peal_build *build = peal_build_new();
  driver_say(PEAL_OBJECT({"is", peal_str(is)}, {"id", peal_int(socket->id)},
                         {"event", peal_str_slice(event)},
                         {"args", driver_values_pack_args(build, args)}));
  peal_build_free(build);
}

static void on_event(peal_client_nsp *nsp, const peal_event *event,
                     void *user) {
  (void)nsp;
  char what[128];
  peal_slice name = peal_event_name(event);
  (void)snprintf(what, sizeof what, "event %.*s", PEAL_SFMT(name));
  say_event(user, "event", name, peal_event_args(event));
  then(user, what);
}

static void on_any(peal_client_nsp *nsp, const peal_event *event, void *user) {
  (void)nsp;
  say_event(user, "any", peal_event_name(event), peal_event_args(event));
}

static void on_outgoing(peal_client_nsp *nsp, peal_slice event, peal_args args,
                        void *user) {
  (void)nsp;
  say_event(user, "outgoing", event, args);
}

static void on_question(peal_client_nsp *nsp, const peal_event *event,
                        void *user) {
  (void)nsp;
  driver_socket *socket = user;
  peal_val answer = peal_val_get_n(socket->answers, peal_event_name(event));
  (void)peal_ack(event, driver_values_args(answer));
}

/* -- auth as a function ------------------------------------------------------ */

typedef struct later_auth {
  peal_client_auth *ask;
  driver_socket *socket;
} later_auth;

static void give_now(peal_timer *timer, void *user) {
  later_auth *later = user;
  (void)peal_client_auth_give(later->ask, later->socket->auth);
  peal_timer_free(timer);
  free(later);
}

static void on_auth(peal_client_nsp *nsp, peal_client_auth *ask, void *user) {
  (void)nsp;
  driver_socket *socket = user;
  int64_t ms = peal_val_int(peal_val_get(socket->command, "askAuth"), 0);
  driver_say(
      PEAL_OBJECT({"is", peal_str("auth")}, {"id", peal_int(socket->id)}));
  later_auth *later = ms > 0 ? calloc(1, sizeof *later) : NULL;
  if (!later) {
    (void)peal_client_auth_give(ask, socket->auth);
    return;
  }
  *later = (later_auth){ask, socket};
  peal_timer *timer = peal_timer_new(peal_worker_self(), give_now, later);
  peal_timer_start(timer, (uint64_t)ms, 0);
}

/* -- the connection ----------------------------------------------------------- */

/* As the reference calls it; NULL if it has no such event. */
static const char *notice_name(peal_client_notice_type type) {
  switch (type) {
  case PEAL_CLIENT_OPEN:
    return "open";
  case PEAL_CLIENT_ERROR:
    return "error";
  case PEAL_CLIENT_CLOSED:
    return "close";
  case PEAL_CLIENT_RECONNECT_ATTEMPT:
    return "reconnect_attempt";
  case PEAL_CLIENT_RECONNECT_ERROR:
    return "reconnect_error";
  case PEAL_CLIENT_RECONNECT_FAILED:
    return "reconnect_failed";
  case PEAL_CLIENT_RECONNECTED:
    return "reconnect";
  case PEAL_CLIENT_PING:
  case PEAL_CLIENT_UPGRADED:
  case PEAL_CLIENT_RECONNECT_WAIT:
    break;
  }
  return NULL;
}

static void on_notice(peal_client *client, const peal_client_notice *notice,
                      void *user) {
  (void)client;
  driver_socket *socket = user;
  const char *name = notice_name(notice->type);
  if (!name) {
    return;
  }
  bool is_close = notice->type == PEAL_CLIENT_CLOSED;
  driver_say(PEAL_OBJECT(
      {"is", peal_str("notice")}, {"id", peal_int(socket->id)},
      {"what", peal_str(name)},
      {"attempt",
       notice->attempt ? peal_int(notice->attempt) : peal_undefined()},
      {"reason", is_close ? peal_str(peal_client_reason_text(notice->reason))
                          : peal_undefined()},
      {"text",
       notice->problem ? peal_str(notice->problem->text) : peal_undefined()}));
}

/* -- registering --------------------------------------------------------------- */

static bool register_names(driver_socket *socket) {
  peal_args events =
      driver_values_args(peal_val_get(socket->command, "events"));
  bool ok = true;
  for (size_t i = 0; i < events.count; i++) {
    const char *name = driver_values_text(socket->build, events.items[i]);
    ok = ok && peal_client_on(socket->nsp, name, on_event, socket) == PEAL_OK;
  }
  peal_val answers = socket->answers;
  for (uint32_t i = 0; ok && i < answers.len; i++) {
    ok = peal_client_on(socket->nsp, peal_val_key(answers, i).ptr, on_question,
                        socket) == PEAL_OK;
  }
  return ok;
}

static bool wants(const driver_socket *socket, const char *what) {
  return peal_val_bool(peal_val_get(socket->command, what), false);
}

static bool register_auth(driver_socket *socket) {
  if (!peal_val_is(peal_val_get(socket->command, "askAuth"), PEAL_UNDEFINED)) {
    return peal_client_on_auth(socket->nsp, on_auth, socket) == PEAL_OK;
  }
  return peal_val_is(socket->auth, PEAL_UNDEFINED) ||
         peal_client_set_auth(socket->nsp, socket->auth) == PEAL_OK;
}

bool driver_report_register(driver_socket *socket) {
  peal_client_nsp *nsp = socket->nsp;
  bool ok =
      peal_client_on_connect(nsp, on_connect, socket) == PEAL_OK &&
      peal_client_on_disconnect(nsp, on_disconnect, socket) == PEAL_OK &&
      peal_client_on_connect_error(nsp, on_connect_error, socket) == PEAL_OK &&
      register_auth(socket) && register_names(socket);
  if (ok && wants(socket, "any")) {
    ok = peal_client_on_any(nsp, on_any, socket) == PEAL_OK;
  }
  if (ok && wants(socket, "outgoing")) {
    ok = peal_client_on_any_outgoing(nsp, on_outgoing, socket) == PEAL_OK;
  }
  if (ok && wants(socket, "watch")) {
    ok = peal_client_on_notice(socket->client, on_notice, socket) == PEAL_OK;
  }
  return ok;
}

/* -- answers --------------------------------------------------------------------- */

driver_ask *driver_report_ask_new(int64_t id, int64_t ask) {
  driver_ask *out = calloc(1, sizeof *out);
  if (out) {
    *out = (driver_ask){id, ask};
  }
  return out;
}

static peal_val words_of(peal_err err) {
  switch ((int)err) {
  case PEAL_OK:
    return peal_undefined();
  case PEAL_ERR_TIMEOUT:
    return peal_str("operation has timed out");
  case PEAL_ERR_CLOSED:
    return peal_str("socket has been disconnected");
  default:
    return peal_str(peal_err_message(err));
  }
}

void driver_report_answer(peal_client_nsp *nsp, peal_err err, peal_args args,
                          void *user) {
  (void)nsp;
  driver_ask *ask = user;
  peal_build *build = peal_build_new();
  driver_say(PEAL_OBJECT({"is", peal_str("answer")}, {"id", peal_int(ask->id)},
                         {"ask", peal_int(ask->ask)},
                         {"args", driver_values_pack_args(build, args)},
                         {"error", words_of(err)}));
  peal_build_free(build);
  free(ask);
}

void driver_report_error(int64_t id, const char *what, peal_err err,
                         const char *text) {
  driver_say(PEAL_OBJECT(
      {"is", peal_str("error")}, {"id", peal_int(id)}, {"what", peal_str(what)},
      {"err", peal_str(peal_err_name(err))}, {"text", peal_str(text)}));
}
