/* SPDX-License-Identifier: MIT */
#include "server/recovery_sessions.h"

#include "base/mem.h"

#define SWEPT_ON_THE_WAY 2u

void peal_recovery_sessions_init(peal_recovery_sessions *sessions,
                                 const peal_mem *mem,
                                 peal_account_server *account, size_t max,
                                 uint64_t window_ms, uint32_t seed) {
  *sessions = (peal_recovery_sessions){
      .mem = mem, .account = account, .max = max, .window_ms = window_ms};
  peal_map_init(&sessions->by_pid, mem, seed);
  peal_list_init(&sessions->oldest);
}

static peal_recovery_session *session_of(peal_list *node) {
  return PEAL_LIST_OF(node, peal_recovery_session, node);
}

void peal_recovery_sessions_drop(peal_recovery_sessions *sessions,
                                 peal_recovery_session *session) {
  if (!session)
    return;
  if (sessions->let_go && session->scope)
    sessions->let_go(session->scope);
  if (session->values)
    session->values_free(session->values);
  peal_account_server_release(sessions->account, session->bytes);
  peal_mem_free(sessions->mem, session);
}

void peal_recovery_sessions_take(peal_recovery_sessions *sessions,
                                 peal_recovery_session *session) {
  peal_map_remove(&sessions->by_pid, peal_slice_of(session->pid));
  peal_list_remove(&session->node);
  sessions->bytes -= session->bytes;
}

static void forget(peal_recovery_sessions *sessions,
                   peal_recovery_session *session) {
  peal_recovery_sessions_take(sessions, session);
  peal_recovery_sessions_drop(sessions, session);
}

void peal_recovery_sessions_deinit(peal_recovery_sessions *sessions) {
  while (!peal_list_is_empty(&sessions->oldest))
    forget(sessions, session_of(sessions->oldest.next));
  peal_map_deinit(&sessions->by_pid);
}

peal_recovery_session *peal_recovery_sessions_new(
    peal_recovery_sessions *sessions, size_t rooms, size_t name_bytes,
    peal_slice data) {
  peal_recovery_session *session;
  size_t head = sizeof *session + rooms * sizeof(peal_slice);
  size_t bytes = head + data.len + name_bytes;
  if (bytes > sessions->max ||
      peal_account_server_charge(sessions->account, bytes))
    return NULL;
  session = peal_mem_zalloc(sessions->mem, bytes);
  if (!session) {
    peal_account_server_release(sessions->account, bytes);
    return NULL;
  }
  peal_list_init(&session->node);
  session->bytes = bytes;
  session->room_count = rooms;
  if (data.ptr) {
    char *at = (char *)session + head;
    if (data.len)
      memcpy(at, data.ptr, data.len);
    session->data = (peal_slice){at, data.len};
  }
  return session;
}

char *peal_recovery_sessions_names(peal_recovery_session *session) {
  return (char *)(session->rooms + session->room_count) + session->data.len;
}

static bool is_over(const peal_recovery_sessions *sessions,
                    const peal_recovery_session *session, uint64_t now_ms) {
  return now_ms >= session->left_ms + sessions->window_ms;
}

bool peal_recovery_sessions_sweep(peal_recovery_sessions *sessions,
                                  uint64_t now_ms, unsigned max) {
  while (!peal_list_is_empty(&sessions->oldest)) {
    peal_recovery_session *session = session_of(sessions->oldest.next);
    if (!is_over(sessions, session, now_ms))
      return false;
    if (!max--)
      return true;
    forget(sessions, session);
  }
  return false;
}

void peal_recovery_sessions_save(peal_recovery_sessions *sessions,
                                 peal_recovery_session *session) {
  (void)peal_recovery_sessions_sweep(sessions, session->left_ms,
                                     SWEPT_ON_THE_WAY);
  while (sessions->bytes + session->bytes > sessions->max)
    forget(sessions, session_of(sessions->oldest.next));
  if (peal_map_add(&sessions->by_pid, peal_slice_of(session->pid), session)) {
    peal_recovery_sessions_drop(sessions, session);
    return;
  }
  peal_list_push(&sessions->oldest, &session->node);
  sessions->bytes += session->bytes;
}

peal_recovery_session *peal_recovery_sessions_find(
    const peal_recovery_sessions *sessions, const void *scope, peal_slice pid,
    uint64_t now_ms) {
  peal_recovery_session *session =
      pid.len ? peal_map_get(&sessions->by_pid, pid) : NULL;
  return session && session->scope == scope &&
                 !is_over(sessions, session, now_ms)
             ? session
             : NULL;
}
