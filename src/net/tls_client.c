/* SPDX-License-Identifier: MIT */
#include "net/tls_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "net/tls_error.h"
#include "net/tls_files.h"
#include "net/tls_sessions.h"
#include "net/tls_words.h"
#include "wire/ip.h"

/* What its connections need; it lives as long as the last of them. */
typedef struct rules {
  peal_tls_sessions sessions;
  char *server_name; /* or NULL */
  bool (*pin)(peal_slice sha256, peal_slice der, void *user);
  void *pin_user;
} rules;

struct peal_tls_client {
  SSL_CTX *ctx; /* which has the rules */
};

/* What a connection is: for the tickets that come later, and the verdict. */
typedef struct note {
  peal_tls_verdict *verdict; /* NULL: it is judged */
  uint16_t port;
  char host[];
} note;

static int rules_index = -1, note_index = -1;
static pthread_once_t index_once = PTHREAD_ONCE_INIT;

static void free_rules(rules *all) {
  if (!all)
    return;
  peal_tls_sessions_deinit(&all->sessions);
  peal_mem_free(peal_mem_libc(), all->server_name);
  peal_mem_free(peal_mem_libc(), all);
}

static void on_free_rules(void *parent, void *ptr, CRYPTO_EX_DATA *data,
                          int index, long argl, void *argp) {
  (void)parent, (void)data, (void)index, (void)argl, (void)argp;
  free_rules(ptr);
}

static void on_free_note(void *parent, void *ptr, CRYPTO_EX_DATA *data,
                         int index, long argl, void *argp) {
  (void)parent, (void)data, (void)index, (void)argl, (void)argp;
  peal_mem_free(peal_mem_libc(), ptr);
}

static void make_indexes(void) {
  rules_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, on_free_rules);
  note_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_free_note);
}

static rules *rules_of(const SSL *ssl) {
  return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), rules_index);
}

/* -- what OpenSSL asks ----------------------------------------------------- */

/* Of several things that are wrong the first one is told; of what is not to be
 * verified, nothing. */
static int on_verify(int ok, X509_STORE_CTX *check) {
  SSL *ssl =
      X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx());
  if (ssl && SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE)
    return 1;
  note *about = ssl ? SSL_get_ex_data(ssl, note_index) : NULL;
  peal_tls_verdict *verdict = about ? about->verdict : NULL;
  if (ok || !verdict || verdict->err)
    return ok;
  verdict->err = PEAL_ERR_CERT;
  peal_tls_words_cert(verdict->text, sizeof(verdict->text), about->host, check);
  return 0;
}

static int on_session(SSL *ssl, SSL_SESSION *session) {
  rules *all = rules_of(ssl);
  const note *about = SSL_get_ex_data(ssl, note_index);
  return about && peal_tls_sessions_put(&all->sessions, about->host,
                                        about->port, session);
}

/* -- options --------------------------------------------------------------- */

/* OpenSSL takes no name for any, and one with a dot in front for all below
 * it. */
static bool is_name(const char *name) {
  return name[0] && name[0] != '.';
}

static bool use_authorities(SSL_CTX *ctx, const peal_client_tls *opts,
                            peal_tls_problem *why) {
  if (!opts->ca_file && !opts->ca_dir) {
    if (SSL_CTX_set_default_verify_paths(ctx) != 1)
      return peal_tls_files_wrong(why, "the system's authorities",
                                  "cannot be read");
    return true;
  }
  if (opts->ca_file && SSL_CTX_load_verify_file(ctx, opts->ca_file) != 1)
    return peal_tls_files_wrong(why, "ca_file cannot be read:", opts->ca_file);
  if (opts->ca_dir && SSL_CTX_load_verify_dir(ctx, opts->ca_dir) != 1)
    return peal_tls_files_wrong(why, "ca_dir cannot be read:", opts->ca_dir);
  /* Who names a certificate means it, whoever stands above it. */
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx),
                              X509_V_FLAG_PARTIAL_CHAIN);
  return true;
}

static bool set_up(SSL_CTX *ctx, const peal_client_tls *opts,
                   peal_tls_problem *why) {
  static const unsigned char http[] = "\x08http/1.1"; /* RFC7301 6 */
  if (!peal_tls_files_rules(ctx, opts->tls13_only, NULL, why) ||
      !use_authorities(ctx, opts, why))
    return false;
  if (opts->cert_file &&
      !peal_tls_files_use(ctx, opts->cert_file, opts->key_file, why))
    return false;
  if (SSL_CTX_set_alpn_protos(ctx, http, sizeof(http) - 1) != 0)
    return peal_tls_files_wrong(why, "OpenSSL", "ALPN");
  if (!opts->insecure_no_verify)
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
                                          SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, on_session);
  return true;
}

/* Names of hosts are at most 253 bytes (RFC1035 2.3.4); none has a dot at its
 * end here, nor a zone. */
static char *copy_name(const char *name) {
  size_t len = strlen(name);
  if (len > 1 && name[len - 1] == '.')
    len--;
  char *copy = peal_mem_alloc(peal_mem_libc(), len + 1);
  if (copy) {
    memcpy(copy, name, len);
    copy[len] = 0;
  }
  return copy;
}

static rules *make_rules(const peal_client_tls *opts) {
  rules *all = peal_mem_zalloc(peal_mem_libc(), sizeof(*all));
  if (!all || !peal_tls_sessions_init(&all->sessions)) {
    peal_mem_free(peal_mem_libc(), all);
    return NULL;
  }
  all->pin = opts->pin;
  all->pin_user = opts->pin_user;
  if (opts->server_name)
    all->server_name = copy_name(opts->server_name);
  if (!opts->server_name || all->server_name)
    return all;
  free_rules(all);
  return NULL;
}

static SSL_CTX *make(const peal_client_tls *opts, peal_tls_problem *why,
                     peal_err *err) {
  *err = PEAL_ERR_NOMEM;
  rules *all = make_rules(opts);
  SSL_CTX *ctx = all ? SSL_CTX_new(TLS_client_method()) : NULL;
  if (!ctx || SSL_CTX_set_ex_data(ctx, rules_index, all) != 1) {
    SSL_CTX_free(ctx);
    free_rules(all);
    return NULL;
  }
  *err = set_up(ctx, opts, why) ? PEAL_OK : PEAL_ERR_TLS;
  if (!*err)
    return ctx;
  SSL_CTX_free(ctx);
  return NULL;
}

peal_err peal_tls_client_new(peal_tls_client **out, const peal_client_tls *opts,
                             peal_tls_problem *why) {
  static const peal_client_tls defaults;
  peal_tls_problem unused;
  peal_err err;
  *out = NULL;
  opts = opts ? opts : &defaults;
  why = why ? why : &unused;
  why->text[0] = 0;
  pthread_once(&index_once, make_indexes);
  ERR_clear_error();
  if (opts->key_file && !opts->cert_file)
    return PEAL_ERR_USAGE;
  if (!PEAL_RESERVED_IS_KNOWN(opts))
    return PEAL_ERR_OPTION;
  if (opts->server_name && !is_name(opts->server_name)) {
    (void)peal_tls_files_wrong(why,
                               "server_name is no name:", opts->server_name);
    return PEAL_ERR_USAGE;
  }
  peal_tls_client *client = peal_mem_zalloc(peal_mem_libc(), sizeof(*client));
  if (!client || rules_index < 0 || note_index < 0) {
    peal_mem_free(peal_mem_libc(), client);
    return PEAL_ERR_NOMEM;
  }
  client->ctx = make(opts, why, &err);
  if (err)
    peal_tls_client_free(client);
  else
    *out = client;
  return err;
}

void peal_tls_client_free(peal_tls_client *client) {
  if (!client)
    return;
  SSL_CTX_free(client->ctx);
  peal_mem_free(peal_mem_libc(), client);
}

/* -- a connection ---------------------------------------------------------- */

static void refuse(peal_tls_verdict *verdict, peal_err err, const char *what) {
  verdict->err = err;
  snprintf(verdict->text, sizeof(verdict->text), what, verdict->host);
}

static bool expect(SSL *ssl, const char *name) {
  uint8_t ip[16];
  X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
  /* RFC9525 6.3, 7.1: a whole label or nothing; names stand in
   * subjectAltName. */
  X509_VERIFY_PARAM_set_hostflags(param,
                                  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  /* RFC6066 3: an address is not said. */
  if (peal_ip_parse(ip, peal_slice_of(name)))
    return X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;

  /* What SSL_set_tlsext_host_name is, whose cast drops `const`. */
  union {
    const char *name;
    void *argument;
  } said = {.name = name};

  return X509_VERIFY_PARAM_set1_host(param, name, 0) == 1 &&
         SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                  said.argument) == 1;
}

static void offer(SSL *ssl, rules *all, const note *about) {
  SSL_SESSION *session =
      peal_tls_sessions_take(&all->sessions, about->host, about->port);
  if (session)
    (void)SSL_set_session(ssl, session);
  SSL_SESSION_free(session);
}

static note *make_note(const char *name, peal_tls_verdict *verdict) {
  size_t len = strlen(name);
  if (len > 1 && name[len - 1] == '.')
    len--;
  note *about = peal_mem_alloc(peal_mem_libc(), sizeof(*about) + len + 1);
  if (!about)
    return NULL;
  *about = (note){.verdict = verdict, .port = verdict->port};
  memcpy(about->host, name, len);
  about->host[len] = 0;
  return about;
}

SSL *peal_tls_client_begin(peal_tls_client *client, peal_tls_verdict *verdict) {
  ERR_clear_error();
  if (!is_name(verdict->host)) {
    refuse(verdict, PEAL_ERR_CERT, "no certificate is for the host \"%s\"");
    return NULL;
  }
  SSL *ssl = SSL_new(client->ctx);
  if (!ssl)
    return NULL;
  rules *all = rules_of(ssl);
  bool other = all->server_name && !verdict->is_proxy;
  note *about = make_note(other ? all->server_name : verdict->host, verdict);
  if (!about || SSL_set_ex_data(ssl, note_index, about) != 1) {
    peal_mem_free(peal_mem_libc(), about);
    SSL_free(ssl);
    return NULL;
  }
  if (!expect(ssl, about->host)) {
    SSL_free(ssl);
    return NULL;
  }
  if (verdict->is_proxy)
    SSL_certs_clear(ssl); /* who we are is the server's to know */
  SSL_set_connect_state(ssl);
  offer(ssl, all, about);
  return ssl;
}

/* -- the verdict ----------------------------------------------------------- */

/* RFC7469 2.4: what is pinned is the key, which outlives its certificates. */
static bool ask_pin(const rules *all, X509 *cert) {
  unsigned char *key = NULL, *der = NULL, digest[EVP_MAX_MD_SIZE];
  unsigned digest_len = 0;
  int key_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &key);
  int der_len = i2d_X509(cert, &der);
  bool ok =
      key_len > 0 && der_len > 0 &&
      EVP_Digest(key, (size_t)key_len, digest, &digest_len, EVP_sha256(),
                 NULL) == 1 &&
      all->pin((peal_slice){(const char *)digest, digest_len},
               (peal_slice){(const char *)der, (size_t)der_len}, all->pin_user);
  OPENSSL_free(key);
  OPENSSL_free(der);
  return ok;
}

static void on_failure(int done, unsigned long why, peal_tls_verdict *verdict) {
  if (done == -ENOMEM) {
    refuse(verdict, PEAL_ERR_NOMEM, "memory is out for TLS with %s");
  } else if (done == -EPROTO) {
    verdict->err = PEAL_ERR_TLS_PEER;
    peal_tls_words_error(verdict->text, sizeof(verdict->text), verdict->host,
                         why);
  } else if (done == -ECONNRESET || done == -EPIPE) {
    refuse(verdict, PEAL_ERR_TLS_PEER,
           "%s closed the connection in the middle of the TLS handshake: is it "
           "a port for TLS?");
  } else {
    refuse(verdict, PEAL_ERR_CONNECT, "%s cannot be reached any more");
  }
}

peal_err peal_tls_client_judge(SSL *ssl, int done, unsigned long why,
                               peal_tls_verdict *verdict) {
  const rules *all = rules_of(ssl);
  note *about = SSL_get_ex_data(ssl, note_index);
  about->verdict = NULL;
  if (verdict->err)
    return verdict->err;
  if (done)
    on_failure(done, why, verdict);
  else if (all->pin && !verdict->is_proxy) {
    X509 *cert = SSL_get0_peer_certificate(ssl);
    if (!cert || !ask_pin(all, cert))
      refuse(verdict, PEAL_ERR_CERT,
             "the certificate of %s is not the one that is pinned");
  }
  return verdict->err;
}

const char *peal_tls_client_describe(SSL *ssl, char *out, size_t cap) {
  snprintf(out, cap, "%s %s%s", SSL_get_version(ssl), SSL_get_cipher_name(ssl),
           SSL_session_reused(ssl) ? ", resumed" : "");
  return out;
}
