/* SPDX-License-Identifier: MIT */
/* peal-bench-tls: servers and load for bench/tls/run, which measures:
 *
 *   peal-bench-tls serve|floor PORT CERT KEY
 *   peal-bench-tls full|resumed PORT COUNT
 *   peal-bench-tls idle PORT CLIENTS
 *   peal-bench-tls echo PORT CLIENTS ROUNDS BYTES */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls_bench.h"

static int usage(void) {
  fprintf(stderr, "see the head of bench/tls/tls_main.c\n");
  return 2;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  if (argc < 4)
    return usage();
  const char *mode = argv[1];
  int port = atoi(argv[2]), count = atoi(argv[3]);
  if (strcmp(mode, "serve") == 0 && argc == 5)
    return tls_serve(port, argv[3], argv[4]);
  if (strcmp(mode, "floor") == 0 && argc == 5)
    return tls_floor(port, argv[3], argv[4]);
  if (strcmp(mode, "full") == 0 || strcmp(mode, "resumed") == 0)
    return tls_load_shake(port, count, mode[0] == 'r');
  if (strcmp(mode, "idle") == 0)
    return tls_load_join(port, count, 0, 1);
  if (strcmp(mode, "echo") == 0 && argc == 6)
    return tls_load_join(port, count, atol(argv[4]),
                         (size_t)strtoul(argv[5], NULL, 10));
  return usage();
}
