/* SPDX-License-Identifier: MIT */
#pragma once
/* tls_client: certificates and rules of those who connect, and what they
 * remember of servers (sessions to be resumed): once for a client, whatever it
 * connects to.
 * In the flow: net/dial -> [tls_client] -> net/stream_tls. */
#include <openssl/ssl.h>

#include <peal/tls.h>

/* What went wrong while hands were shaken, in words. */
#define PEAL_TLS_CLIENT_TEXT 256u

typedef struct peal_tls_client peal_tls_client;

/* What a handshake finds out. */
typedef struct peal_tls_verdict {
  const char *host; /* whom it is for; borrowed until it is judged */
  uint16_t port;
  bool is_proxy; /* `server_name` and `pin` are about somebody else */
  peal_err err;  /* PEAL_OK, or as peal_tls_client_judge says */
  char text[PEAL_TLS_CLIENT_TEXT];
} peal_tls_verdict;

/* Read and check the files. Copies `opts` (NULL is {0}) but for pin_user;
 * `why` may be NULL. Reads files: not in a handler of a busy worker.
 * Returns: PEAL_OK; PEAL_ERR_TLS (a file cannot be read or is not what it
 * should be, key and certificate do not belong together); PEAL_ERR_USAGE (a key
 * without its certificate, a server_name that is none); PEAL_ERR_OPTION; PEAL_ERR_NOMEM; *out is NULL on
 * errors. Thread: any. */
PEAL_MUST_CHECK peal_err peal_tls_client_new(peal_tls_client **out,
                                             const peal_client_tls *opts,
                                             peal_tls_problem *why);
/* At any time: connections that were made with it go on. */
void peal_tls_client_free(peal_tls_client *client);

/* The client's end of a connection to verdict->host (a name or an address,
 * without brackets): what is said and checked is `server_name` of the options,
 * or else the host. A session that was kept for it is offered. `verdict` is
 * borrowed until it is judged.
 * NULL: memory is out, or, in the verdict, the host cannot be a name.
 * Thread: any. */
SSL *peal_tls_client_begin(peal_tls_client *client, peal_tls_verdict *verdict);
/* The handshake has ended: well (`done` is 0), or with a negative errno, where
 * -EPROTO is the error `why` of OpenSSL's. Asks `pin`. `ssl` needs the verdict
 * no longer.
 * Returns: PEAL_OK, or verdict->err, in words in verdict->text: PEAL_ERR_CERT,
 * PEAL_ERR_TLS_PEER, PEAL_ERR_CONNECT, PEAL_ERR_NOMEM. */
peal_err peal_tls_client_judge(SSL *ssl, int done, unsigned long why,
                               peal_tls_verdict *verdict);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384, resumed": what was agreed on. Returns `out`,
 * terminated. */
const char *peal_tls_client_describe(SSL *ssl, char *out, size_t cap);
