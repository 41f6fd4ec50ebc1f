/* SPDX-License-Identifier: MIT */
#include "kit/kit_ask.h"

#include <stdlib.h>

/* ---- who asked ------------------------------------------------------------- */

peal_http_req *peal_kit_ask_req(const peal_kit_ask *ask) {
  return ask->req;
}

peal_socket *peal_kit_ask_socket(const peal_kit_ask *ask) {
  return ask->socket;
}

peal_slice peal_kit_ask_header(const peal_kit_ask *ask, const char *name) {
  if (ask->req != NULL)
    return peal_http_req_header(ask->req, name);
  return ask->socket != NULL ? peal_socket_header(ask->socket, name)
                             : (peal_slice){0};
}

peal_slice peal_kit_ask_address(const peal_kit_ask *ask) {
  if (ask->req != NULL)
    return peal_http_req_address(ask->req);
  return ask->socket != NULL ? peal_socket_address(ask->socket) : PEAL_S("");
}

peal_build *peal_kit_ask_build(peal_kit_ask *ask) {
  if (ask->req != NULL)
    return peal_http_req_build(ask->req);
  if (ask->socket != NULL)
    return peal_socket_build(ask->socket);
  if (ask->build == NULL)
    ask->build = peal_build_new();
  return ask->build;
}

/* ---- its end --------------------------------------------------------------- */

/* May it be answered? From now on it is. */
static bool begin_answer(peal_kit_ask *ask) {
  bool is_first = !ask->is_over;
  ask->is_over = true;
  return is_first;
}

static void end_answer(peal_kit_ask *ask) {
  peal_build_free(ask->build);
  ask->build = NULL;
  free(ask->heap);
}

static void acknowledge(peal_kit_ask *ask, peal_val body) {
  if (ask->event != NULL)
    (void)peal_ack(ask->event, PEAL_ARGS(body));
  else
    (void)peal_reply_send(ask->reply, PEAL_ARGS(body));
}

void peal_kit_ask_answer(peal_kit_ask *ask, unsigned status, peal_val body) {
  if (!begin_answer(ask))
    return;
  if (ask->req != NULL) {
    (void)peal_http_answer_header(ask->req, "Cache-Control",
                                  PEAL_S("no-store"));
    peal_http_answer_json(ask->req, status, body);
  } else {
    acknowledge(ask, body);
  }
  end_answer(ask);
}

void peal_kit_ask_done(peal_kit_ask *ask) {
  peal_kit_ask_answer(ask, 200, PEAL_OBJECT({"status", peal_str("success")}));
}

void peal_kit_ask_data(peal_kit_ask *ask, peal_val data) {
  peal_kit_ask_answer(
      ask, 200, PEAL_OBJECT({"status", peal_str("success")}, {"data", data}));
}

void peal_kit_ask_refuse(peal_kit_ask *ask, const peal_kit_refusal *why) {
  if (!begin_answer(ask))
    return;
  if (ask->req != NULL)
    peal_kit_refusal_answer(ask->req, why);
  else if (ask->event != NULL)
    peal_kit_refusal_ack(ask->event, why);
  else
    peal_kit_refusal_reply(ask->reply, why);
  end_answer(ask);
}

void peal_kit_ask_fail(peal_kit_ask *ask, peal_err err) {
  if (ask->req != NULL && begin_answer(ask)) {
    peal_web_error_of(ask->req, err);
    end_answer(ask);
    return;
  }
  peal_kit_refusal why;
  peal_kit_refusal_set(&why, 503, NULL, "%s", peal_kit_words(err));
  peal_kit_ask_refuse(ask, &why);
}

/* ---- later ----------------------------------------------------------------- */

peal_kit_ask *peal_kit_ask_keep(peal_kit_ask *ask) {
  if (ask->heap != NULL)
    return ask;
  peal_kit_ask *kept = calloc(1, sizeof *kept);
  if (kept == NULL) {
    peal_kit_ask_fail(ask, PEAL_ERR_NOMEM);
    return NULL;
  }
  *kept = (peal_kit_ask){
      .kit = ask->kit, .req = ask->req, .build = ask->build, .heap = kept};
  ask->build = NULL; // of nobody's question, which has only this one
  if (ask->req != NULL)
    peal_http_defer(ask->req);
  if (ask->event != NULL)
    kept->reply = peal_ack_later(ask->event);
  ask->is_over = true;
  return kept;
}
