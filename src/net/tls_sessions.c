/* SPDX-License-Identifier: MIT */
#include "net/tls_sessions.h"

#include <string.h>

#include "base/mem.h"

#define EACH 2u

bool peal_tls_sessions_init(peal_tls_sessions *sessions) {
  *sessions = (peal_tls_sessions){.count = 0};
  return uv_mutex_init(&sessions->lock) == 0;
}

/* Returns its reference, which is the caller's. */
static SSL_SESSION *remove_at(peal_tls_sessions *sessions, size_t index) {
  peal_tls_session *item = &sessions->items[index];
  SSL_SESSION *session = item->session;
  peal_mem_free(peal_mem_libc(), item->host);
  sessions->count--;
  memmove(item, item + 1, (sessions->count - index) * sizeof(*item));
  return session;
}

void peal_tls_sessions_deinit(peal_tls_sessions *sessions) {
  while (sessions->count)
    SSL_SESSION_free(remove_at(sessions, sessions->count - 1));
  uv_mutex_destroy(&sessions->lock);
}

static bool is_of(const peal_tls_session *item, const char *host,
                  uint16_t port) {
  return item->port == port && strcmp(item->host, host) == 0;
}

/* Which one has to go for one more of this server; count: none. */
static size_t find_old(const peal_tls_sessions *sessions, const char *host,
                       uint16_t port) {
  size_t same = 0, first = sessions->count;
  for (size_t i = sessions->count; i-- > 0;)
    if (is_of(&sessions->items[i], host, port) && ++same)
      first = i;
  if (same >= EACH)
    return first;
  return sessions->count == PEAL_TLS_SESSIONS_MAX ? 0 : sessions->count;
}

bool peal_tls_sessions_put(peal_tls_sessions *sessions, const char *host,
                           uint16_t port, SSL_SESSION *session) {
  size_t size = strlen(host) + 1;
  char *copy = peal_mem_alloc(peal_mem_libc(), size);
  if (!copy)
    return false;
  memcpy(copy, host, size);
  uv_mutex_lock(&sessions->lock);
  size_t old = find_old(sessions, host, port);
  if (old < sessions->count)
    SSL_SESSION_free(remove_at(sessions, old));
  sessions->items[sessions->count++] =
      (peal_tls_session){.host = copy, .port = port, .session = session};
  uv_mutex_unlock(&sessions->lock);
  return true;
}

static SSL_SESSION *take_at(peal_tls_sessions *sessions, size_t index) {
  SSL_SESSION *session = sessions->items[index].session;
  if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
    return remove_at(sessions, index);
  SSL_SESSION_up_ref(session);
  return session;
}

SSL_SESSION *peal_tls_sessions_take(peal_tls_sessions *sessions,
                                    const char *host, uint16_t port) {
  SSL_SESSION *found = NULL;
  uv_mutex_lock(&sessions->lock);
  for (size_t i = sessions->count; i-- > 0 && !found;)
    if (is_of(&sessions->items[i], host, port))
      found = take_at(sessions, i);
  uv_mutex_unlock(&sessions->lock);
  return found;
}
