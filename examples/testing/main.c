/* SPDX-License-Identifier: MIT */
/* testing: a chat whose handlers have unit tests (test/chat_test.c), which need
 * no port and no second of real time.
 *
 *   example-testing [port] */
#include <stdlib.h>

#include "chat.h"

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(&(peal_server_opts){
      .port = argc > 1 ? atoi(argv[1]) : 3000, .cors.origins = "*"});
  int code = chat_set_up(server) ? peal_server_run(server) : 1;
  peal_server_free(server);
  return code;
}
