/* SPDX-License-Identifier: MIT */
#pragma once
/* tls: certificates and rules for encrypted connections (HTTPS, WSS), shared by
 * all workers and by any number of places to listen at.
 *
 *   peal_tls *tls;
 *   peal_err err = peal_tls_new(
 *       &tls, &(peal_tls_opts){.cert_file = "site.crt", .key_file =
 * "site.key"},
 *       NULL);
 *   peal_http_listen(http, &(peal_http_listen_opts){.port = 443, .tls = tls},
 *                    NULL);
 *
 * TLS 1.2 and 1.3, ciphers with forward secrecy only, no renegotiation, no
 * compression, session tickets whose keys change. Certificates are read again
 * by peal_tls_reload, without dropping a connection. */
#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Certificates and rules. */
typedef struct peal_tls peal_tls;

/* A certificate, with the intermediate ones behind it, and its key: files in
 * PEM. */
typedef struct peal_tls_cert {
  const char *cert_file;
  const char *key_file; /* NULL: in cert_file, too */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[2];
} peal_tls_cert;

/* What clients have to show of themselves. */
typedef enum peal_tls_client_cert {
  PEAL_TLS_CLIENT_NONE,     /* nothing: the default without client_ca_file */
  PEAL_TLS_CLIENT_OPTIONAL, /* a certificate, if they have one */
  PEAL_TLS_CLIENT_REQUIRED  /* a certificate, or there is no connection: the
                               default with client_ca_file */
} peal_tls_client_cert;

/* Options; cert_file is needed. */
typedef struct peal_tls_opts {
  const char *cert_file; /* as in peal_tls_cert: for all names that no other
                            certificate has */
  const char *key_file;
  /* More certificates, each for the names that it holds itself: a client says
   * which server it wants (SNI, RFC6066 3). */
  const peal_tls_cert *more;
  size_t more_count; /* at most 64 */
  /* Who may have signed the certificates of clients, PEM. */
  const char *client_ca_file;
  peal_tls_client_cert client_cert;
  bool tls13_only;     /* refuse TLS 1.2 */
  const char *ciphers; /* of TLS 1.2, as OpenSSL writes lists; default: ECDHE
                          with AES-GCM or ChaCha20 */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[16];
} peal_tls_opts;

/* What is wrong, in words that name the file. */
typedef struct peal_tls_problem {
  char text[256];
} peal_tls_problem;

/* Read and check the files. Copies `opts`; `why` may be NULL.
 * Returns: PEAL_OK; PEAL_ERR_TLS (a file cannot be read or is not what it
 * should be, key and certificate do not belong together); PEAL_ERR_USAGE (no
 * cert_file, client_cert without client_ca_file); PEAL_ERR_OPTION (unknown
 * ones); PEAL_ERR_NOMEM; *out is NULL on errors. Reads files: not in a handler.
 * Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_tls_new(peal_tls **out,
                                               const peal_tls_opts *opts,
                                               peal_tls_problem *why);
/* Read the same files again: new connections get what stands there now, those
 * that are open go on. If something is wrong what was there before stays in
 * use. Returns: as peal_tls_new. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_tls_reload(peal_tls *tls,
                                                  peal_tls_problem *why);
/* After all that listens with it. */
PEAL_API void peal_tls_free(peal_tls *tls);

/* Who the other end is by the certificate that it has shown and that was
 * believed (peal_http_req_tls_peer). */
typedef struct peal_tls_peer {
  uint8_t sha256[32]; /* of the whole certificate (DER) */
  char subject[256];  /* RFC4514: "CN=device 7,O=Example"; what does not fit is
                         cut off: for decisions take sha256 */
  /* 0 (docs/abi.md). */
  uintptr_t reserved[8];
} peal_tls_peer;

/* -- clients --------------------------------------------------------------- */

/* Certificates of a client (<peal/client.h>). {0}: the server's is checked against the system's
 * authorities and the name in the URL. */
typedef struct peal_client_tls {
  const char *ca_file; /* PEM: these authorities instead of the system's */
  const char *ca_dir;  /* a folder of them, as c_rehash makes it */
  const char *cert_file, *key_file; /* the client's own, PEM; not for proxies */
  const char *server_name; /* to be checked and sent; default: the URL's host */
  /* Asked behind the usual checks: is this the right server? `sha256` has 32
   * bytes, of the certificate's public key (SubjectPublicKeyInfo, as in
   * RFC7469 2.4), `der` is the whole certificate; both borrowed. On the
   * client's worker. */
  bool (*pin)(peal_slice sha256, peal_slice der, void *user);
  void *pin_user;
  bool tls13_only;
  /* Believe any certificate: anybody on the way can read and change
   * everything. For trying things only. */
  bool insecure_no_verify;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_client_tls;

#ifdef __cplusplus
}
#endif
