/* SPDX-License-Identifier: MIT */
/* emitter: tells the clients of a cluster something, from a program that is no
 * server: the servers of Peal, Node or Python that share the Redis deliver it.
 *
 *   PEAL_REDIS_URL=redis://127.0.0.1 example-emitter ROOM EVENT TEXT
 *
 * Beside example-cluster, whose clients are in no room of their own:
 * example-emitter "" said hello. Exit code 0: Redis has it. */
#include <stdio.h>

#include <peal/emitter.h>

static void on_problem(peal_emitter *emitter,
                       const peal_emitter_problem *problem, void *user) {
  (void)emitter;
  (void)user;
  if (problem->err)
    fprintf(stderr, "%s\n", problem->text);
}

int main(int argc, char **argv) {
  peal_emitter *emitter;
  peal_emitter_problem why;
  peal_emitter_opts opts = {.on_problem = on_problem};
  if (argc < 4) {
    fprintf(stderr, "usage: example-emitter ROOM EVENT TEXT\n");
    return 2;
  }
  if (peal_emitter_new(&emitter, &opts, &why)) {
    fprintf(stderr, "%s\n", why.text);
    return 1;
  }
  const peal_to *to = *argv[1] ? PEAL_TO(argv[1]) : NULL;
  peal_err err = peal_emitter_emit(emitter, "/", to, argv[2],
                                   PEAL_ARGS(peal_str(argv[3])));
  if (!err)
    err = peal_emitter_flush(emitter, 10000);
  peal_emitter_free(emitter);
  return err ? 1 : 0;
}
