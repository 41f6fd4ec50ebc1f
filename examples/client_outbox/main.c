/* SPDX-License-Identifier: MIT */
/* client_outbox: each line that is typed is an event that is not lost: without a
 * server it waits in a folder, also when the program is killed, and is sent in
 * order when there is one, until that has acknowledged it. Its arguments are
 * the server's URL and the folder. */
#include <stdio.h>
#include <string.h>

#include <peal/client.h>
#include <peal/outbox.h>

static void on_delivered(peal_outbox *outbox, peal_slice id, void *user) {
  (void)user;
  printf("delivered %.*s, %llu left\n", PEAL_SFMT(id),
         (unsigned long long)peal_outbox_pending(outbox));
  fflush(stdout);
}

static void keep_lines(peal_outbox *outbox) {
  char line[1024];
  while (fgets(line, sizeof line, stdin)) {
    size_t len = strcspn(line, "\n");
    peal_val said =
        PEAL_OBJECT({"text", peal_str_slice((peal_slice){line, len})});
    peal_err err = peal_outbox_emit(outbox, "line", PEAL_ARGS(said), NULL);
    puts(err ? peal_err_message(err) : "kept");
    fflush(stdout);
  }
}

static peal_outbox *open_outbox(const char *dir) {
  peal_outbox *outbox;
  peal_outbox_problem why;
  if (peal_outbox_new(&outbox,
                      &(peal_outbox_opts){.dir = dir,
                                          .id_name = "id",
                                          .on_delivered = on_delivered},
                      &why))
    fprintf(stderr, "%s\n", why.text);
  return outbox;
}

int main(int argc, char **argv) {
  const char *url = argc > 1 ? argv[1] : "http://localhost:3000";
  peal_outbox *outbox = open_outbox(argc > 2 ? argv[2] : "outbox");
  peal_client *client = NULL;
  if (outbox &&
      peal_client_new(&client, &(peal_client_opts){.url = url}, NULL) ==
          PEAL_OK &&
      peal_client_start(client) == PEAL_OK &&
      peal_outbox_attach(outbox, peal_client_of(client, NULL)) == PEAL_OK)
    keep_lines(outbox);
  bool is_fine = outbox && client;
  peal_outbox_free(outbox); /* before what it sends by */
  peal_client_free(client);
  return is_fine ? 0 : 1;
}
