/* SPDX-License-Identifier: MIT */
/* loop_poll: the server in a loop of the program's own: one poll(2) for the
 * server and for the terminal. Each line that is typed goes to everyone as
 * "said"; the end of the input ends the program. Its first argument is the
 * port. */
#include <stdio.h>
#include <stdlib.h>

#include <poll.h>
#include <unistd.h>

#include <peal/peal.h>

/* False at the end of the input. Lines are as long as one read brings. */
static bool read_line(peal_server *server) {
  char line[1024];
  ssize_t len = read(STDIN_FILENO, line, sizeof line);
  if (len <= 0)
    return false;
  len -= line[len - 1] == '\n';
  /* Outside a step the thread is one like any other: this is for any thread. */
  peal_nsp_emit(peal_server_of(server, "/"), NULL, "said",
                PEAL_ARGS(peal_str_slice((peal_slice){line, (size_t)len})));
  return true;
}

static void loop(peal_server *server, peal_workers *workers) {
  struct pollfd fds[] = {
      {.fd = peal_workers_fd(workers), .events = POLLIN},
      {.fd = STDIN_FILENO, .events = POLLIN},
  };
  do {
    poll(fds, 2, peal_workers_timeout_ms(workers));
    if (fds[1].revents && !read_line(server)) {
      peal_server_stop(server); /* the steps go on until all have left */
      fds[1] = (struct pollfd){.fd = -1};
    }
  } while (peal_workers_step(workers, 0) == PEAL_OK);
}

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(&(peal_server_opts){
      .port = argc > 1 ? atoi(argv[1]) : 3000, .cors.origins = "*"});
  peal_workers *workers = peal_server_workers(server);
  if (peal_workers_begin(workers))
    return 1;
  loop(server, workers);
  int code = peal_workers_end(workers);
  peal_server_free(server);
  return code;
}
