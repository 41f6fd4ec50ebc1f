/* SPDX-License-Identifier: MIT */
#pragma once
/* tls_sessions: what a client remembers of servers, so that a handshake with
 * one of them is short the next time: the newest few, of each at most two (that
 * is how many tickets a server gives, RFC8446 4.6.1). */
#include <openssl/ssl.h>
#include <uv.h>

#include <peal/base.h>

#define PEAL_TLS_SESSIONS_MAX 8u

typedef struct peal_tls_session {
  char *host; /* its own memory */
  uint16_t port;
  SSL_SESSION *session; /* a reference */
} peal_tls_session;

/* Oldest first. All functions: Thread: any. */
typedef struct peal_tls_sessions {
  uv_mutex_t lock;
  size_t count;
  peal_tls_session items[PEAL_TLS_SESSIONS_MAX];
} peal_tls_sessions;

/* Returns false if the system refuses. */
bool peal_tls_sessions_init(peal_tls_sessions *sessions);
void peal_tls_sessions_deinit(peal_tls_sessions *sessions);
/* Takes the session, or says false: then it is the caller's as before. */
bool peal_tls_sessions_put(peal_tls_sessions *sessions, const char *host,
                           uint16_t port, SSL_SESSION *session);
/* The newest of this server, or NULL; a reference. Of TLS 1.3 it is forgotten:
 * who watches shall not see the same ticket twice (RFC8446 C.4). */
SSL_SESSION *peal_tls_sessions_take(peal_tls_sessions *sessions,
                                    const char *host, uint16_t port);
