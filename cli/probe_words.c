/* SPDX-License-Identifier: MIT */
#include "probe_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/x509_vfy.h>

#include <peal/val.h>

enum { DAY = 86400 };

/* ---- connections ----------------------------------------------------------- */

static const char *refused =
    "nothing listens there: is the server running, on this port, and at an "
    "address that is reachable from here (not only 127.0.0.1 of its own "
    "machine or container)?";

static void say_errno(probe_words *out, const probe_target *target,
                      const probe_answer *answer) {
  const char *proxy = target->opts->proxy;
  if (answer->os_error == ECONNREFUSED) {
    snprintf(out->text, sizeof out->text, "%s port %u: connection refused",
             target->host, target->port);
    out->advice = proxy != NULL && *proxy != '\0'
                      ? "the proxy of --proxy, or the server behind it, does "
                        "not listen"
                      : refused;
    return;
  }
  snprintf(out->text, sizeof out->text, "%s", answer->words);
  out->advice =
      answer->os_error == ENETUNREACH || answer->os_error == EHOSTUNREACH
          ? "there is no way to this address from here: check the "
            "network, a VPN, IPv6"
          : NULL;
}

static void say_tls(probe_words *out, const probe_answer *answer) {
  snprintf(out->text, sizeof out->text, "%s", answer->words);
  if (strstr(answer->words, "wrong version number") != NULL ||
      strstr(answer->words, "packet length too long") != NULL ||
      strstr(answer->words, "http request") != NULL)
    out->advice = "what listens there speaks no TLS: use http:// or ws://, or "
                  "the port of https";
  else if (strstr(answer->words, "certificate required") != NULL ||
           strstr(answer->words, "handshake failure") != NULL)
    out->advice = "the server may ask for a client certificate: --cert and "
                  "--key";
  else
    out->advice = "the TLS handshake failed: TLS 1.2 or 1.3 is needed, and "
                  "nothing in between that speaks something else";
}

void probe_words_connect(probe_words *out, const probe_target *target,
                         const probe_answer *answer) {
  *out = (probe_words){0};
  switch ((int)answer->code) {
  case CURLE_COULDNT_RESOLVE_HOST:
    snprintf(out->text, sizeof out->text, "%s: the name is not known",
             target->host);
    out->advice = "check the spelling; inside of containers only the names of "
                  "their network are known; otherwise ask the DNS (dig, "
                  "resolvectl query)";
    return;
  case CURLE_COULDNT_RESOLVE_PROXY:
    snprintf(out->text, sizeof out->text, "%s", answer->words);
    out->advice = "the proxy of --proxy or of the environment (http_proxy, "
                  "https_proxy, all_proxy) has a name that is not known";
    return;
  case CURLE_COULDNT_CONNECT:
    say_errno(out, target, answer);
    return;
  case CURLE_OPERATION_TIMEDOUT:
    snprintf(out->text, sizeof out->text, "%s port %u: no answer in time",
             target->host, target->port);
    out->advice = answer->tcp_ms > 0
                      ? "it took the connection and says nothing: does it "
                        "speak TLS there, or is it stuck?"
                      : "a firewall drops it, or the machine is off";
    return;
  case CURLE_SSL_CONNECT_ERROR:
    say_tls(out, answer);
    return;
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CERTPROBLEM:
    snprintf(out->text, sizeof out->text, "%s", answer->words);
    out->advice = "a file of --cacert, --cert or --key cannot be used: they "
                  "are PEM, and key and certificate belong together";
    return;
  case CURLE_UNSUPPORTED_PROTOCOL: // "HTTP/0.9": an answer without a status
  case CURLE_WEIRD_SERVER_REPLY:
    snprintf(out->text, sizeof out->text,
             "%s port %u: what it answers is no HTTP", target->host,
             target->port);
    out->advice = "a server of another protocol listens there: check the port";
    return;
  default:
    snprintf(out->text, sizeof out->text, "%s", answer->words);
    out->advice =
        answer->code == CURLE_GOT_NOTHING || answer->code == CURLE_RECV_ERROR
            ? "it hung up without an answer: a server of another "
              "protocol, or TLS is wanted (https://)"
            : NULL;
  }
}

/* ---- certificates ------------------------------------------------------------ */

static void say_days(probe_words *out, const probe_answer *answer) {
  time_t end = curl_getdate(answer->expires, NULL), now = time(NULL);
  long days = (long)((now - end) / DAY);
  if (end > 0 && days > 0)
    snprintf(out->text, sizeof out->text,
             "the certificate has expired, %ld day%s ago", days,
             days == 1 ? "" : "s");
  else
    snprintf(out->text, sizeof out->text, "the certificate has expired");
  out->advice = "renew it at the server (and let it read it again); or this "
                "machine's clock is wrong";
}

static void say_name(probe_words *out, const probe_target *target,
                     const probe_answer *answer) {
  snprintf(out->text, sizeof out->text,
           "the certificate is not for %.200s but for %.200s", target->host,
           answer->names[0] != '\0' ? answer->names : answer->subject);
  out->advice = "call the server by a name that is in its certificate, or get "
                "one that has this name; behind a proxy it may be another "
                "site's";
}

void probe_words_certificate(probe_words *out, const probe_target *target,
                             const probe_answer *answer) {
  *out = (probe_words){0};
  if (answer->verify == X509_V_OK) {
    say_name(out, target, answer);
    return;
  }
  switch (answer->verify) {
  case X509_V_ERR_CERT_HAS_EXPIRED:
    say_days(out, answer);
    return;
  case X509_V_ERR_CERT_NOT_YET_VALID:
    snprintf(out->text, sizeof out->text, "the certificate is not valid yet");
    out->advice = "this machine's clock is wrong, or the server's was";
    return;
  case X509_V_ERR_UNSPECIFIED: // curl's: the chain was good
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    say_name(out, target, answer);
    return;
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    snprintf(out->text, sizeof out->text,
             "nobody known here has signed the certificate (self-signed)");
    out->advice = "give its authority by --cacert FILE; for trying only: "
                  "--insecure";
    return;
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    snprintf(out->text, sizeof out->text,
             "nobody known here has signed the certificate");
    out->advice = "an authority of your own: --cacert FILE; a public one: the "
                  "server does not send the intermediate certificate (use "
                  "fullchain.pem)";
    return;
  case X509_V_ERR_INVALID_PURPOSE:
    snprintf(out->text, sizeof out->text,
             "the certificate is not made for servers");
    out->advice = "its extended key usage has to name serverAuth";
    return;
  default:
    snprintf(out->text, sizeof out->text, "the certificate is refused: %s",
             X509_verify_cert_error_string(answer->verify));
  }
}

/* ---- handshake ------------------------------------------------------------------ */

static bool is_html(const probe_answer *answer) {
  return strncmp(answer->type, "text/html", 9) == 0 ||
         strstr(answer->body, "<html") != NULL ||
         strstr(answer->body, "<!DOCTYPE") != NULL;
}

/* Engine.IO 3 counts its packets' characters: 97:0{"sid":… */
static bool is_eio3(const char *body) {
  size_t digits = strspn(body, "0123456789");
  return digits > 0 && digits < 8 && body[digits] == ':' &&
         body[digits + 1] == '0' && body[digits + 2] == '{';
}

static bool has_word(const probe_answer *answer, const char *word) {
  return strstr(answer->body, word) != NULL;
}

static const char *eio3_advice =
    "the server is Socket.IO 2 (or 1): Engine.IO 3. socket.io-client from 3 "
    "on speaks Engine.IO 4 alone: update the server to Socket.IO 3 or 4, use a "
    "client of version 2, or one of Peal's with eio3 (--eio3)";

/* The start of a body, for people. */
static void quote(char *out, size_t cap, const char *body) {
  size_t len = 0;
  for (; body[len] != '\0' && len + 1 < cap && len < 120; len++)
    out[len] = isprint((unsigned char)body[len]) ? body[len] : ' ';
  out[len] = '\0';
}

static void say_status(probe_words *out, const probe_answer *answer) {
  char body[128];
  quote(body, sizeof body, answer->body);
  snprintf(out->text, sizeof out->text, "status %ld%s%s%s%s", answer->status,
           answer->server[0] != '\0' ? " from " : "", answer->server,
           body[0] != '\0' && !is_html(answer) ? ": " : "",
           is_html(answer) ? "" : body);
}

static probe_verdict say_400(probe_words *out, const probe_answer *answer) {
  if (has_word(answer, "nsupported protocol version")) {
    out->advice = "the server speaks another Engine.IO than 4 only";
    return PROBE_WRONG;
  }
  if (has_word(answer, "Transport unknown") ||
      has_word(answer, "Invalid transport")) {
    out->advice = "polling is switched off at the server: use --transports "
                  "websocket";
    return PROBE_NO_POLLING;
  }
  if (has_word(answer, "plain HTTP request was sent to HTTPS port")) {
    out->advice = "this port speaks TLS: use https:// or wss://";
    return PROBE_WRONG;
  }
  if (has_word(answer, "rigin")) { // python-engineio: "Not an accepted origin."
    out->advice = "the origin is not allowed: add it to the server's list "
                  "(cors_allowed_origins, cors.origin)";
    return PROBE_REFUSED;
  }
  out->advice = "the server does not take this request: a proxy that changes "
                "the query, or an allowRequest that refuses";
  return PROBE_WRONG;
}

static probe_verdict say_gateway(probe_words *out) {
  out->advice = "a proxy answers, and not the server behind it: is that "
                "running, and at the address that the proxy has?";
  return PROBE_WRONG;
}

probe_verdict probe_words_handshake(probe_words *out,
                                    const probe_target *target,
                                    const probe_answer *answer) {
  *out = (probe_words){0};
  say_status(out, answer);
  if (answer->status == 200 && answer->body[0] == '0' && answer->body[1] == '{')
    return PROBE_FINE;
  if (is_eio3(answer->body)) {
    snprintf(out->text, sizeof out->text,
             "the handshake is that of Engine.IO 3");
    out->advice = eio3_advice;
    return PROBE_WRONG;
  }
  if (answer->location[0] != '\0') {
    snprintf(out->text, sizeof out->text, "status %ld: it is at %s",
             answer->status, answer->location);
    out->advice = "clients of Socket.IO follow no redirect: use that URL";
    return PROBE_WRONG;
  }
  switch (answer->status) {
  case 400:
    return say_400(out, answer);
  case 401:
  case 403:
    out->advice = "the server refuses it (allowRequest, CORS, a login in "
                  "front): --origin, --header, --query";
    return PROBE_REFUSED;
  case 502:
  case 503:
  case 504:
    return say_gateway(out);
  default:
    snprintf(out->more, sizeof out->more,
             "no Socket.IO answers at %.300s%s: check --path (default "
             "/socket.io/), and that a proxy in front passes it on",
             target->path, is_html(answer) ? ", but a page" : "");
    out->advice = out->more;
    return PROBE_ELSEWHERE;
  }
}

/* ---- what follows --------------------------------------------------------------- */

static const char *sticky =
    "the requests of one session reach different servers: the load balancer "
    "needs sticky sessions (nginx ip_hash or hash, a cookie), or use "
    "--transports websocket only";

void probe_words_poll(probe_words *out, const probe_answer *answer) {
  *out = (probe_words){0};
  if (answer->code != CURLE_OK) {
    snprintf(out->text, sizeof out->text, "%s", answer->words);
    out->advice = answer->code == CURLE_OPERATION_TIMEDOUT
                      ? "the handshake is answered, but what follows it is "
                        "not: a proxy that buffers or cuts what takes long?"
                      : NULL;
    return;
  }
  say_status(out, answer);
  if (has_word(answer, "Session ID unknown") ||
      has_word(answer, "Invalid session") || has_word(answer, "\"code\":1"))
    out->advice = sticky;
  else if (answer->status == 413)
    out->advice = "a proxy allows no such bodies (client_max_body_size)";
  else if (answer->status >= 502 && answer->status <= 504)
    say_gateway(out);
  else if (answer->status == 404 || answer->status == 405)
    out->advice = "POST does not get where GET gets: a proxy or a CDN in "
                  "front does not pass it on";
  else
    out->advice = "the handshake worked, and the next request does not";
}

static const char *proxy_advice =
    "polling works and this does not: a proxy in front does not pass the "
    "upgrade. nginx: proxy_http_version 1.1; proxy_set_header Upgrade "
    "$http_upgrade; proxy_set_header Connection \"upgrade\"; Apache: "
    "mod_proxy_wstunnel; CDNs: switch WebSocket on";

void probe_words_upgrade(probe_words *out, long status, const char *text,
                         bool does_polling_work) {
  *out = (probe_words){0};
  char body[128];
  quote(body, sizeof body, text);
  bool is_page = strchr(text, '<') != NULL;
  snprintf(out->text, sizeof out->text, "status %ld instead of 101%s%s", status,
           body[0] != '\0' && !is_page ? ": " : "", is_page ? "" : body);
  if (strstr(text, "Session ID unknown") != NULL ||
      strstr(text, "Invalid session") != NULL)
    out->advice = sticky;
  else if (status == 403)
    out->advice = "the server refuses it: the origin (--origin), or an "
                  "allowRequest";
  else if (strstr(text, "Transport unknown") != NULL)
    out->advice = "WebSocket is switched off at the server (transports)";
  else if (does_polling_work)
    out->advice = proxy_advice;
}
