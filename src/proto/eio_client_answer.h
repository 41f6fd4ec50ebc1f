/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_client_answer: what a server has answered to a request of an Engine.IO
 * client, and what is wrong with it, in words for people: an error of the
 * server's own, another protocol, a proxy, a page.
 * In the flow: proto/http_conn -> [eio_client_answer] -> proto/eio_client. */
#include <peal/base.h>

/* Bytes of the words, the terminator included. */
#define PEAL_EIO_CLIENT_TEXT 320u

/* Borrowed, all of it. {0} is a connection that was closed in order. */
typedef struct peal_eio_client_answer {
  peal_err err;        /* why there is no answer, or no connection any more */
  const char *text;    /* the same in words; NULL: those of `err` */
  unsigned status;     /* 0: no answer came */
  peal_slice reason;   /* behind the status */
  peal_slice type;     /* Content-Type */
  peal_slice coding;   /* Content-Encoding: none is asked for */
  peal_slice location; /* where a redirect points to */
  peal_slice body;     /* as much of it as is known */
} peal_eio_client_answer;

/* What was asked. */
typedef enum peal_eio_client_question {
  PEAL_EIO_CLIENT_HANDSHAKE, /* GET without a session */
  PEAL_EIO_CLIENT_POLL,      /* GET */
  PEAL_EIO_CLIENT_DATA,      /* POST */
  PEAL_EIO_CLIENT_UPGRADE    /* GET with Upgrade: websocket */
} peal_eio_client_question;

/* Is it what was asked for: 200 without a coding, or 101?
 * Returns: PEAL_OK; answer->err; PEAL_ERR_ANSWER. Then `text`
 * (PEAL_EIO_CLIENT_TEXT bytes) says it in words, without line breaks.
 * Thread: pure. */
PEAL_MUST_CHECK peal_err
peal_eio_client_answer_check(const peal_eio_client_answer *answer,
                             peal_eio_client_question question, char *text);
/* A body that was to begin with the handshake and does not: which protocol is
 * it? Thread: pure. */
void peal_eio_client_answer_explain(peal_slice body, char *text);
