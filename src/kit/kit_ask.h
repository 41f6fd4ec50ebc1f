/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_ask: a question from the inside. */
#include <peal/handle.h>
#include <peal/kit_answer.h>

struct peal_kit_ask {
  peal_kit *kit;
  /* One of these, or none: nobody asks. */
  peal_http_req *req;
  peal_socket *socket;     /* with its event, until the handler has returned */
  const peal_event *event; /* the same */
  peal_reply *reply;       /* of an event that was kept */
  peal_socket_ref ref;     /* the same */
  const char *error_event; /* of the action, if it was an event */
  peal_build *build;       /* its own, of a kept one; made when it is needed */
  peal_kit_ask *heap;      /* itself, if it was kept; the answer frees it */
  bool is_over;            /* answered, or kept elsewhere */
  /* Of a kept request: where it is answered, and what is on its way there. */
  peal_worker *home;
  unsigned status;
  peal_doc *body;       /* NULL: */
  peal_kit_refusal why; /* with a status, or */
  peal_err err;
};
