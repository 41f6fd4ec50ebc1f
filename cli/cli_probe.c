/* SPDX-License-Identifier: MIT */
/* cli_probe: `peal probe`: a connection step by step.
 *
 *   name, tcp, tls      a connection that says nothing
 *   handshake           GET, and what the server says of itself
 *   polling, namespace  POST and GET of the session, on connections of their
 *                       own: does each reach the same server?
 *   websocket           the session is upgraded; if not, one of its own
 *   heartbeat           the server's ping is waited for */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <peal/val.h>

#include "cli_runs.h"
#include "cli_say.h"
#include "cli_value.h"
#include "probe_http.h"
#include "probe_report.h"
#include "probe_target.h"
#include "probe_words.h"
#include "probe_ws.h"

enum {
  SID = 128,
  SOON_DAYS = 14,
  GRACE_MS = 5000,
  PATIENCE_MS = 120000,
  DAY = 86400,
  AFTERWARDS = 3
};

typedef struct probe {
  const cli_opts *opts;
  cli_out out;
  probe_report report;
  probe_target target;
  probe_http http;
  probe_answer answer;
  probe_words words;
  probe_ws ws;
  char sid[SID]; /* of the polling session, or "" */
  char *connect; /* the packet that joins the namespace */
  int64_t ping_interval_ms, ping_timeout_ms;
  bool offers_upgrade;
  bool does_polling_work, is_joined;
} probe;

static double step_ms(const probe *p) {
  return p->opts->timeout_ms != 0 ? p->opts->timeout_ms : 10000;
}

static void say(probe *p) {
  probe_report_error(&p->report, p->words.text, p->words.advice);
}

/* ---- name, TCP, TLS ------------------------------------------------------- */

/* All addresses of the name: curl has found it a moment ago. */
static void list_addresses(const probe *p, char *out, size_t cap) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
  char host[sizeof p->target.host];
  size_t len = strlen(p->target.host);
  bool is_bracketed = p->target.host[0] == '[' && len > 2;
  snprintf(host, sizeof host, "%.*s", (int)(is_bracketed ? len - 2 : len),
           p->target.host + (is_bracketed ? 1 : 0));
  out[0] = '\0';
  if (getaddrinfo(host, NULL, &hints, &all) != 0)
    return;
  for (struct addrinfo *at = all; at != NULL; at = at->ai_next) {
    char text[INET6_ADDRSTRLEN] = "";
    getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, NULL, 0,
                NI_NUMERICHOST);
    size_t used = strlen(out);
    if (used + strlen(text) + 3 < cap)
      snprintf(out + used, cap - used, "%s%s", used > 0 ? ", " : "", text);
  }
  freeaddrinfo(all);
}

static void report_way(probe *p) {
  const probe_answer *a = &p->answer;
  char text[600], addresses[400];
  list_addresses(p, addresses, sizeof addresses);
  probe_report_begin(&p->report, "name");
  if (addresses[0] != '\0')
    probe_report_ok(&p->report, a->dns_ms, addresses);
  else
    probe_report_ok(&p->report, -1, "left to the proxy");
  probe_report_begin(&p->report, "tcp");
  snprintf(text, sizeof text, "%s port %u%s", a->address, p->target.port,
           addresses[0] != '\0' && strstr(addresses, a->address) == NULL
               ? " (a proxy)"
               : "");
  probe_report_ok(&p->report, a->tcp_ms > 0 ? a->tcp_ms - a->dns_ms : -1, text);
}

/* How far did a connection come that could not be made? */
static const char *failed_step(const probe_answer *answer) {
  switch ((int)answer->code) {
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
    return "name";
  case CURLE_COULDNT_CONNECT:
    return "tcp";
  case CURLE_OPERATION_TIMEDOUT:
    return answer->address[0] == '\0' || answer->tcp_ms <= 0 ? "tcp" : "tls";
  default:
    return "tls";
  }
}

static void report_certificate(probe *p) {
  const probe_answer *a = &p->answer;
  char text[900];
  time_t end = curl_getdate(a->expires, NULL);
  long days = (long)((end - time(NULL)) / DAY);
  snprintf(text, sizeof text, "%.200s, signed by %.200s, %ld days left",
           a->subject, a->issuer, days);
  if (p->http.no_verify) {
    probe_report_warn(&p->report, text, "it was not checked (--insecure)");
    return;
  }
  if (days < SOON_DAYS)
    probe_report_warn(&p->report, text, "it expires soon: renew it");
  else
    probe_report_ok(&p->report, a->tls_ms - a->tcp_ms, text);
}

static bool is_certificate_wrong(const probe_answer *answer) {
  return answer->code == CURLE_PEER_FAILED_VERIFICATION;
}

/* Tells what is wrong with the certificate and goes on without checks: so the
 * rest is seen. */
static bool look_at_certificate(probe *p) {
  long verify = p->answer.verify;
  p->http.no_verify = true;
  probe_http_connect(&p->http, &p->answer);
  p->answer.verify = verify;
  report_way(p);
  probe_report_begin(&p->report, "tls");
  probe_words_certificate(&p->words, &p->target, &p->answer);
  say(p);
  return p->answer.code == CURLE_OK;
}

static bool try_connection(probe *p) {
  probe_http_connect(&p->http, &p->answer);
  const probe_answer *a = &p->answer;
  if (a->code == CURLE_OK) {
    report_way(p);
    probe_report_begin(&p->report, "tls");
    if (p->target.is_tls)
      report_certificate(p);
    return true;
  }
  if (is_certificate_wrong(a))
    return look_at_certificate(p);
  const char *step = failed_step(a);
  probe_words_connect(&p->words, &p->target, a);
  if (strcmp(step, "tls") == 0)
    report_way(p);
  probe_report_begin(&p->report, step);
  say(p);
  return false;
}

/* ---- the handshake --------------------------------------------------------- */

/* The open packet: {"sid", "upgrades", "pingInterval", "pingTimeout"}. */
static bool read_open(probe *p, const char *packet) {
  peal_doc *doc = NULL;
  if (packet[0] != '0' ||
      peal_doc_from_json(&doc, peal_slice_of(packet + 1), NULL) != PEAL_OK)
    return false;
  peal_val open = peal_doc_val(doc);
  peal_slice sid = peal_val_str(peal_val_get(open, "sid"));
  bool is_sid = sid.len > 0 && sid.len < SID;
  for (size_t i = 0; i < sid.len && is_sid; i++)
    is_sid = sid.ptr[i] > ' ' && sid.ptr[i] < 0x7f &&
             strchr("&#%+", sid.ptr[i]) == NULL;
  if (is_sid)
    snprintf(p->sid, SID, "%.*s", PEAL_SFMT(sid));
  p->ping_interval_ms = peal_val_int(peal_val_get(open, "pingInterval"), 25000);
  p->ping_timeout_ms = peal_val_int(peal_val_get(open, "pingTimeout"), 20000);
  p->offers_upgrade = peal_slice_is(
      peal_val_str(peal_val_at(peal_val_get(open, "upgrades"), 0)),
      "websocket");
  peal_doc_free(doc);
  return is_sid;
}

static void report_handshake(probe *p, const char *way) {
  char text[256];
  snprintf(text, sizeof text,
           "Engine.IO 4 over %s, ping every %.4g s, timeout %.4g s", way,
           (double)p->ping_interval_ms / 1e3, (double)p->ping_timeout_ms / 1e3);
  probe_report_ok(&p->report, probe_report_ms(&p->report), text);
}

/* Can a page of this origin read what comes? */
static void check_origin(probe *p) {
  const char *origin = p->opts->origin, *allowed = p->answer.allow_origin;
  if (origin == NULL || strcmp(allowed, origin) == 0)
    return;
  char text[600];
  probe_report_begin(&p->report, "origin");
  if (strcmp(allowed, "*") == 0) {
    probe_report_warn(&p->report, "every origin may (*)",
                      "pages that send cookies (withCredentials) need their "
                      "origin by name");
    return;
  }
  snprintf(text, sizeof text,
           "a page of %.200s may not read the answer (allowed: %.200s)", origin,
           allowed[0] != '\0' ? allowed : "none");
  probe_report_error(&p->report, text,
                     "add this origin to the server's CORS option "
                     "(cors.origin, cors_allowed_origins)");
}

/* Refused: is it the origin? */
static void ask_without_origin(probe *p, const char *url) {
  static char text[700];
  if (p->opts->origin == NULL)
    return;
  static probe_answer again;
  probe_http_ask(&p->http, url, NULL, false, 0, &again);
  if (again.status != 200)
    return;
  snprintf(text, sizeof text,
           "without --origin the same request is answered: the server does "
           "not allow %.300s (cors.origin, cors_allowed_origins)",
           p->opts->origin);
  p->words.advice = text;
}

/* Nothing there: is it somewhere else? */
static void ask_elsewhere(probe *p) {
  static char text[1500];
  char nsp[sizeof p->target.nsp];
  snprintf(nsp, sizeof nsp, "%s", p->target.nsp);
  const char *slash = nsp[0] != '\0' && strcmp(nsp, "/") != 0 ? nsp : "";
  char guesses[3][600];
  snprintf(guesses[0], sizeof guesses[0], "%.500s/socket.io/", slash);
  snprintf(guesses[1], sizeof guesses[1], "/ws/socket.io/");
  snprintf(guesses[2], sizeof guesses[2], "/api/socket.io/");
  for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++) {
    probe_target other = p->target;
    if (strcmp(guesses[i], p->target.path) == 0)
      continue;
    snprintf(other.path, sizeof other.path, "%.599s", guesses[i]);
    char url[PROBE_URL];
    probe_target_url(&other, "polling", NULL, url);
    static probe_answer there;
    probe_words ignored;
    probe_http_ask(&p->http, url, NULL, true, 0, &there);
    if (there.code != CURLE_OK ||
        probe_words_handshake(&ignored, &other, &there) != PROBE_FINE)
      continue;
    snprintf(text, sizeof text,
             "Socket.IO answers at another path: --path %.599s", guesses[i]);
    p->words.advice = text;
    return;
  }
}

/* http:// where TLS is spoken: the connection ends without a word. */
static void ask_by_tls(probe *p) {
  probe_target other = p->target;
  other.is_tls = true;
  probe_http http = p->http;
  http.target = &other;
  http.no_verify = true;
  static probe_answer there;
  probe_http_connect(&http, &there);
  if (there.code == CURLE_OK)
    p->words.advice = "this port speaks TLS: use https:// or wss://";
}

static bool try_handshake(probe *p) {
  char url[PROBE_URL];
  probe_target_url(&p->target, "polling", NULL, url);
  probe_report_begin(&p->report, "handshake");
  probe_http_ask(&p->http, url, NULL, true, 0, &p->answer);
  if (p->answer.code != CURLE_OK) {
    probe_words_connect(&p->words, &p->target, &p->answer);
    if (!p->target.is_tls)
      ask_by_tls(p);
    say(p);
    return false;
  }
  switch (probe_words_handshake(&p->words, &p->target, &p->answer)) {
  case PROBE_FINE:
    if (read_open(p, p->answer.body)) {
      report_handshake(p, "polling");
      check_origin(p);
      return true;
    }
    p->words.advice = "the open packet is none: no Socket.IO server?";
    break;
  case PROBE_REFUSED:
    ask_without_origin(p, url);
    break;
  case PROBE_ELSEWHERE:
    ask_elsewhere(p);
    break;
  case PROBE_NO_POLLING:
    probe_report_warn(&p->report, p->words.text, p->words.advice);
    return true;
  case PROBE_WRONG:
    if (p->answer.status == 400 && !p->target.is_tls)
      ask_by_tls(p);
    break;
  }
  say(p);
  return false;
}

/* ---- the namespace ------------------------------------------------------------ */

static cli_exit make_connect(probe *p) {
  cli_value_rules rules = {.command = "probe"};
  peal_build *build = peal_build_new();
  peal_val auth = peal_undefined();
  cli_exit code = CLI_OK;
  if (p->opts->auth != NULL)
    code = cli_value_option(build, &rules, "--auth", p->opts->auth, &auth);
  bool has_auth = code == CLI_OK && !peal_val_is(auth, PEAL_UNDEFINED);
  peal_bytes *json = has_auth ? peal_json_bytes(auth) : NULL;
  peal_slice text = json != NULL ? peal_bytes_slice(json) : PEAL_S("");
  bool is_root = strcmp(p->target.nsp, "/") == 0;
  if (code == CLI_OK &&
      asprintf(&p->connect, "40%s%s%.*s", is_root ? "" : p->target.nsp,
               is_root ? "" : ",", PEAL_SFMT(text)) < 0)
    code = CLI_FAILED;
  if (json != NULL)
    peal_bytes_unref(json);
  peal_build_free(build);
  return code;
}

static void say_refusal(probe *p, const char *packet) {
  const char *json = strchr(packet, '{');
  peal_doc *doc = NULL;
  char text[600], message[300] = "";
  if (json != NULL &&
      peal_doc_from_json(&doc, peal_slice_of(json), NULL) == PEAL_OK)
    snprintf(
        message, sizeof message, "%.*s",
        PEAL_SFMT(peal_val_str(peal_val_get(peal_doc_val(doc), "message"))));
  peal_doc_free(doc);
  snprintf(text, sizeof text, "%.200s is refused: %s", p->target.nsp,
           message[0] != '\0' ? message : packet);
  probe_report_error(
      &p->report, text,
      strstr(message, "nvalid namespace") != NULL ||
              strstr(message, "Unable to connect") != NULL
          ? "the server has no such namespace: it is the path of the URL, or "
            "--namespace; the endpoint's path is --path"
          : "the server's middleware says no: what does it want in --auth, "
            "--header or --query?");
}

/* 40…{"sid":…} or 44…{"message":…}. Returns: false if it is neither. */
static bool report_namespace(probe *p, const char *packet) {
  probe_report_begin(&p->report, "namespace");
  p->report.start_ms -= p->answer.all_ms;
  if (strncmp(packet, "44", 2) == 0) {
    say_refusal(p, packet);
    return true;
  }
  if (strncmp(packet, "40", 2) != 0)
    return false;
  char text[600];
  snprintf(text, sizeof text, "joined %.500s", p->target.nsp);
  probe_report_ok(&p->report, probe_report_ms(&p->report), text);
  p->is_joined = true;
  return true;
}

/* ---- polling --------------------------------------------------------------------- */

/* The packet of this type in a payload; NULL: none. */
static const char *packet_of(char *payload, const char *types[]) {
  for (char *at = strtok(payload, "\x1e"); at != NULL;
       at = strtok(NULL, "\x1e"))
    for (size_t i = 0; types[i] != NULL; i++)
      if (strncmp(at, types[i], strlen(types[i])) == 0)
        return at;
  return NULL;
}

static bool poll_failed(const probe *p) {
  return p->answer.code != CURLE_OK || p->answer.status != 200;
}

static void say_poll(probe *p) {
  probe_words_poll(&p->words, &p->answer);
  say(p);
}

static bool try_polling(probe *p) {
  char url[PROBE_URL];
  probe_target_url(&p->target, "polling", p->sid, url);
  probe_report_begin(&p->report, "polling");
  probe_http_ask(&p->http, url, p->connect, true, 0, &p->answer);
  double post_ms = p->answer.all_ms;
  if (poll_failed(p)) {
    say_poll(p);
    return false;
  }
  probe_http_ask(&p->http, url, NULL, true, 0, &p->answer);
  if (poll_failed(p)) {
    say_poll(p);
    return false;
  }
  char text[128];
  snprintf(text, sizeof text, "POST %.1f ms, GET %.1f ms", post_ms,
           p->answer.all_ms);
  probe_report_ok(&p->report, probe_report_ms(&p->report), text);
  p->does_polling_work = true;
  static char payload[PROBE_BODY + 1];
  memcpy(payload, p->answer.body, sizeof payload);
  const char *packet = packet_of(payload, (const char *[]){"40", "44", NULL});
  if (packet == NULL || !report_namespace(p, packet)) {
    probe_report_begin(&p->report, "namespace");
    probe_report_error(&p->report, "no answer to CONNECT",
                       "the server takes long to let a client in: a middleware "
                       "that never answers?");
  }
  return true;
}

/* ---- WebSocket --------------------------------------------------------------------- */

static void say_ws(probe *p, probe_ws_result result) {
  const char *sticky_or_proxy =
      p->does_polling_work
          ? "polling works and this does not: a proxy or a firewall in front "
            "that does not let WebSocket through"
          : NULL;
  if (result == PROBE_WS_STATUS)
    probe_words_upgrade(&p->words, p->ws.status, p->ws.text,
                        p->does_polling_work);
  else {
    p->words = (probe_words){.advice = sticky_or_proxy};
    snprintf(p->words.text, sizeof p->words.text, "%s",
             result == PROBE_WS_TIMEOUT ? "no answer in time" : p->ws.words);
  }
}

/* 2probe, 3probe, 5: from now on it is the session's. */
static probe_ws_result upgrade(probe *p) {
  probe_ws_result result = probe_ws_open(&p->ws, &p->http, p->sid, step_ms(p));
  if (result == PROBE_WS_OK)
    result = probe_ws_send(&p->ws, "2probe");
  if (result == PROBE_WS_OK)
    result = probe_ws_receive(&p->ws, step_ms(p));
  if (result != PROBE_WS_OK)
    return result;
  if (strcmp(p->ws.text, "3probe") != 0) {
    snprintf(p->ws.words, sizeof p->ws.words, "no answer to its probe");
    return PROBE_WS_BROKEN;
  }
  return probe_ws_send(&p->ws, "5");
}

/* A session that begins as a WebSocket. */
static probe_ws_result open_directly(probe *p) {
  probe_ws_close(&p->ws);
  probe_ws_result result = probe_ws_open(&p->ws, &p->http, NULL, step_ms(p));
  if (result == PROBE_WS_OK)
    result = probe_ws_receive(&p->ws, step_ms(p));
  if (result == PROBE_WS_OK && !read_open(p, p->ws.text)) {
    snprintf(p->ws.words, sizeof p->ws.words, "no open packet but \"%.60s\"",
             p->ws.text);
    return PROBE_WS_BROKEN;
  }
  return result;
}

static void join_by_ws(probe *p) {
  probe_report_begin(&p->report, "namespace");
  double start = p->report.start_ms;
  p->answer.all_ms = 0;
  probe_ws_result result = probe_ws_send(&p->ws, p->connect);
  for (int i = 0; i < AFTERWARDS && result == PROBE_WS_OK; i++) {
    result = probe_ws_receive(&p->ws, step_ms(p));
    p->answer.all_ms = probe_now_ms() - start;
    if (result == PROBE_WS_OK && report_namespace(p, p->ws.text))
      return;
  }
  probe_report_error(&p->report,
                     result == PROBE_WS_BROKEN ? p->ws.words
                                               : "no answer to CONNECT",
                     "the server takes long to let a client in: a middleware "
                     "that never answers?");
}

/* Returns: there is a WebSocket, and a session on it. */
static bool try_directly(probe *p, probe_ws_result upgraded) {
  probe_words first = p->words;
  char more[sizeof p->words.more];
  if (first.advice == p->words.more) { // it moves with the struct
    memcpy(more, p->words.more, sizeof more);
    first.advice = more;
  }
  if (open_directly(p) == PROBE_WS_OK) {
    probe_report_error(&p->report, first.text,
                       upgraded == PROBE_WS_STATUS && first.advice != NULL
                           ? first.advice
                           : NULL);
    probe_report_begin(&p->report, "websocket");
    probe_report_ok(&p->report, -1,
                    "without polling it works (--transports websocket)");
    return true;
  }
  probe_report_error(&p->report, first.text, first.advice);
  return false;
}

static bool try_upgrade(probe *p) {
  probe_report_begin(&p->report, "websocket");
  if (!p->offers_upgrade) {
    probe_report_warn(&p->report, "the server offers no upgrade",
                      "it is switched off there (transports, allowUpgrades), "
                      "or it lacks a WebSocket library: clients stay on "
                      "polling");
    return false;
  }
  probe_ws_result result = upgrade(p);
  if (result == PROBE_WS_OK) {
    probe_report_ok(&p->report, probe_report_ms(&p->report),
                    "the session is upgraded");
    return true;
  }
  say_ws(p, result);
  if (!try_directly(p, result))
    return false;
  join_by_ws(p);
  return true;
}

/* Without a polling session. */
static bool try_websocket(probe *p) {
  probe_report_begin(&p->report, "websocket");
  probe_ws_result result = open_directly(p);
  if (result != PROBE_WS_OK) {
    say_ws(p, result);
    say(p);
    return false;
  }
  report_handshake(p, "WebSocket");
  join_by_ws(p);
  return true;
}

/* ---- the heartbeat ----------------------------------------------------------------- */

static bool wait_by_ws(probe *p, double wait_ms) {
  double until = probe_now_ms() + wait_ms;
  while (probe_ws_receive(&p->ws, until - probe_now_ms()) == PROBE_WS_OK)
    if (strcmp(p->ws.text, "2") == 0)
      return probe_ws_send(&p->ws, "3") == PROBE_WS_OK;
  return false;
}

static bool wait_by_polling(probe *p, double wait_ms) {
  char url[PROBE_URL];
  double until = probe_now_ms() + wait_ms;
  probe_target_url(&p->target, "polling", p->sid, url);
  for (double left; (left = until - probe_now_ms()) > 1;) {
    probe_http_ask(&p->http, url, NULL, true, (long)left, &p->answer);
    if (poll_failed(p))
      return false;
    if (packet_of(p->answer.body, (const char *[]){"2", NULL}) != NULL)
      return true;
  }
  return false;
}

static void try_heartbeat(probe *p, bool is_ws) {
  double wait = (double)p->ping_interval_ms + GRACE_MS;
  char text[128];
  if (p->opts->quick || wait > PATIENCE_MS) {
    snprintf(text, sizeof text, "not waited for (every %.4g s)",
             (double)p->ping_interval_ms / 1e3);
    probe_report_skip(&p->report, "heartbeat", text);
    return;
  }
  cli_out_note(&p->out,
               "waiting for the heartbeat, up to %.0f s (--quick "
               "does not)",
               wait / 1e3);
  probe_report_begin(&p->report, "heartbeat");
  if (is_ws ? wait_by_ws(p, wait) : wait_by_polling(p, wait)) {
    probe_report_ok(&p->report, probe_report_ms(&p->report),
                    "the server's ping has come");
    return;
  }
  snprintf(text, sizeof text, "no ping within %.0f s", wait / 1e3);
  probe_report_error(&p->report, text,
                     "a proxy cuts idle connections or holds back what it "
                     "should pass on (nginx: proxy_read_timeout, "
                     "proxy_buffering off), or the server is stuck");
}

/* ---- all of it ------------------------------------------------------------------------ */

/* The session ends: nothing of us stays at the server. */
static void leave(probe *p, bool is_ws) {
  char url[PROBE_URL];
  if (is_ws) {
    probe_ws_send(&p->ws, "1");
  } else if (p->does_polling_work) {
    probe_target_url(&p->target, "polling", p->sid, url);
    probe_http_ask(&p->http, url, "1", true, 0, &p->answer);
  }
  probe_ws_close(&p->ws);
}

static cli_exit run(probe *p) {
  if (!try_connection(p))
    return CLI_OFFLINE;
  if (!try_handshake(p))
    return CLI_FAILED;
  bool is_ws = false;
  if (p->sid[0] == '\0' || !try_polling(p))
    is_ws = try_websocket(p);
  else
    is_ws = try_upgrade(p);
  if (is_ws || p->does_polling_work)
    try_heartbeat(p, is_ws);
  else
    probe_report_skip(&p->report, "heartbeat", "there is no session");
  leave(p, is_ws);
  return p->report.errors > 0 ? CLI_FAILED : CLI_OK;
}

cli_exit cli_probe_run(const cli_opts *opts) {
  static probe p;
  p.opts = opts;
  cli_out_init(&p.out, opts);
  p.report.out = &p.out;
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return CLI_FAILED;
  cli_exit code = probe_target_init(&p.target, opts);
  if (code == CLI_OK)
    code = make_connect(&p);
  if (code == CLI_OK) {
    code = probe_http_init(&p.http, &p.target);
    if (code == CLI_OK) {
      code = run(&p);
      probe_report_end(&p.report);
    }
    probe_http_deinit(&p.http);
  }
  free(p.connect);
  curl_global_cleanup();
  return code;
}
