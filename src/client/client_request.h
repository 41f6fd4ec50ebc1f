/* SPDX-License-Identifier: MIT */
#pragma once
/* client_request: what all requests of a client's connection share: the lines
 * of their heads (the program's own, cookies), and what is kept of an answer's.
 * In the flow: client/client_http, client/client_ws -> [client_request] ->
 * proto/http_ask. */
#include "base/buf.h"
#include "client/client_engine_opts.h"
#include "wire/http1.h"

/* Append the lines of a request, each with its CR LF. Fields that frame a
 * message or choose its protocol are not the program's, and left out; so is
 * what cannot be sent. */
void peal_client_request_lines(peal_buf *out,
                               const peal_client_engine_opts *opts,
                               uint64_t now_ms);
/* The Host: the program's, or that of the URL. */
peal_slice peal_client_request_host(const peal_client_engine_opts *opts);
/* Keep the cookies of an answer. Without memory for one it is not kept. */
void peal_client_request_keep(const peal_client_engine_opts *opts,
                              const peal_http1_head *head, uint64_t now_ms);
/* Random, for `t`; 0 if the system has none. */
uint64_t peal_client_request_dice(void);
