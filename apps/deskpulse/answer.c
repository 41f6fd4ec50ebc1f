/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include <stdlib.h>

#include <peal/kit.h>

struct answer {
  peal_http_req *req; /* NULL: it was an event */
  peal_worker *worker;
  peal_reply *reply;      /* NULL: nobody waits for it */
  peal_socket_ref socket; /* of the event */
  unsigned status;
  peal_doc *body; /* NULL: memory is out */
};

answer *answer_of_request(peal_http_req *req) {
  answer *a = calloc(1, sizeof *a);
  if (a == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return NULL;
  }
  a->req = req;
  a->worker = peal_http_req_worker(req);
  peal_http_defer(req);
  return a;
}

answer *answer_of_event(peal_socket *socket, const peal_event *event) {
  peal_kit_refusal why;
  answer *a = calloc(1, sizeof *a);
  if (a != NULL) {
    a->reply = peal_ack_later(event);
    a->socket = peal_ref_of(socket);
    return a;
  }
  peal_kit_refusal_set(&why, 503, NULL, "out of memory, try again later");
  peal_kit_refusal_ack(event, &why);
  return NULL;
}

/* ---- giving it --------------------------------------------------------------- */

static void write_answer(peal_worker *worker, void *user) {
  answer *a = user;
  (void)worker;
  (void)peal_http_answer_header(a->req, "Cache-Control", PEAL_S("no-store"));
  if (a->body != NULL)
    peal_http_answer_json(a->req, a->status, peal_doc_val(a->body));
  else
    peal_web_error_of(a->req, PEAL_ERR_NOMEM);
  peal_doc_free(a->body);
  free(a);
}

/* A request is answered on its own worker. */
static void give(answer *a, unsigned status, peal_val body) {
  if (a->req == NULL) {
    if (a->reply != NULL)
      (void)peal_reply_send(a->reply, PEAL_ARGS(body));
    free(a);
    return;
  }
  a->status = status;
  a->body = peal_doc_new(body);
  if (a->worker == peal_worker_self() ||
      peal_worker_post(a->worker, write_answer, a) != PEAL_OK)
    write_answer(a->worker, a);
}

void answer_success(answer *to, peal_val more) {
  peal_build *build = peal_build_new();
  peal_pairs *body = peal_pairs_new(build);
  peal_pairs_add(body, "status", peal_str("success"));
  for (size_t i = 0; peal_val_is(more, PEAL_OBJECT) && i < more.len; i++)
    peal_pairs_add(body, more.as.pairs[i].key, more.as.pairs[i].value);
  give(to, 200, peal_pairs_val(body));
  peal_build_free(build);
}

void answer_error(answer *to, unsigned status, const char *message,
                  const char *field) {
  if (to->req == NULL && to->reply == NULL)
    (void)peal_ref_emit(to->socket, "error",
                        PEAL_ARGS(PEAL_OBJECT({"message", peal_str(message)})));
  peal_val at = field != NULL ? peal_str(field) : peal_undefined();
  give(to, status,
       PEAL_OBJECT({"status", peal_str("error")},
                   {"message", peal_str(message)}, {"field", at}));
}
