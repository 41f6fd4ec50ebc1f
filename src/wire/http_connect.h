/* SPDX-License-Identifier: MIT */
#pragma once
/* http_connect: a client's side of an HTTP proxy that is asked for a tunnel
 * (CONNECT, RFC9110 9.3.6), with user and password (Basic, RFC7617), up to the
 * moment from which the connection is the target's.
 * In the flow: net/dial_proxy -> [http_connect] -> wire/http1. */
#include <peal/base.h>

#include "base/buf.h"
#include "wire/http1_scan.h"

/* Bytes of an answer's head, and of all before it that are none, at most. */
#define PEAL_HTTP_CONNECT_HEAD_MAX 8192u

typedef struct peal_http_connect_target {
  peal_slice host; /* without brackets */
  uint16_t port;
  bool has_user;
  peal_slice user, password;
} peal_http_connect_target;

typedef struct peal_http_connect {
  peal_buf out, in;
  size_t out_at;
  peal_http1_scan scan;
  size_t interim;  /* bytes of answers with 1xx */
  unsigned status; /* of the answer; 0: there is none yet */
  bool done;
  peal_err err; /* sticky */
} peal_http_connect;

/* Returns: PEAL_OK; PEAL_ERR_OPTION: no host, or one that no head can have;
 * PEAL_ERR_NOMEM. In any case it is to be deinited. */
PEAL_MUST_CHECK peal_err
peal_http_connect_init(peal_http_connect *ask, const peal_mem *mem,
                       const peal_http_connect_target *target);
void peal_http_connect_deinit(peal_http_connect *ask);
/* What is to be sent now; borrowed until _sent. */
peal_slice peal_http_connect_pull(const peal_http_connect *ask);
/* `len` bytes of it have left. */
void peal_http_connect_sent(peal_http_connect *ask, size_t len);
/* How many bytes may be read now, so that none of the target's is among them
 * (at most four: the head's end is no longer): 0 while there is something to
 * send, and at the end. */
size_t peal_http_connect_wants(const peal_http_connect *ask);
/* Feed at most as many.
 * Returns: PEAL_OK: the connection is the target's; PEAL_ERR_AGAIN: go on;
 * PEAL_ERR_PROXY: refused, with `status`; PEAL_ERR_HTTP_SYNTAX,
 * PEAL_ERR_HTTP_HEAD_LEN, PEAL_ERR_NOMEM: again and again. */
PEAL_MUST_CHECK peal_err peal_http_connect_feed(peal_http_connect *ask,
                                                peal_slice in);
