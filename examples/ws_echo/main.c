/* SPDX-License-Identifier: MIT */
/* ws_echo: the whole of a WebSocket server without Socket.IO: what comes goes
 * back. The guide prints this file.
 *
 *   example-ws_echo [port] */
#include <stdlib.h>

#include <peal/ws.h>

static void echo(peal_ws *ws, peal_slice data, bool is_binary, void *user) {
  (void)user;
  peal_ws_send(ws, data, is_binary);
}

int main(int argc, char **argv) {
  peal_http_server *http = NULL;
  if (peal_http_server_new(&http, &(peal_http_server_opts){
                                      .port = argc > 1 ? atoi(argv[1]) : 3000}))
    return 1;
  peal_ws_on(
      http, "/",
      &(peal_ws_opts){.on_message = echo, .max_message_bytes = 16 << 20});
  int code = peal_http_server_run(http);
  peal_http_server_free(http);
  return code;
}
