/* SPDX-License-Identifier: MIT */
#include "net/tls_words.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

/* -- out of a certificate -------------------------------------------------- */

static const char *date_of(const ASN1_TIME *at, char out[16]) {
  struct tm tm;
  memset(&tm, 0, sizeof(tm));
  if (ASN1_TIME_to_tm(at, &tm) != 1 || !strftime(out, 16, "%Y-%m-%d", &tm))
    strcpy(out, "?");
  return out;
}

/* What would leave the line is shown as a question mark. */
static const char *clean(char *text) {
  for (char *at = text; *at; at++)
    if ((unsigned char)*at < ' ' || *at == 0x7f)
      *at = '?';
  return text;
}

/* The common name, or the last part that there is. */
static const char *name_of(const X509_NAME *name, char *out, size_t cap) {
  int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0)
    at = X509_NAME_entry_count(name) - 1;
  const ASN1_STRING *text =
      at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  unsigned char *utf8 = NULL;
  int len = text ? ASN1_STRING_to_UTF8(&utf8, text) : -1;
  snprintf(out, cap, "%.*s", len < 0 ? 1 : len,
           len < 0 ? "?" : (const char *)utf8);
  OPENSSL_free(utf8);
  return clean(out);
}

static void add(char *out, size_t cap, const char *text, int len) {
  size_t used = strlen(out);
  const char *comma = used ? ", " : "";
  if (used + strlen(comma) + (size_t)len + 1 < cap)
    snprintf(out + used, cap - used, "%s%.*s", comma, len, text);
}

static void add_name(char *out, size_t cap, const GENERAL_NAME *name) {
  char ip[INET6_ADDRSTRLEN];
  int kind;
  const ASN1_STRING *text = GENERAL_NAME_get0_value(name, &kind);
  const unsigned char *data =
      kind == GEN_DNS || kind == GEN_IPADD ? ASN1_STRING_get0_data(text) : NULL;
  if (!data)
    return;
  int len = ASN1_STRING_length(text);
  if (kind == GEN_DNS)
    add(out, cap, (const char *)data, len);
  else if ((len == 4 || len == 16) &&
           inet_ntop(len == 4 ? AF_INET : AF_INET6, data, ip, sizeof(ip)))
    add(out, cap, ip, (int)strlen(ip));
}

/* Those that a host may have; "" if there are none. */
static const char *names_of(X509 *cert, char *out, size_t cap) {
  GENERAL_NAMES *names =
      X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
  out[0] = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
    add_name(out, cap, sk_GENERAL_NAME_value(names, i));
  GENERAL_NAMES_free(names);
  return clean(out);
}

/* -- certificates ---------------------------------------------------------- */

typedef struct place {
  char *out;
  size_t cap;
  const char *host;
  X509 *cert;
  int depth;
  char subject[64], issuer[64];
} place;

/* "the certificate of a.test", or of an authority above it. */
static int begin(const place *at) {
  return at->depth
             ? snprintf(at->out, at->cap,
                        "the authority \"%s\" above the certificate of "
                        "%s ",
                        at->subject, at->host)
             : snprintf(at->out, at->cap, "the certificate of %s ", at->host);
}

static void end(const place *at, int len, const char *what,
                const char *detail) {
  if (len >= 0 && (size_t)len < at->cap)
    snprintf(at->out + len, at->cap - (size_t)len, what, detail);
}

static void say_names(const place *at) {
  char names[128];
  int len = begin(at);
  if (names_of(at->cert, names, sizeof(names))[0])
    end(at, len, "is for another host: it names %s", names);
  else
    end(at, len, "names no host at all (subjectAltName is missing)%s", "");
}

static void say_dates(const place *at, bool is_over) {
  char date[16], today[16];
  int len = begin(at);
  ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
  char text[64];
  if (is_over)
    snprintf(text, sizeof(text), "expired on %s; today is %s",
             date_of(X509_get0_notAfter(at->cert), date),
             now ? date_of(now, today) : "?");
  else
    snprintf(text, sizeof(text), "is not valid before %s; here it is %s",
             date_of(X509_get0_notBefore(at->cert), date),
             now ? date_of(now, today) : "?");
  ASN1_TIME_free(now);
  end(at, len, "%s", text);
}

static void say_unknown(const place *at, int error) {
  bool alone = error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
  place leaf = *at;
  leaf.depth = 0;
  int len = begin(&leaf);
  if (alone)
    end(&leaf, len,
        "is self-signed and not among the known authorities (ca_file adds "
        "some)%s",
        "");
  else
    end(&leaf, len,
        "is signed by an authority that is not known here: \"%s\" (ca_file "
        "adds some; or the server sends no intermediate certificate)",
        error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ? at->subject
                                                      : at->issuer);
}

void peal_tls_words_cert(char *out, size_t cap, const char *host,
                         X509_STORE_CTX *check) {
  int error = X509_STORE_CTX_get_error(check);
  place at = {.out = out, .cap = cap, .host = host};
  at.depth = X509_STORE_CTX_get_error_depth(check);
  at.cert = X509_STORE_CTX_get_current_cert(check);
  if (!at.cert) {
    at.depth = 0;
    end(&at, begin(&at), "is not believed: %s",
        X509_verify_cert_error_string(error));
    return;
  }
  name_of(X509_get_subject_name(at.cert), at.subject, sizeof(at.subject));
  name_of(X509_get_issuer_name(at.cert), at.issuer, sizeof(at.issuer));
  switch (error) {
  case X509_V_ERR_CERT_HAS_EXPIRED:
    say_dates(&at, true);
    break;
  case X509_V_ERR_CERT_NOT_YET_VALID:
    say_dates(&at, false);
    break;
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    say_names(&at);
    break;
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    say_unknown(&at, error);
    break;
  case X509_V_ERR_INVALID_PURPOSE:
    end(&at, begin(&at), "was not made for %s (extendedKeyUsage)",
        at.depth ? "an authority" : "a server");
    break;
  default:
    end(&at, begin(&at), "is not believed: %s",
        X509_verify_cert_error_string(error));
  }
}

/* -- everything else ------------------------------------------------------- */

void peal_tls_words_error(char *out, size_t cap, const char *host,
                          unsigned long code) {
  const char *reason = code ? ERR_reason_error_string(code) : NULL;
  if (!reason)
    reason = "unknown";
  switch (code && !ERR_SYSTEM_ERROR(code) ? ERR_GET_REASON(code) : 0) {
  case SSL_R_WRONG_VERSION_NUMBER:
  case SSL_R_HTTP_REQUEST:
  case SSL_R_HTTPS_PROXY_REQUEST:
  case SSL_R_PACKET_LENGTH_TOO_LONG:
  case SSL_R_ENCRYPTED_LENGTH_TOO_LONG:
    snprintf(out, cap, "%s does not speak TLS: is this a port for http? (%s)",
             host, reason);
    break;
  case SSL_R_UNSUPPORTED_PROTOCOL:
  case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    snprintf(out, cap,
             "%s and we have no version of TLS in common: here it is 1.2 and "
             "up, unless tls13_only (%s)",
             host, reason);
    break;
  case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    snprintf(out, cap,
             "%s agrees to none of our ciphers, or wants a certificate of us "
             "(%s)",
             host, reason);
    break;
  case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    snprintf(out, cap, "%s wants a certificate of us: cert_file (%s)", host,
             reason);
    break;
  case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
  case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
  case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
  case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
  case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
  case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
  case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    snprintf(out, cap, "%s refuses our certificate (%s)", host, reason);
    break;
  case SSL_R_TLSV1_UNRECOGNIZED_NAME:
    snprintf(out, cap, "nobody of the name %s is known there (%s)", host,
             reason);
    break;
  case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
    snprintf(out, cap, "%s does not speak http/1.1 (%s)", host, reason);
    break;
  default:
    snprintf(out, cap, "no TLS connection with %s: %s", host, reason);
  }
}
