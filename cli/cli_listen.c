/* SPDX-License-Identifier: MIT */
/* cli_listen: `peal listen`: prints the events that come. */
#include <string.h>

#include "cli_command.h"
#include "cli_runs.h"
#include "cli_session.h"
#include "cli_value.h"

typedef struct listening {
  cli_session session;
  uint32_t seen;
  bool is_ready; /* has been connected */
  peal_val answer;
} listening;

static bool is_wanted(const cli_opts *opts, peal_slice name) {
  for (size_t i = 1; i < opts->word_count; i++)
    if (peal_slice_is(name, opts->words[i]))
      return true;
  return opts->word_count == 1;
}

static void on_event(peal_client_nsp *nsp, const peal_event *event,
                     void *user) {
  listening *l = user;
  const cli_opts *opts = l->session.opts;
  peal_slice name = peal_event_name(event);
  if (l->session.is_over || !is_wanted(opts, name))
    return;
  cli_out_packet(&l->session.out,
                 &(cli_packet){.what = "event",
                               .name = name,
                               .args = peal_event_args(event),
                               .nsp = peal_client_nsp_name(nsp),
                               .wants_ack = peal_event_wants_ack(event)});
  if (opts->answer != NULL)
    peal_ack(event, PEAL_ARGS(l->answer));
  l->seen++;
  if (l->seen == opts->count)
    cli_session_end(&l->session, CLI_OK);
  else if (l->session.out.is_broken)
    cli_session_end(&l->session, CLI_FILE);
}

/* --timeout is of connecting and ends here, --duration begins: once. */
static void on_ready(cli_session *session) {
  listening *l = session->user;
  if (l->is_ready)
    return;
  l->is_ready = true;
  if (session->timer != NULL)
    peal_timer_stop(session->timer);
  if (session->opts->duration_ms != 0)
    cli_session_limit(session, session->opts->duration_ms);
}

static cli_exit prepare(listening *l) {
  const cli_opts *opts = l->session.opts;
  cli_value_rules rules = {.command = "listen"};
  l->session.user = l;
  l->session.on_ready = on_ready;
  cli_exit code = CLI_OK;
  if (opts->answer != NULL)
    code = cli_value_option(l->session.build, &rules, "--answer", opts->answer,
                            &l->answer);
  if (code == CLI_OK &&
      peal_client_on_any(l->session.nsp, on_event, l) != PEAL_OK)
    code = CLI_FAILED;
  if (code == CLI_OK && opts->timeout_ms != 0)
    cli_session_limit(&l->session, opts->timeout_ms);
  return code;
}

cli_exit cli_listen_run(const cli_opts *opts) {
  static listening l;
  cli_exit code =
      cli_session_init(&l.session, opts, &(cli_session_rules){false});
  if (code == CLI_OK)
    code = prepare(&l);
  if (code == CLI_OK)
    code = cli_session_run(&l.session);
  // without --count the time is no limit but what was asked for
  if (code == CLI_TIMEOUT && l.is_ready && opts->count == 0)
    code = CLI_OK;
  cli_session_deinit(&l.session);
  return code;
}
