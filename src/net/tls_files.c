/* SPDX-License-Identifier: MIT */
#include "net/tls_files.h"

#include <stdio.h>

#include <openssl/err.h>

#include "net/tls_error.h"
#include "net/tls_limits.h"

bool peal_tls_files_wrong(peal_tls_problem *why, const char *what,
                          const char *file) {
  char reason[128];
  snprintf(why->text, sizeof(why->text), "%s %s: %s", what, file,
           peal_tls_error_text(reason, sizeof(reason)));
  return false;
}

bool peal_tls_files_rules(SSL_CTX *ctx, bool tls13_only, const char *ciphers,
                          peal_tls_problem *why) {
  SSL_CTX_set_min_proto_version(ctx,
                                tls13_only ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(ctx, PEAL_LIMIT_TLS_CERTS);
  if (!ciphers)
    ciphers = PEAL_TLS_FILES_CIPHERS;
  return SSL_CTX_set_cipher_list(ctx, ciphers) == 1 ||
         peal_tls_files_wrong(why, "no such ciphers:", ciphers);
}

/* An encrypted key: nobody is there to type. */
static int on_password(char *out, int cap, int writing, void *user) {
  (void)out, (void)cap, (void)writing;
  if (user)
    *(bool *)user = true;
  return -1;
}

static bool use_key(SSL_CTX *ctx, const char *file, peal_tls_problem *why) {
  bool is_locked = false;
  SSL_CTX_set_default_passwd_cb_userdata(ctx, &is_locked);
  int used = SSL_CTX_use_PrivateKey_file(ctx, file, SSL_FILETYPE_PEM);
  SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
  if (used == 1)
    return true;
  if (!is_locked)
    return peal_tls_files_wrong(why, "the key cannot be used from", file);
  ERR_clear_error();
  snprintf(why->text, sizeof(why->text),
           "the key in %s has a passphrase, and nobody is there to type it",
           file);
  return false;
}

bool peal_tls_files_use(SSL_CTX *ctx, const char *cert_file,
                        const char *key_file, peal_tls_problem *why) {
  const char *key = key_file ? key_file : cert_file;
  SSL_CTX_set_default_passwd_cb(ctx, on_password);
  if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
    return peal_tls_files_wrong(why, "the certificate cannot be read from",
                                cert_file);
  if (!use_key(ctx, key, why))
    return false;
  if (SSL_CTX_check_private_key(ctx) != 1)
    return peal_tls_files_wrong(why, "the key does not belong to", cert_file);
  return true;
}
