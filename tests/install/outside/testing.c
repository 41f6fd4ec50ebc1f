/* SPDX-License-Identifier: MIT */
/* testing: a client in memory, of the installed library for tests. */
#include <stdio.h>

#include <peal/test.h>

int main(void) {
  peal_server *server = peal_server_new(&(peal_server_opts){.no_listen = true});
  peal_test *test;
  (void)peal_server_of(server, "/");
  if (peal_test_new(&test, server))
    return 1;
  peal_test_client *client = peal_test_connect(test, NULL);
  bool connected = peal_test_is_connected(client, NULL);
  peal_test_free(test);
  peal_server_free(server);
  printf("%s\n", connected ? PEAL_VERSION : "not connected");
  return !connected;
}
