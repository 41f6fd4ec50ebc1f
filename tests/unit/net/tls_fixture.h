/* SPDX-License-Identifier: MIT */
#pragma once
/* tls_fixture: certificates of a test's own in a folder of its own, and a
 * client that blocks. Included by the tests of net/ and http/. */
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <peal/tls.h>

#include "net_fixture.h"

typedef struct tls_files {
  char dir[64];
  char cert[96], key[96];
} tls_files;

typedef struct tls_pair {
  EVP_PKEY *key;
  X509 *cert;
} tls_pair;

static inline void tls_extend(X509 *cert, X509 *issuer, int nid,
                              const char *value) {
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
  X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
  assert_non_null(ext);
  X509_add_ext(cert, ext, -1);
  X509_EXTENSION_free(ext);
}

/* What is unusual about a certificate. */
typedef struct tls_recipe {
  long from_s, until_s; /* from now; 0: an hour before, an hour after */
  const char *usage;    /* extendedKeyUsage */
  bool no_names;        /* no subjectAltName */
} tls_recipe;

/* `names` as "DNS:a.test,IP:127.0.0.1"; `by` NULL: it signs itself, as an
 * authority. */
static inline tls_pair tls_make_as(const char *names, const tls_pair *by,
                                   const tls_recipe *as) {
  static long serial = 1;
  tls_pair made = {EVP_EC_gen("P-256"), X509_new()};
  X509_set_version(made.cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.cert), serial++);
  X509_gmtime_adj(X509_getm_notBefore(made.cert),
                  as->from_s ? as->from_s : -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.cert),
                  as->until_s ? as->until_s : 3600);
  X509_set_pubkey(made.cert, made.key);
  X509_NAME *subject = X509_get_subject_name(made.cert);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             (const unsigned char *)names, -1, -1, 0);
  X509 *issuer = by ? by->cert : made.cert;
  X509_set_issuer_name(made.cert, X509_get_subject_name(issuer));
  if (!by)
    tls_extend(made.cert, issuer, NID_basic_constraints, "critical,CA:TRUE");
  else if (!as->no_names)
    tls_extend(made.cert, issuer, NID_subject_alt_name, names);
  if (as->usage)
    tls_extend(made.cert, issuer, NID_ext_key_usage, as->usage);
  assert_true(X509_sign(made.cert, by ? by->key : made.key, EVP_sha256()) > 0);
  return made;
}

static inline tls_pair tls_make(const char *names, const tls_pair *by) {
  return tls_make_as(names, by, &(tls_recipe){.usage = NULL});
}

static inline void tls_unmake(tls_pair *pair) {
  EVP_PKEY_free(pair->key);
  X509_free(pair->cert);
}

static inline void tls_write(const char *cert_file, const char *key_file,
                             const tls_pair *pair) {
  FILE *out = fopen(cert_file, "w");
  assert_int_equal(PEM_write_X509(out, pair->cert), 1);
  fclose(out);
  out = fopen(key_file, "w");
  assert_int_equal(
      PEM_write_PrivateKey(out, pair->key, NULL, NULL, 0, NULL, NULL), 1);
  fclose(out);
}

static inline void tls_files_open(tls_files *files) {
  strcpy(files->dir, "/tmp/peal-tls-XXXXXX");
  assert_non_null(mkdtemp(files->dir));
  snprintf(files->cert, sizeof(files->cert), "%s/a.crt", files->dir);
  snprintf(files->key, sizeof(files->key), "%s/a.key", files->dir);
}

static inline void tls_files_close(tls_files *files) {
  char command[96];
  snprintf(command, sizeof(command), "rm -rf %s", files->dir);
  assert_int_equal(system(command), 0);
}

/* -- the client ------------------------------------------------------------- */

/* Trusts `ca`; expects nothing of the name if it is NULL. */
static inline SSL *tls_client(SSL_CTX *ctx, int fd, const char *name) {
  SSL *ssl = SSL_new(ctx);
  SSL_set_fd(ssl, fd);
  if (name) {
    SSL_set_tlsext_host_name(ssl, name);
    SSL_set1_host(ssl, name);
  }
  return ssl;
}

static inline SSL_CTX *tls_client_ctx(const tls_pair *ca) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
  X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca->cert);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
  return ctx;
}

static inline size_t tls_read(SSL *ssl, char *out, size_t len) {
  size_t have = 0;
  while (have < len) {
    int got = SSL_read(ssl, out + have, (int)(len - have));
    if (got <= 0)
      break;
    have += (size_t)got;
  }
  return have;
}
