/* SPDX-License-Identifier: MIT */
#include "cli_session.h"

#include <stdlib.h>
#include <string.h>

#include "cli_client_opts.h"
#include "cli_command.h"
#include "cli_say.h"
#include "cli_value.h"

enum { SETTLE_STEP_MS = 10 };

const char *cli_session_words(const peal_client_problem *problem) {
  return problem->text[0] != '\0' ? problem->text
                                  : peal_err_message(problem->err);
}

void cli_session_end(cli_session *session, cli_exit code) {
  if (session->is_over)
    return;
  session->is_over = true;
  session->code = code;
  if (session->on_over != NULL)
    session->on_over(session);
  peal_client_stop(session->client);
}

/* ---- what happens to the connection --------------------------------------- */

static void on_connect(peal_client_nsp *nsp, void *user) {
  cli_session *s = user;
  s->was_connected = true;
  cli_out_note(&s->out, "connected to %s as %s over %s%s",
               peal_client_nsp_name(nsp), peal_client_id(nsp),
               peal_client_transport(s->client),
               peal_client_is_recovered(nsp) ? " (recovered)" : "");
  if (nsp == s->nsp && s->on_ready != NULL)
    s->on_ready(s);
}

static void say_refusal(cli_session *s, const peal_client_nsp *nsp,
                        const peal_client_problem *problem) {
  peal_bytes *data = peal_val_is(problem->data, PEAL_UNDEFINED)
                         ? NULL
                         : peal_json_bytes(problem->data);
  peal_slice json = data != NULL ? peal_bytes_slice(data) : PEAL_S("");
  cli_say(s->opts->command->name, "%s: %s%s%.*s", peal_client_nsp_name(nsp),
          cli_session_words(problem), json.len > 0 ? " " : "", PEAL_SFMT(json));
  if (data != NULL)
    peal_bytes_unref(data);
}

/* Refused by the server, or no connection: which it is, the connection that is
 * open or not tells. */
static void on_connect_error(peal_client_nsp *nsp,
                             const peal_client_problem *problem, void *user) {
  cli_session *s = user;
  if (peal_client_is_active(nsp)) {
    cli_out_note(&s->out, "%s", cli_session_words(problem));
    return;
  }
  say_refusal(s, nsp, problem);
  if (nsp == s->nsp)
    cli_session_end(s, s->is_open ? CLI_FAILED : CLI_OFFLINE);
}

static void on_disconnect(peal_client_nsp *nsp, peal_client_reason reason,
                          peal_err err, void *user) {
  cli_session *s = user;
  if (s->is_over)
    return;
  cli_out_note(&s->out, "disconnected from %s: %s%s%s",
               peal_client_nsp_name(nsp), peal_client_reason_text(reason),
               err != PEAL_OK ? ": " : "",
               err != PEAL_OK ? peal_err_message(err) : "");
  if (nsp != s->nsp || peal_client_is_active(nsp) || reason == PEAL_CLIENT_LEFT)
    return;
  if (reason == PEAL_CLIENT_SERVER_LEFT)
    cli_say(s->opts->command->name, "the server has disconnected us");
  cli_session_end(s,
                  reason == PEAL_CLIENT_SERVER_LEFT ? CLI_FAILED : CLI_OFFLINE);
}

static void on_notice(peal_client *client, const peal_client_notice *notice,
                      void *user) {
  (void)client;
  cli_session *s = user;
  const char *words = notice->problem != NULL && notice->problem->err != PEAL_OK
                          ? cli_session_words(notice->problem)
                          : "";
  switch (notice->type) {
  case PEAL_CLIENT_OPEN:
    s->is_open = true;
    cli_out_trace(&s->out, "open over %s", peal_client_transport(client));
    break;
  case PEAL_CLIENT_CLOSED:
    s->is_open = false;
    cli_out_trace(&s->out, "closed: %s%s%s",
                  peal_client_reason_text(notice->reason),
                  *words != '\0' ? ": " : "", words);
    break;
  case PEAL_CLIENT_PING:
    cli_out_trace(&s->out, "< ping");
    break;
  case PEAL_CLIENT_UPGRADED:
    cli_out_trace(&s->out, "upgraded to %s", peal_client_transport(client));
    break;
  case PEAL_CLIENT_RECONNECT_WAIT:
    cli_out_note(&s->out, "trying again in %.1f s",
                 (double)notice->delay_ms / 1e3);
    break;
  case PEAL_CLIENT_RECONNECT_ATTEMPT:
    cli_out_trace(&s->out, "attempt %u", notice->attempt);
    break;
  case PEAL_CLIENT_ERROR:
  case PEAL_CLIENT_RECONNECT_ERROR:
    cli_out_trace(&s->out, "no connection: %s", words);
    break;
  case PEAL_CLIENT_RECONNECT_FAILED:
    cli_say(s->opts->command->name, "no connection: given up");
    cli_session_end(s, CLI_OFFLINE);
    break;
  case PEAL_CLIENT_RECONNECTED:
    cli_out_trace(&s->out, "reconnected");
    break;
  }
}

static void on_outgoing(peal_client_nsp *nsp, peal_slice event, peal_args args,
                        void *user) {
  cli_session *s = user;
  cli_out_trace_packet(&s->out, ">",
                       &(cli_packet){.what = "event",
                                     .name = event,
                                     .args = args,
                                     .nsp = peal_client_nsp_name(nsp)});
}

static void on_incoming(peal_client_nsp *nsp, const peal_event *event,
                        void *user) {
  cli_session *s = user;
  cli_out_trace_packet(&s->out, "<",
                       &(cli_packet){.what = "event",
                                     .name = peal_event_name(event),
                                     .args = peal_event_args(event),
                                     .nsp = peal_client_nsp_name(nsp),
                                     .wants_ack = peal_event_wants_ack(event)});
}

peal_err cli_session_watch(cli_session *session, peal_client_nsp *nsp) {
  peal_err err = peal_client_on_connect(nsp, on_connect, session);
  if (err == PEAL_OK)
    err = peal_client_on_connect_error(nsp, on_connect_error, session);
  if (err == PEAL_OK)
    err = peal_client_on_disconnect(nsp, on_disconnect, session);
  if (err == PEAL_OK && session->out.verbose)
    err = peal_client_on_any_outgoing(nsp, on_outgoing, session);
  if (err == PEAL_OK && session->out.verbose)
    err = peal_client_on_any(nsp, on_incoming, session);
  return err;
}

/* ---- life -------------------------------------------------------------------- */

static cli_exit set_auth(cli_session *session) {
  const cli_opts *opts = session->opts;
  cli_value_rules rules = {.command = opts->command->name};
  peal_val auth = peal_undefined();
  if (opts->auth == NULL)
    return CLI_OK;
  cli_exit code =
      cli_value_option(session->build, &rules, "--auth", opts->auth, &auth);
  if (code == CLI_OK && peal_client_set_auth(session->nsp, auth) != PEAL_OK)
    code = CLI_FAILED;
  return code;
}

static cli_exit make_client(cli_session *session,
                            const cli_session_rules *rules) {
  const cli_opts *opts = session->opts;
  cli_client_opts made;
  cli_exit code = cli_client_opts_init(&made, opts);
  if (code != CLI_OK)
    return code;
  made.opts.no_reconnection =
      opts->no_reconnect || (rules->is_once && !opts->retry);
  made.opts.no_first_retry = !opts->retry;
  peal_client_problem why = {.err = PEAL_OK};
  peal_err err = peal_client_new(&session->client, &made.opts, &why);
  cli_client_opts_deinit(&made);
  if (err == PEAL_OK)
    return CLI_OK;
  cli_say(opts->command->name, "%s",
          why.text[0] != '\0' ? why.text : peal_err_message(err));
  return err == PEAL_ERR_TLS ? CLI_FILE : CLI_USAGE;
}

cli_exit cli_session_init(cli_session *session, const cli_opts *opts,
                          const cli_session_rules *rules) {
  *session = (cli_session){.opts = opts, .code = CLI_OK};
  cli_out_init(&session->out, opts);
  // who says one thing and leaves has no story to tell
  session->out.quiet |= rules->is_once && !opts->verbose;
  session->build = peal_build_new();
  cli_exit code = make_client(session, rules);
  if (code != CLI_OK)
    return code;
  session->nsp = peal_client_of(session->client, opts->nsp);
  if (session->nsp == NULL) {
    cli_say(opts->command->name, "--namespace: no name of a namespace: \"%s\"",
            opts->nsp != NULL ? opts->nsp : "");
    return CLI_USAGE;
  }
  peal_err err = cli_session_watch(session, session->nsp);
  if (err == PEAL_OK)
    err = peal_client_on_notice(session->client, on_notice, session);
  if (err != PEAL_OK) {
    cli_say(opts->command->name, "%s", peal_err_message(err));
    return CLI_FAILED;
  }
  return set_auth(session);
}

void cli_session_deinit(cli_session *session) {
  peal_timer_free(session->timer);
  peal_timer_free(session->settle);
  peal_client_free(session->client);
  peal_build_free(session->build);
}

static void on_timeout(peal_timer *timer, void *user) {
  (void)timer;
  cli_session *s = user;
  if (!s->was_connected)
    cli_say(s->opts->command->name, "no connection in time");
  cli_session_end(s, s->was_connected ? CLI_TIMEOUT : CLI_OFFLINE);
}

static void begin_limit(peal_worker *worker, void *user) {
  cli_session *s = user;
  if (s->timer == NULL)
    s->timer = peal_timer_new(worker, on_timeout, s);
  peal_timer_start(s->timer, s->limit_ms, 0);
}

/* On its worker: between two steps this thread is none. */
static void post(cli_session *session, peal_post_fn fn) {
  peal_worker *worker =
      peal_workers_get(peal_client_workers(session->client), 0);
  if (peal_worker_post(worker, fn, session) != PEAL_OK)
    cli_session_end(session, CLI_FAILED);
}

void cli_session_limit(cli_session *session, uint32_t ms) {
  session->limit_ms = ms;
  post(session, begin_limit);
}

static void on_settle(peal_timer *timer, void *user) {
  (void)timer;
  cli_session *s = user;
  bool is_quiet = s->was_connected &&
                  peal_client_queued_bytes(s->client) == 0 &&
                  (s->is_waiting == NULL || !s->is_waiting(s));
  s->quiet_ms = is_quiet ? s->quiet_ms + SETTLE_STEP_MS : 0;
  if (s->quiet_ms > CLI_SETTLE_MS)
    cli_session_end(s, s->settled);
}

static void begin_settle(peal_worker *worker, void *user) {
  cli_session *s = user;
  s->settle = peal_timer_new(worker, on_settle, s);
  peal_timer_start(s->settle, SETTLE_STEP_MS, SETTLE_STEP_MS);
}

void cli_session_settle(cli_session *session, cli_exit code) {
  session->settled = code;
  post(session, begin_settle);
}

cli_exit cli_session_run(cli_session *session) {
  int code = peal_client_run(session->client);
  if (session->is_over)
    return session->code;
  // a signal, or the library has given it up
  return code == 0 || session->was_connected ? CLI_OK : CLI_OFFLINE;
}

cli_exit cli_session_values(cli_session *session, size_t first,
                            peal_args *out) {
  const cli_opts *opts = session->opts;
  cli_value_rules rules = {.command = opts->command->name,
                           .is_binary = opts->is_binary,
                           .is_string = opts->is_string};
  return cli_value_words(session->build, &rules, opts->words + first,
                         opts->word_count - first, out);
}
