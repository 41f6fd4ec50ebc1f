/* SPDX-License-Identifier: MIT */
/* cli_serve: `peal serve`: a server with rooms for trying things: what is said
 * to it is printed and answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/admin.h>
#include <peal/peal.h>

#include "cli_client_opts.h"
#include "cli_out.h"
#include "cli_runs.h"
#include "cli_say.h"

enum { ASK_MS = 10000, ROOM_MAX = 256 };

typedef struct serving {
  const cli_opts *opts;
  cli_out out;
  peal_server *server;
  peal_admin *admin;
} serving;

/* ---- what is printed ------------------------------------------------- */

static void print(serving *s, peal_socket *socket, const char *what,
                  peal_slice name, peal_args args, bool wants_ack) {
  if (s->out.quiet)
    return;
  cli_out_packet(&s->out,
                 &(cli_packet){.what = what,
                               .name = name,
                               .args = args,
                               .nsp = peal_nsp_name(peal_socket_nsp(socket)),
                               .id = peal_socket_id(socket),
                               .wants_ack = wants_ack});
}

/* ---- what is answered ------------------------------------------------ */

/* The name of a room, behind a word of ours: a client cannot name another's
 * id. Returns: false if `name` is none. */
static bool room_of(peal_val name, char room[static ROOM_MAX]) {
  peal_slice text = peal_val_str(name);
  if (text.len == 0 || text.len > ROOM_MAX - sizeof "room ")
    return false;
  snprintf(room, ROOM_MAX, "room %.*s", PEAL_SFMT(text));
  return true;
}

static void answer_wrong(const peal_event *event, const char *expected) {
  peal_ack(event, PEAL_ARGS(PEAL_OBJECT({"error", peal_str(expected)})));
}

static void on_echo(peal_socket *socket, const peal_event *event) {
  peal_args args = peal_event_args(event);
  peal_emit(socket, "echo", args);
  peal_ack(event, args);
}

/* With one worker these come inside the call. */
static void answer_count(peal_err err, size_t n, peal_args ids, void *user) {
  (void)err;
  (void)ids;
  peal_ack(user, PEAL_ARGS(PEAL_OBJECT({"members", peal_int((int64_t)n)})));
}

static void answer_ids(peal_err err, size_t n, peal_args ids, void *user) {
  (void)err;
  (void)n;
  peal_ack(user, PEAL_ARGS(peal_array(ids.items, ids.count)));
}

static void answer_relayed(peal_err err, size_t n, peal_args ids, void *user) {
  (void)err;
  (void)ids;
  int64_t others = n > 0 ? (int64_t)n - 1 : 0;
  peal_ack(user, PEAL_ARGS(PEAL_OBJECT({"relayed", peal_int(others)})));
}

static void on_join(peal_socket *socket, const peal_event *event) {
  char room[ROOM_MAX];
  if (!room_of(peal_event_arg(event, 0), room)) {
    answer_wrong(event, "join ROOM: expected a name");
    return;
  }
  peal_join(socket, room);
  // the count comes inside the call: the event is there still
  peal_nsp_count(peal_socket_nsp(socket), PEAL_TO(room), answer_count,
                 (void *)(uintptr_t)event);
}

static void on_leave(peal_socket *socket, const peal_event *event) {
  char room[ROOM_MAX];
  if (!room_of(peal_event_arg(event, 0), room)) {
    answer_wrong(event, "leave ROOM: expected a name");
    return;
  }
  peal_leave(socket, room);
  peal_nsp_count(peal_socket_nsp(socket), PEAL_TO(room), answer_count,
                 (void *)(uintptr_t)event);
}

static void on_chat(peal_socket *socket, const peal_event *event) {
  char room[ROOM_MAX];
  bool has_room = room_of(peal_event_arg(event, 1), room);
  const char *rooms[] = {room, NULL};
  peal_emit_to(
      socket, &(peal_to){.rooms = has_room ? rooms : NULL, .with_self = true},
      "chat",
      PEAL_ARGS(PEAL_OBJECT(
          {"from", peal_str(peal_socket_id(socket))},
          {"text", peal_event_arg(event, 0)},
          {"room", has_room ? peal_event_arg(event, 1) : peal_undefined()})));
  peal_ack(event, PEAL_ARGS(peal_str("ok")));
}

static void on_members(peal_socket *socket, const peal_event *event) {
  char room[ROOM_MAX];
  bool has_room = room_of(peal_event_arg(event, 0), room);
  const char *rooms[] = {room, NULL};
  peal_nsp_members(peal_socket_nsp(socket),
                   &(peal_to){.rooms = has_room ? rooms : NULL}, answer_ids,
                   (void *)(uintptr_t)event);
}

static void on_answer(peal_socket *socket, peal_err err, peal_args args,
                      void *user) {
  (void)socket;
  peal_val failed = PEAL_OBJECT({"error", peal_str(peal_err_message(err))});
  peal_reply_send(user, err == PEAL_OK ? args : (peal_args){&failed, 1});
}

static void on_ask(peal_socket *socket, const peal_event *event) {
  peal_args args = peal_event_args(event);
  if (args.count == 0 || !peal_val_is(args.items[0], PEAL_STRING)) {
    answer_wrong(event, "ask EVENT VALUE...: expected a name");
    return;
  }
  peal_reply *reply = peal_ack_later(event);
  peal_err err = peal_emit_ack_n(socket, peal_val_str(args.items[0]),
                                 (peal_args){args.items + 1, args.count - 1},
                                 ASK_MS, on_answer, reply);
  if (err != PEAL_OK)
    peal_reply_send(reply, PEAL_ARGS(PEAL_OBJECT(
                               {"error", peal_str(peal_err_message(err))})));
}

static void on_bye(peal_socket *socket, const peal_event *event) {
  (void)event;
  peal_disconnect(socket, false);
}

static void on_drop(peal_socket *socket, const peal_event *event) {
  (void)event;
  peal_disconnect(socket, true);
}

static void relay(peal_socket *socket, const peal_event *event) {
  peal_emit_to_n(socket, NULL, peal_event_name(event), peal_event_args(event));
  peal_nsp_count(peal_socket_nsp(socket), NULL, answer_relayed,
                 (void *)(uintptr_t)event);
}

static const struct answer {
  const char *event;
  void (*fn)(peal_socket *socket, const peal_event *event);
} answers[] = {
    {"echo", on_echo},       {"join", on_join}, {"leave", on_leave},
    {"chat", on_chat},       {"ask", on_ask},   {"bye", on_bye},
    {"members", on_members}, {"drop", on_drop},
};

static void on_event(peal_socket *socket, const peal_event *event, void *user) {
  peal_slice name = peal_event_name(event);
  print(user, socket, "event", name, peal_event_args(event),
        peal_event_wants_ack(event));
  for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
    if (peal_slice_is(name, answers[i].event)) {
      answers[i].fn(socket, event);
      return;
    }
  relay(socket, event);
}

/* ---- who comes and goes ---------------------------------------------- */

static peal_err on_connect(peal_socket *socket, void *user) {
  serving *s = user;
  peal_val auth = peal_socket_auth(socket);
  const char *token = s->opts->token;
  bool is_refused =
      token != NULL &&
      !peal_slice_is(peal_val_str(peal_val_get(auth, "token")), token);
  print(s, socket, is_refused ? "refused" : "connect", PEAL_S(""),
        PEAL_ARGS(PEAL_OBJECT(
            {"address", peal_str_slice(peal_socket_address(socket))},
            {"transport", peal_str(peal_socket_transport(socket))},
            // what a client must know to be let in is not printed
            {"auth", token == NULL ? auth : peal_undefined()})),
        false);
  if (is_refused)
    return peal_refuse(socket, "wrong or missing token", peal_undefined());
  return PEAL_OK;
}

static void on_disconnect(peal_socket *socket, peal_reason reason, peal_err err,
                          void *user) {
  (void)err;
  print(user, socket, "disconnect", PEAL_S(""),
        PEAL_ARGS(peal_str(peal_reason_text(reason))), false);
}

static peal_err serve_nsp(serving *s, const char *name) {
  peal_nsp *nsp = peal_server_of(s->server, name);
  peal_err err = peal_on_connect(nsp, on_connect, s);
  if (err == PEAL_OK)
    err = peal_on_any(nsp, on_event, s);
  if (err == PEAL_OK)
    err = peal_on_disconnect(nsp, on_disconnect, s);
  return err;
}

/* ---- the server ------------------------------------------------------- */

static peal_tls *tls_of(const cli_opts *opts, cli_exit *code) {
  peal_tls *tls = NULL;
  peal_tls_problem why = {{0}};
  if (opts->tls_cert == NULL)
    return NULL;
  peal_err err = peal_tls_new(
      &tls,
      &(peal_tls_opts){.cert_file = opts->tls_cert, .key_file = opts->tls_key},
      &why);
  if (err != PEAL_OK) {
    cli_say("serve", "%s",
            why.text[0] != '\0' ? why.text : peal_err_message(err));
    *code = CLI_FILE;
  }
  return tls;
}

static void print_urls(serving *s) {
  const cli_opts *opts = s->opts;
  unsigned port = peal_http_server_port(peal_server_http(s->server));
  const char *host = opts->host != NULL ? opts->host : "127.0.0.1";
  bool is_all = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
  char url[256];
  snprintf(url, sizeof url, "%s://%s%s%s:%u",
           opts->tls_cert != NULL ? "https" : "http",
           strchr(host, ':') != NULL && !is_all ? "[" : "",
           is_all ? "localhost" : host,
           strchr(host, ':') != NULL && !is_all ? "]" : "", port);
  char text[1024];
  snprintf(text, sizeof text, "serving %s%s%s\ntry: peal connect %s", url,
           opts->path != NULL ? "  path " : "",
           opts->path != NULL ? opts->path : "", url);
  cli_out_line(&s->out, PEAL_OBJECT({"serving", peal_str(url)}), "", text);
}

/* False: there is none, and the log has said why. */
static bool let_look(serving *s) {
#if CLI_HAVE_ADMIN
  s->admin =
      peal_admin_new(s->server, &(peal_admin_opts){.username = "admin",
                                                   .password = s->opts->admin,
                                                   .page = "/_peal"});
  return s->admin != NULL;
#else
  (void)s;
  cli_say("serve", "--admin: this program was built without it (PEAL_ADMIN)");
  return false;
#endif
}

static void stop_looking(serving *s) {
#if CLI_HAVE_ADMIN
  peal_admin_free(s->admin);
#else
  (void)s;
#endif
}

static cli_exit serve(serving *s, peal_tls *tls) {
  const cli_opts *opts = s->opts;
  s->server = peal_server_new(&(peal_server_opts){
      .host = opts->host != NULL ? opts->host : "127.0.0.1",
      .port = opts->port != 0 ? (int)opts->port : PEAL_PORT_ANY,
      .path = opts->path,
      .parser = cli_client_opts_parser(opts->parser),
      .tls = tls,
      .deflate.on = opts->deflate,
      .cors.origins = opts->cors != NULL ? opts->cors : "*",
      // the admin page asks with credentials, which "*" cannot allow
      .cors.credentials = opts->admin != NULL && opts->cors != NULL,
      .allow_eio3 = opts->eio3,
      .ping_interval_ms = opts->ping_interval_ms,
      .ping_timeout_ms = opts->ping_timeout_ms,
      .log.level = opts->verbose ? PEAL_LOG_DEBUG : PEAL_LOG_WARN});
  if (s->server == NULL)
    return CLI_FAILED;
  if (opts->admin != NULL && !let_look(s))
    return CLI_USAGE;
  peal_err err = serve_nsp(s, "/");
  for (size_t i = 0; i < opts->nsps.count && err == PEAL_OK; i++)
    err = serve_nsp(s, opts->nsps.items[i]);
  if (err != PEAL_OK) {
    cli_say("serve", "%s", peal_err_message(err));
    return CLI_USAGE;
  }
  print_urls(s);
  return peal_server_run(s->server) == 0 ? CLI_OK : CLI_FAILED;
}

cli_exit cli_serve_run(const cli_opts *opts) {
  serving s = {.opts = opts};
  cli_out_init(&s.out, opts);
  cli_exit code = CLI_OK;
  if (opts->tls_key != NULL && opts->tls_cert == NULL) {
    cli_say("serve", "--tls-key needs --tls-cert");
    return CLI_USAGE;
  }
  peal_tls *tls = tls_of(opts, &code);
  if (code == CLI_OK)
    code = serve(&s, tls);
  stop_looking(&s);
  peal_server_free(s.server);
  peal_tls_free(tls);
  return code;
}
