/* SPDX-License-Identifier: MIT */
#include "cli_talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_command.h"
#include "cli_json.h"
#include "cli_say.h"
#include "cli_value.h"

/* ---- words ----------------------------------------------------------------- */

size_t cli_talk_word(const char **at) {
  *at += strspn(*at, " \t");
  size_t len = 0;
  int depth = 0;
  for (bool is_text = false; (*at)[len] != '\0'; len++) {
    char c = (*at)[len];
    if (is_text && c == '\\' && (*at)[len + 1] != '\0')
      len++;
    else if (c == '"')
      is_text = !is_text;
    else if (is_text)
      continue;
    else if (c == '{' || c == '[')
      depth++;
    else if (c == '}' || c == ']')
      depth--;
    else if ((c == ' ' || c == '\t') && depth <= 0)
      break;
  }
  return len;
}

/* ---- what can be completed ---------------------------------------------------- */

static void see_event(cli_talk *talk, peal_slice name) {
  // what would have to be quoted is not offered; what a terminal would take
  // for a command never gets there
  if (talk->event_count == CLI_TALK_EVENTS || !cli_json_is_word(name))
    return;
  for (size_t i = 0; i < talk->event_count; i++)
    if (peal_slice_is(name, talk->events[i]))
      return;
  char *copy = strndup(name.ptr, name.len);
  if (copy != NULL)
    talk->events[talk->event_count++] = copy;
}

/* ---- sending --------------------------------------------------------------------- */

typedef struct line {
  cli_talk *talk;
  peal_build *build; /* of this line */
  const char *rest;
} line;

static void wrong(cli_talk *talk, const char *what) {
  cli_out *out = &talk->session->out;
  talk->is_wrong = true;
  if (out->before != NULL)
    out->before(out->user);
  cli_say(NULL, "%s", what);
  if (out->after != NULL)
    out->after(out->user);
}

static void check(cli_talk *talk, peal_err err) {
  if (err != PEAL_OK)
    wrong(talk, peal_err_message(err));
}

/* One word as a value. Returns: false behind a line about it. */
static bool read_value(line *l, peal_val *out) {
  size_t len = cli_talk_word(&l->rest);
  char *word = strndup(l->rest, len);
  l->rest += len;
  // the value borrows the word: it has to live as long as the line
  peal_val kept = peal_build_copy(l->build, peal_str(word));
  char *text =
      peal_val_is(kept, PEAL_STRING) ? strndup(kept.as.bytes, kept.len) : NULL;
  free(word);
  if (text == NULL)
    return false;
  cli_exit code = cli_value_read(l->build, &(cli_value_rules){0}, text, out);
  *out = peal_build_copy(l->build, *out);
  free(text);
  l->talk->is_wrong |= code != CLI_OK;
  return code == CLI_OK;
}

/* EVENT VALUE... Returns: false if there is no event or no sense. */
static bool read_event(line *l, peal_slice *name, peal_args *args) {
  peal_val event = peal_undefined();
  size_t len = cli_talk_word(&l->rest);
  if (len == 0) {
    wrong(l->talk, "expected EVENT VALUE...");
    return false;
  }
  if (l->rest[0] == '"') {
    if (!read_value(l, &event))
      return false;
    *name = peal_val_str(event);
  } else {
    *name = (peal_slice){l->rest, len};
    l->rest += len;
  }
  peal_items *items = peal_items_new(l->build);
  while (cli_talk_word(&l->rest) > 0) {
    peal_val value = peal_undefined();
    if (!read_value(l, &value))
      return false;
    peal_items_add(items, value);
  }
  *args = peal_items_args(items);
  return true;
}

static void on_ack(peal_client_nsp *nsp, peal_err err, peal_args args,
                   void *user) {
  cli_talk *talk = user;
  talk->waiting--;
  if (nsp == NULL)
    return;
  if (err != PEAL_OK) {
    talk->is_wrong = true;
    cli_out_note(&talk->session->out, "no acknowledgement: %s",
                 peal_err_message(err));
    return;
  }
  cli_out_packet(&talk->session->out,
                 &(cli_packet){.what = "ack",
                               .args = args,
                               .nsp = peal_client_nsp_name(nsp)});
}

static void send_event(line *l, bool wants_ack, bool is_volatile) {
  cli_talk *talk = l->talk;
  peal_slice name;
  peal_args args;
  if (!read_event(l, &name, &args))
    return;
  see_event(talk, name);
  peal_client_how how = {.is_volatile = is_volatile};
  if (!wants_ack) {
    check(talk, peal_client_emit_with_n(talk->nsp, &how, name, args));
    return;
  }
  how.timeout_ms = talk->session->opts->timeout_ms;
  talk->waiting++;
  peal_err err =
      peal_client_emit_ack_n(talk->nsp, &how, name, args, on_ack, talk);
  if (err != PEAL_OK)
    talk->waiting--;
  check(talk, err);
}

/* ---- namespaces ----------------------------------------------------------------------- */

static void on_event(peal_client_nsp *nsp, const peal_event *event,
                     void *user) {
  cli_talk *talk = user;
  see_event(talk, peal_event_name(event));
  cli_out_packet(&talk->session->out,
                 &(cli_packet){.what = "event",
                               .name = peal_event_name(event),
                               .args = peal_event_args(event),
                               .nsp = peal_client_nsp_name(nsp),
                               .wants_ack = peal_event_wants_ack(event)});
}

static bool is_known(const cli_talk *talk, const peal_client_nsp *nsp) {
  for (size_t i = 0; i < talk->nsp_count; i++)
    if (talk->nsps[i] == nsp)
      return true;
  return false;
}

static bool add_nsp(cli_talk *talk, peal_client_nsp *nsp) {
  if (is_known(talk, nsp))
    return true;
  if (nsp == NULL || talk->nsp_count == CLI_TALK_NSPS ||
      peal_client_on_any(nsp, on_event, talk) != PEAL_OK)
    return false;
  talk->nsps[talk->nsp_count++] = nsp;
  return true;
}

/* ---- commands ---------------------------------------------------------------------------- */

static void do_emit(line *l) {
  send_event(l, false, false);
}

static void do_call(line *l) {
  send_event(l, true, false);
}

static void do_volatile(line *l) {
  send_event(l, false, true);
}

static void do_join(line *l) {
  cli_talk *talk = l->talk;
  size_t len = cli_talk_word(&l->rest);
  char name[512];
  snprintf(name, sizeof name, "%.*s", (int)len, l->rest);
  peal_client_nsp *nsp = len > 0 && len < sizeof name
                             ? peal_client_of(talk->session->client, name)
                             : NULL;
  if (nsp == NULL ||
      (!is_known(talk, nsp) &&
       cli_session_watch(talk->session, nsp) != PEAL_OK) ||
      !add_nsp(talk, nsp)) {
    wrong(talk, "expected /join NAMESPACE");
    return;
  }
  talk->nsp = nsp;
  check(talk, peal_client_connect(nsp));
}

static void do_leave(line *l) {
  peal_client_leave(l->talk->nsp);
}

static void do_auth(line *l) {
  peal_val auth = peal_undefined();
  if (cli_talk_word(&l->rest) > 0 && !read_value(l, &auth))
    return;
  check(l->talk, peal_client_set_auth(l->talk->nsp, auth));
}

static void do_open(line *l) {
  check(l->talk, peal_client_open(l->talk->session->client));
  check(l->talk, peal_client_connect(l->talk->nsp));
}

static void do_close(line *l) {
  peal_client_close(l->talk->session->client);
}

static void do_status(line *l) {
  const cli_talk *talk = l->talk;
  const char *transport = peal_client_transport(talk->session->client);
  cli_out_note(&talk->session->out, "%s%s%s, %zu bytes wait, %zu answers due",
               *transport != '\0' ? "connected over " : "not connected",
               transport, "", peal_client_queued_bytes(talk->session->client),
               talk->waiting);
  for (size_t i = 0; i < talk->nsp_count; i++)
    cli_out_note(
        &talk->session->out, "%c %s%s", talk->nsps[i] == talk->nsp ? '*' : ' ',
        peal_client_nsp_name(talk->nsps[i]),
        peal_client_is_connected(talk->nsps[i]) ? "" : " (not joined)");
}

static void do_events(line *l) {
  for (size_t i = 0; i < l->talk->event_count; i++)
    cli_out_note(&l->talk->session->out, "%s", l->talk->events[i]);
}

static void do_quit(line *l) {
  l->talk->is_left = true;
}

static void do_help(line *l);

static const struct command {
  const char *name, *words, *help;
  void (*fn)(line *l);
} commands[] = {
    {"/emit", "EVENT VALUE...", "send it; the same without /emit", do_emit},
    {"/call", "EVENT VALUE...", "send it and print the acknowledgement",
     do_call},
    {"/volatile", "EVENT VALUE...", "send it only if it can leave now",
     do_volatile},
    {"/join", "NAMESPACE", "join it; lines speak to it from now on", do_join},
    {"/leave", "", "leave the namespace", do_leave},
    {"/auth", "JSON", "what the next connect says of us", do_auth},
    {"/open", "", "connect again", do_open},
    {"/close", "", "close the connection", do_close},
    {"/status", "", "what is connected", do_status},
    {"/events", "", "the events that were seen", do_events},
    {"/help", "", "this text", do_help},
    {"/quit", "", "leave; Ctrl-D does, too", do_quit},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void do_help(line *l) {
  for (size_t i = 0; i < COMMAND_COUNT; i++)
    cli_out_note(&l->talk->session->out, "%-10s %-15s %s", commands[i].name,
                 commands[i].words, commands[i].help);
}

static void run_command(line *l) {
  size_t len = cli_talk_word(&l->rest);
  peal_slice name = {l->rest, len};
  l->rest += len;
  for (size_t i = 0; i < COMMAND_COUNT; i++)
    if (peal_slice_is(name, commands[i].name)) {
      commands[i].fn(l);
      return;
    }
  wrong(l->talk, "unknown command; /help lists them");
}

void cli_talk_line(cli_talk *talk, const char *text) {
  line l = {.talk = talk, .build = peal_build_new(), .rest = text};
  if (cli_talk_word(&l.rest) > 0 && l.rest[0] != '#') {
    if (l.rest[0] == '/')
      run_command(&l);
    else
      do_emit(&l);
  }
  peal_build_free(l.build);
}

void cli_talk_complete(cli_talk *talk, const char *prefix, size_t len,
                       bool is_first, void (*found)(const char *word, void *to),
                       void *to) {
  bool is_command = len > 0 && prefix[0] == '/';
  for (size_t i = 0; i < COMMAND_COUNT && is_first && is_command; i++)
    if (strncmp(commands[i].name, prefix, len) == 0)
      found(commands[i].name, to);
  for (size_t i = 0; i < talk->event_count && !is_command; i++)
    if (strncmp(talk->events[i], prefix, len) == 0)
      found(talk->events[i], to);
}

/* ---- life --------------------------------------------------------------------------------- */

cli_exit cli_talk_init(cli_talk *talk, cli_session *session) {
  *talk = (cli_talk){.session = session, .nsp = session->nsp};
  return add_nsp(talk, session->nsp) ? CLI_OK : CLI_FAILED;
}

void cli_talk_deinit(cli_talk *talk) {
  for (size_t i = 0; i < talk->event_count; i++)
    free(talk->events[i]);
}
