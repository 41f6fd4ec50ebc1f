/* SPDX-License-Identifier: MIT */
/* An HTTP server without Socket.IO and without the web layer: one mount, one
 * answer. Stops on SIGTERM and SIGINT.
 *
 *   example-http_hello [port [workers]] */
#include <stdio.h>
#include <stdlib.h>

#include <peal/http.h>

static void on_request(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer(req, 200, "text/plain", PEAL_S("hello\n"));
}

int main(int argc, char **argv) {
  peal_http_server *server = NULL;
  const peal_http_server_opts opts = {
      .port = argc > 1 ? atoi(argv[1]) : 3000,
      .workers = argc > 2 ? (unsigned)atoi(argv[2]) : 1};
  peal_err err = peal_http_server_new(&server, &opts);
  if (!err)
    err = peal_http_server_mount(
        server, &(peal_http_mount){.path = "/", .on_request = on_request});
  if (err) {
    fprintf(stderr, "http_hello: %s\n", peal_err_message(err));
    return 1;
  }
  printf("http://localhost:%u/\n", peal_http_server_port(server));
  fflush(stdout);
  int result = peal_http_server_run(server);
  peal_http_server_free(server);
  return result;
}
