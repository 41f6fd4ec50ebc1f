/* SPDX-License-Identifier: MIT */
/* client_poll: a client in a loop of the program's own: one poll(2) for it and
 * for the terminal. Each line that is typed is said to a chat (examples/chat),
 * what others say is printed; the end of the input ends the program. Its
 * argument is the URL. */
#include <stdio.h>

#include <poll.h>
#include <unistd.h>

#include <peal/peal.h>

static void on_chat(peal_client_nsp *nsp, const peal_event *event, void *user) {
  peal_val said = peal_event_arg(event, 0);
  (void)nsp;
  (void)user;
  printf("%.*s\n", PEAL_SFMT(peal_val_str(peal_val_get(said, "text"))));
  fflush(stdout);
}

/* False at the end of the input. Lines are as long as one read brings. */
static bool say_line(peal_client *client) {
  char line[1024];
  ssize_t len = read(STDIN_FILENO, line, sizeof line);
  if (len <= 0)
    return false;
  len -= line[len - 1] == '\n';
  peal_client_emit(peal_client_of(client, NULL), "chat",
                   PEAL_ARGS(peal_str_slice((peal_slice){line, (size_t)len})));
  return true;
}

static void loop(peal_client *client, peal_workers *workers) {
  struct pollfd fds[] = {
      {.fd = peal_workers_fd(workers), .events = POLLIN},
      {.fd = STDIN_FILENO, .events = POLLIN},
  };
  do {
    poll(fds, 2, peal_workers_timeout_ms(workers));
    if (fds[1].revents && !say_line(client)) {
      peal_client_stop(client); /* the steps go on until all has been sent */
      fds[1] = (struct pollfd){.fd = -1};
    }
  } while (peal_workers_step(workers, 0) == PEAL_OK);
}

int main(int argc, char **argv) {
  peal_client *client;
  peal_client_problem why;
  if (peal_client_new(
          &client, &(peal_client_opts){.url = argc > 1 ? argv[1] : NULL}, &why))
    return fprintf(stderr, "%s\n", why.text), 1;
  peal_client_on(peal_client_of(client, NULL), "chat", on_chat, NULL);
  peal_workers *workers = peal_client_workers(client);
  if (peal_workers_begin(workers))
    return 1;
  loop(client, workers);
  int code = peal_workers_end(workers);
  peal_client_free(client);
  return code;
}
