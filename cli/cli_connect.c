/* SPDX-License-Identifier: MIT */
/* cli_connect: `peal connect`: a conversation. One thread: while the line
 * waits for keys, the client's worker makes its turns. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include <poll.h>
#include <unistd.h>

#include "cli_command.h"
#include "cli_line.h"
#include "cli_runs.h"
#include "cli_say.h"
#include "cli_session.h"
#include "cli_talk.h"

enum { FAREWELL_MS = 10000, STEP_MS = 20 };

typedef struct conversation {
  cli_session session;
  cli_talk talk;
  cli_line *line;
  peal_workers *workers;
  bool is_ended; /* the run of the workers */
} conversation;

static volatile sig_atomic_t signal_came;

static void on_signal(int number) {
  (void)number;
  signal_came = 1;
}

static void catch_signals(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
}

static bool step(conversation *c, int timeout_ms) {
  if (!c->is_ended)
    c->is_ended = peal_workers_step(c->workers, timeout_ms) != PEAL_OK;
  return !c->is_ended;
}

/* Between two keys: the worker's turns. With a poller that has no descriptor
 * the worker's own wait is cut into pieces. */
static bool wait_for_input(void *user) {
  conversation *c = user;
  while (!signal_came && !c->session.is_over && !c->talk.is_left) {
    int fd = peal_workers_fd(c->workers);
    struct pollfd two[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = fd, .events = POLLIN}};
    int wait = fd < 0 ? 0 : peal_workers_timeout_ms(c->workers);
    if (poll(two, fd < 0 ? 1 : 2, wait) < 0 && errno != EINTR)
      return false;
    // the worker first: what has come is printed before the next line is read
    if (!step(c, fd < 0 ? STEP_MS : 0))
      return false;
    if (two[0].revents != 0)
      return true;
  }
  return false;
}

static const char *prompt(void *user) {
  const conversation *c = user;
  static char text[256];
  snprintf(text, sizeof text, "%s%.200s> ",
           peal_client_is_connected(c->talk.nsp) ? "" : "(offline) ",
           peal_client_nsp_name(c->talk.nsp));
  return text;
}

static void complete(const char *prefix, size_t len, bool is_first,
                     void (*found)(const char *word, void *to), void *to,
                     void *user) {
  conversation *c = user;
  cli_talk_complete(&c->talk, prefix, len, is_first, found, to);
}

static void hide(void *user) {
  conversation *c = user;
  cli_line_hide(c->line);
}

static void show(void *user) {
  conversation *c = user;
  cli_line_show(c->line);
}

static bool is_waiting(cli_session *session) {
  const conversation *c = session->user;
  return c->talk.waiting > 0;
}

static cli_exit code_of(const conversation *c, bool is_piped) {
  if (cli_line_has_failed(c->line))
    return CLI_USAGE;
  return c->talk.is_wrong && is_piped ? CLI_FAILED : CLI_OK;
}

/* From a pipe: what was said leaves, what was asked is answered. */
static void wait_for_answers(conversation *c) {
  const cli_opts *opts = c->session.opts;
  c->session.is_waiting = is_waiting;
  cli_session_limit(&c->session,
                    opts->timeout_ms != 0 ? opts->timeout_ms : FAREWELL_MS);
  cli_session_settle(&c->session, code_of(c, true));
  while (!signal_came && !c->session.is_over && step(c, STEP_MS))
    continue;
  // an answer may have been an error
  if (c->session.code == CLI_OK)
    c->session.code = code_of(c, true);
  else if (c->session.code == CLI_TIMEOUT)
    cli_say("connect", "the time ran out: %zu answers due, %zu bytes unsent",
            c->talk.waiting, peal_client_queued_bytes(c->session.client));
}

static void talk(conversation *c) {
  const char *text = NULL;
  while (!c->session.is_over && !c->talk.is_left &&
         (text = cli_line_read(c->line)) != NULL)
    cli_talk_line(&c->talk, text);
}

static cli_exit run(conversation *c) {
  bool is_piped = !isatty(STDIN_FILENO);
  c->session.user = c;
  c->workers = peal_client_workers(c->session.client);
  if (peal_workers_begin(c->workers) != PEAL_OK)
    return CLI_FAILED;
  catch_signals();
  talk(c);
  if (is_piped)
    wait_for_answers(c);
  else
    fputc('\n', stdout);
  cli_session_end(&c->session, code_of(c, is_piped));
  while (step(c, -1))
    continue;
  peal_workers_end(c->workers);
  return c->session.code;
}

cli_exit cli_connect_run(const cli_opts *opts) {
  static conversation c;
  cli_exit code =
      cli_session_init(&c.session, opts, &(cli_session_rules){false});
  if (code == CLI_OK)
    code = cli_talk_init(&c.talk, &c.session);
  if (code == CLI_OK) {
    c.line = cli_line_new(&(cli_line_opts){.wait = wait_for_input,
                                           .prompt = prompt,
                                           .complete = complete,
                                           .user = &c});
    if (c.line == NULL)
      code = CLI_FAILED;
  }
  if (code == CLI_OK) {
    c.session.out.before = hide;
    c.session.out.after = show;
    c.session.out.user = &c;
    code = run(&c);
    c.session.out.before = c.session.out.after = NULL;
  }
  cli_line_free(c.line);
  cli_session_deinit(&c.session);
  cli_talk_deinit(&c.talk);
  return code;
}
