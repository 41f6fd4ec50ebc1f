/* SPDX-License-Identifier: MIT */
/* client_print: a client in ten lines: prints what a server sends, an event a
 * line, [event, arguments...]. The README prints this file. */
#include <stdio.h>

#include <peal/peal.h>

int main(int argc, char **argv) {
  peal_simple *server;
  peal_doc *event;
  peal_simple_opts opts = {.client.url = argc > 1 ? argv[1] : NULL};
  if (peal_simple_open(&server, &opts, NULL) != PEAL_OK)
    return 1;
  while (peal_simple_receive(server, PEAL_OFF, &event) == PEAL_OK) {
    peal_bytes *json = peal_json_bytes(peal_doc_val(event));
    printf("%.*s\n", PEAL_SFMT(peal_bytes_slice(json)));
    fflush(stdout);
    peal_bytes_unref(json);
    peal_doc_free(event);
  }
  peal_simple_close(server);
}
