/* SPDX-License-Identifier: MIT */
/* client_call: a client from top to bottom, without a callback: says a line to
 * a chat (examples/chat), waits for the answer, then for what somebody else
 * says, and ends. Its arguments are the URL and the line. */
#include <stdio.h>

#include <peal/simple.h>

static void print(const char *what, peal_doc *doc) {
  peal_bytes *json = peal_json_bytes(peal_doc_val(doc));
  printf("%s %.*s\n", what, PEAL_SFMT(peal_bytes_slice(json)));
  fflush(stdout);
  peal_bytes_unref(json);
  peal_doc_free(doc);
}

static int talk(peal_simple *simple, const char *line) {
  peal_doc *doc;
  peal_err err =
      peal_simple_call(simple, "chat", PEAL_ARGS(peal_str(line)), 5000, &doc);
  if (!err) {
    print("answer", doc);
    err = peal_simple_receive(simple, PEAL_OFF, &doc);
  }
  if (!err)
    print("event", doc);
  else
    fprintf(stderr, "%s\n", peal_err_message(err));
  return err ? 1 : 0;
}

int main(int argc, char **argv) {
  if (argc < 3)
    return fprintf(stderr, "usage: client_call URL LINE\n"), 2;
  peal_simple *simple;
  peal_client_problem why;
  peal_simple_opts opts = {.client.url = argv[1]};
  if (peal_simple_open(&simple, &opts, &why))
    return fprintf(stderr, "%s\n", why.text), 1;
  int code = talk(simple, argv[2]);
  peal_simple_close(simple);
  return code;
}
