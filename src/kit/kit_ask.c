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

bool peal_kit_ask_query_int(peal_kit_ask *ask, const char *name,
                            int64_t otherwise, int64_t min, int64_t max,
                            int64_t *out) {
  *out = otherwise;
  if (ask->req == NULL)
    return true;
  bool is_good = peal_web_query_int(ask->req, name, otherwise, min, max, out);
  ask->is_over = ask->is_over || !is_good;
  return is_good;
}

/* A kept one has its own: the others are for the worker alone. */
peal_build *peal_kit_ask_build(peal_kit_ask *ask) {
  if (ask->heap == NULL && ask->req != NULL)
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
  peal_doc_free(ask->body);
  ask->build = NULL;
  free(ask->heap);
}

static void acknowledge(peal_kit_ask *ask, peal_val body) {
  if (ask->event != NULL)
    (void)peal_ack(ask->event, PEAL_ARGS(body));
  else
    (void)peal_reply_send(ask->reply, PEAL_ARGS(body));
}

/* ---- on the request's worker ------------------------------------------------- */

static bool is_away(const peal_kit_ask *ask) {
  return ask->home != NULL && ask->home != peal_worker_self();
}

static void on_home(peal_worker *worker, void *user) {
  peal_kit_ask *ask = user;
  (void)worker;
  ask->home = NULL;
  ask->is_over = false;
  if (ask->body != NULL)
    peal_kit_ask_answer(ask, ask->status, peal_doc_val(ask->body));
  else if (ask->why.status != 0)
    peal_kit_ask_refuse(ask, &ask->why);
  else
    peal_kit_ask_fail(ask, ask->err);
}

/* A worker that has ended needs no other thread. Without memory the request
 * stays with the server, which ends it. */
static void go_home(peal_kit_ask *ask) {
  peal_err err = peal_worker_post(ask->home, on_home, ask);
  if (err == PEAL_ERR_CLOSED)
    on_home(NULL, ask);
  else if (err != PEAL_OK)
    end_answer(ask);
}

/* ---- answers ----------------------------------------------------------------- */

void peal_kit_ask_answer(peal_kit_ask *ask, unsigned status, peal_val body) {
  if (!begin_answer(ask))
    return;
  if (is_away(ask)) {
    ask->status = status;
    ask->body = peal_doc_new(body);
    ask->err = PEAL_ERR_NOMEM; // if there is no body
    go_home(ask);
    return;
  }
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

void peal_kit_ask_done_with(peal_kit_ask *ask, peal_val more) {
  peal_build *build = peal_kit_ask_build(ask);
  peal_pairs *body = peal_pairs_new(build);
  peal_pairs_add(body, "status", peal_str("success"));
  for (size_t i = 0; peal_val_is(more, PEAL_OBJECT) && i < more.len; i++)
    peal_pairs_add(body, more.as.pairs[i].key, more.as.pairs[i].value);
  peal_kit_ask_answer(ask, 200, peal_pairs_val(body));
}

/* Who waits for no answer hears at least that it was not done. */
static void tell(const peal_kit_ask *ask, const peal_kit_refusal *why) {
  peal_args args = PEAL_ARGS(PEAL_OBJECT({"message", peal_str(why->message)}));
  bool is_awaited = ask->event != NULL ? peal_event_wants_ack(ask->event)
                                       : ask->reply != NULL;
  if (ask->error_event == NULL || is_awaited)
    return;
  if (ask->socket != NULL)
    (void)peal_emit(ask->socket, ask->error_event, args);
  else
    (void)peal_ref_emit(ask->ref, ask->error_event, args);
}

void peal_kit_ask_refuse(peal_kit_ask *ask, const peal_kit_refusal *why) {
  if (!begin_answer(ask))
    return;
  if (is_away(ask)) {
    ask->why = *why;
    go_home(ask);
    return;
  }
  tell(ask, why);
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
    if (is_away(ask)) {
      ask->err = err;
      go_home(ask);
      return;
    }
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
  *kept = (peal_kit_ask){.kit = ask->kit,
                         .req = ask->req,
                         .error_event = ask->error_event,
                         .build = ask->build,
                         .heap = kept};
  ask->build = NULL; // of nobody's question, which has only this one
  if (ask->req != NULL) {
    kept->home = peal_http_req_worker(ask->req);
    peal_http_defer(ask->req);
  }
  if (ask->event != NULL) {
    kept->reply = peal_ack_later(ask->event);
    kept->ref = peal_ref_of(ask->socket);
  }
  ask->is_over = true;
  return kept;
}
