/* SPDX-License-Identifier: MIT */
/* engine_echo: a raw Engine.IO server: what a client sends, text or binary,
 * comes back. Its first argument is the port (default 3000). */
#include <stdlib.h>

#include <peal/engine.h>

static void echo(peal_engine_client *client, peal_slice data, bool binary,
                 void *user) {
  (void)user;
  peal_engine_client_send(client, data, binary);
}

int main(int argc, char **argv) {
  return peal_engine_server_run(
      peal_engine_server_new(&(peal_engine_server_opts){
          .port = argc > 1 ? atoi(argv[1]) : 3000, .on_message = echo}));
}
