/* SPDX-License-Identifier: MIT */
#include "net/tls_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>

#include "net/tls_files.h"
#include "net/tls_limits.h"

typedef struct set {
  size_t count;
  SSL_CTX *contexts[PEAL_LIMIT_TLS_NAMES]; /* but the first */
} set;

/* -- which one a client gets ----------------------------------------------- */

/* The place of a set in its first context. */
static int set_index = -1;
static pthread_once_t set_once = PTHREAD_ONCE_INIT;

static void free_set(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index,
                     long argl, void *argp) {
  set *all = ptr;
  (void)parent, (void)data, (void)index, (void)argl, (void)argp;
  for (size_t i = 0; all && i < all->count; i++)
    SSL_CTX_free(all->contexts[i]);
  free(all);
}

static void make_index(void) {
  set_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_set);
}

static bool has_name(SSL_CTX *ctx, const char *name, size_t len) {
  X509 *cert = SSL_CTX_get0_certificate(ctx);
  return cert &&
         X509_check_host(cert, name, len, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                         NULL) == 1;
}

static int on_name(SSL *ssl, int *alert, void *user) {
  const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  set *all = SSL_CTX_get_ex_data(user, set_index);
  (void)alert;
  if (!name || !all)
    return SSL_TLSEXT_ERR_NOACK;
  size_t len = strlen(name);
  if (has_name(user, name, len))
    return SSL_TLSEXT_ERR_OK;
  for (size_t i = 0; i < all->count; i++)
    if (has_name(all->contexts[i], name, len)) {
      SSL_set_SSL_CTX(ssl, all->contexts[i]);
      return SSL_TLSEXT_ERR_OK;
    }
  return SSL_TLSEXT_ERR_NOACK;
}

/* RFC7301 3.2: a client that wants something else only is told so. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *len,
                   const unsigned char *in, unsigned in_len, void *user) {
  static const unsigned char ours[] = "\x08http/1.1";
  unsigned char *found;
  (void)ssl, (void)user;
  if (SSL_select_next_proto(&found, len, ours, sizeof(ours) - 1, in, in_len) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = found;
  return SSL_TLSEXT_ERR_OK;
}

/* -- one certificate ------------------------------------------------------- */

/* Whom an authority of before has let in shows itself anew: a ticket is good
 * where its session's context is the same. */
static bool set_context(SSL_CTX *ctx, const char *file) {
  unsigned char digest[EVP_MAX_MD_SIZE], bytes[1024];
  unsigned len = 0;
  int got = 0;
  BIO *in = BIO_new_file(file, "r");
  EVP_MD_CTX *hash = EVP_MD_CTX_new();
  bool ok = in && hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;
  while (ok && (got = BIO_read(in, bytes, sizeof(bytes))) > 0)
    ok = EVP_DigestUpdate(hash, bytes, (size_t)got) == 1;
  ok = ok && got == 0 && EVP_DigestFinal_ex(hash, digest, &len) == 1 &&
       SSL_CTX_set_session_id_context(ctx, digest, len) == 1;
  EVP_MD_CTX_free(hash);
  BIO_free(in);
  return ok;
}

static bool ask_for_clients(SSL_CTX *ctx, const peal_tls_opts *opts,
                            peal_tls_problem *why) {
  const char *file = opts->client_ca_file;
  if (!file || opts->client_cert == PEAL_TLS_CLIENT_NONE)
    return true;
  STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);
  if (!names || SSL_CTX_load_verify_locations(ctx, file, NULL) != 1 ||
      !set_context(ctx, file)) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return peal_tls_files_wrong(why, "client_ca_file cannot be read:", file);
  }
  SSL_CTX_set_client_CA_list(ctx, names); /* taken */
  SSL_CTX_set_verify(ctx,
                     opts->client_cert == PEAL_TLS_CLIENT_REQUIRED
                         ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                         : SSL_VERIFY_PEER,
                     NULL);
  return true;
}

/* Sessions are in tickets: there is no list of them. */
static void set_rules(SSL_CTX *ctx) {
  static const unsigned char context[] = "peal";
  SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(ctx, context, sizeof(context) - 1);
  SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
}

static SSL_CTX *one(const peal_tls_opts *opts, const peal_tls_cert *cert,
                    peal_tls_tickets *tickets, peal_tls_problem *why) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  if (!ctx) {
    (void)peal_tls_files_wrong(why, "OpenSSL", "TLS");
    return NULL;
  }
  set_rules(ctx);
  peal_tls_tickets_use(tickets, ctx);
  if (peal_tls_files_rules(ctx, opts->tls13_only, opts->ciphers, why) &&
      peal_tls_files_use(ctx, cert->cert_file, cert->key_file, why) &&
      ask_for_clients(ctx, opts, why))
    return ctx;
  SSL_CTX_free(ctx);
  return NULL;
}

/* -- all ------------------------------------------------------------------- */

static bool read_more(set *all, const peal_tls_opts *opts,
                      peal_tls_tickets *tickets, peal_tls_problem *why) {
  for (size_t i = 0; i < opts->more_count; i++) {
    SSL_CTX *ctx = one(opts, &opts->more[i], tickets, why);
    if (!ctx)
      return false;
    all->contexts[all->count++] = ctx;
  }
  return true;
}

SSL_CTX *peal_tls_set_new(const peal_tls_opts *opts, peal_tls_tickets *tickets,
                          peal_tls_problem *why, peal_err *err) {
  const peal_tls_cert first = {.cert_file = opts->cert_file,
                               .key_file = opts->key_file};
  pthread_once(&set_once, make_index);
  ERR_clear_error();
  set *all = calloc(1, sizeof(*all));
  *err = all && set_index >= 0 ? PEAL_ERR_TLS : PEAL_ERR_NOMEM;
  SSL_CTX *ctx = *err == PEAL_ERR_TLS ? one(opts, &first, tickets, why) : NULL;
  if (!ctx || SSL_CTX_set_ex_data(ctx, set_index, all) != 1) {
    SSL_CTX_free(ctx);
    free(all);
    return NULL;
  }
  if (!read_more(all, opts, tickets, why)) {
    SSL_CTX_free(ctx); /* with the set */
    return NULL;
  }
  SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
  SSL_CTX_set_tlsext_servername_arg(ctx, ctx);
  *err = PEAL_OK;
  return ctx;
}
