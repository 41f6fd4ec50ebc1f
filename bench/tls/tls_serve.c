/* SPDX-License-Identifier: MIT */
/* tls_serve: Peal's side: a plain WebSocket endpoint that sends back, in TLS. */
#include <stdio.h>

#include <peal/tls.h>
#include <peal/ws.h>

#include "tls_bench.h"

static void echo(peal_ws *ws, peal_slice data, bool is_binary, void *user) {
  (void)user;
  peal_ws_send(ws, data, is_binary);
}

int tls_serve(int port, const char *cert_file, const char *key_file) {
  peal_http_server *http = NULL;
  peal_tls *tls = NULL;
  peal_tls_problem why;
  const peal_tls_opts opts = {.cert_file = cert_file, .key_file = key_file};
  if (peal_tls_new(&tls, &opts, &why)) {
    fprintf(stderr, "%s\n", why.text);
    return 1;
  }
  int code = 1;
  const peal_http_server_opts server = {
      .port = port, .tls = tls, .log.level = PEAL_LOG_ERROR};
  if (!peal_http_server_new(&http, &server) &&
      peal_ws_on(http, "/", &(peal_ws_opts){.on_message = echo}))
    code = peal_http_server_run(http);
  peal_http_server_free(http);
  peal_tls_free(tls);
  return code;
}
