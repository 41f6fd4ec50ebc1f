/* SPDX-License-Identifier: MIT */
#include "net/tls_peer.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/x509.h>

static bool write_subject(X509 *cert, peal_tls_peer *out) {
  BIO *text = BIO_new(BIO_s_mem());
  bool ok = text && X509_NAME_print_ex(text, X509_get_subject_name(cert), 0,
                                       XN_FLAG_RFC2253) >= 0;
  int len = ok ? BIO_read(text, out->subject, sizeof(out->subject) - 1) : 0;
  out->subject[len > 0 ? len : 0] = 0;
  BIO_free(text);
  return ok;
}

bool peal_tls_peer_of(const SSL *ssl, peal_tls_peer *out) {
  peal_tls_peer found;
  unsigned len = 0;
  X509 *cert = SSL_get0_peer_certificate(ssl);
  if (!cert)
    return false;
  memset(&found, 0, sizeof(found));
  if (X509_digest(cert, EVP_sha256(), found.sha256, &len) != 1 ||
      len != sizeof(found.sha256) || !write_subject(cert, &found))
    return false;
  *out = found;
  return true;
}
