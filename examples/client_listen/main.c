/* SPDX-License-Identifier: MIT */
/* client_listen: prints what a server sends, an event a line. Its argument is
 * the URL: "http://localhost:3000/namespace". */
#include <stdio.h>

#include <peal/peal.h>

static void print(peal_client_nsp *nsp, const peal_event *event, void *user) {
  peal_args args = peal_event_args(event);
  peal_bytes *json = peal_json_bytes(peal_array(args.items, args.count));
  (void)nsp;
  (void)user;
  printf("%.*s %.*s\n", PEAL_SFMT(peal_event_name(event)),
         PEAL_SFMT(peal_bytes_slice(json)));
  fflush(stdout);
  peal_bytes_unref(json);
}

int main(int argc, char **argv) {
  peal_client *client;
  peal_client_problem why;
  if (peal_client_new(
          &client, &(peal_client_opts){.url = argc > 1 ? argv[1] : NULL}, &why))
    return fprintf(stderr, "%s\n", why.text), 1;
  peal_client_on_any(peal_client_of(client, NULL), print, NULL);
  int code = peal_client_run(client);
  peal_client_free(client);
  return code;
}
