/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_take.h"

#include <string.h>

#include "base/mem.h"
#include "cluster/cluster_missed.h"
#include "cluster/cluster_session.h"
#include "cluster/cluster_sessions_impl.h"
#include "net/worker_impl.h"
#include "proto/cluster_places.h"
#include "server/nsp_life.h"
#include "server/recovery.h"

/* A question, its answers one after the other, and the way home. */
typedef struct taking {
  peal_mail mail; /* to worker 0, and home */
  peal_list node;
  peal_recovery_asker *asker;
  char pid[PEAL_RECOVERY_PID_BYTES];
  peal_cluster_missed missed;
  peal_recovery_session *session;
} taking;

/* -- home ------------------------------------------------------------------------------ */

static void on_home(peal_worker *worker, peal_mail *mail) {
  taking *it = PEAL_LIST_OF(mail, taking, mail);
  const peal_mem *mem = peal_cluster_mem(it->missed.sessions->cluster);
  const peal_recovery_found found = {.session = it->session,
                                     .items = it->missed.items,
                                     .count = it->missed.count};
  (void)worker;
  it->asker->done(it->asker, &found);
  peal_mem_free(mem, it->missed.items);
  peal_mem_free(mem, it);
}

/* In the same mailbox as what runs from now on, and behind what has run; what
 * runs here does so at once. */
static void go_home(taking *it) {
  peal_worker *home = it->asker->home;
  peal_list_remove(&it->node);
  it->mail = (peal_mail){NULL, on_home};
  if (home == it->missed.sessions->cluster->worker &&
      home == peal_worker_self())
    on_home(home, &it->mail);
  else
    peal_worker_impl_send(home, &it->mail);
}

static void fail(taking *it) {
  peal_cluster_missed_drop(&it->missed);
  peal_recovery_sessions_drop(&it->missed.sessions->store.sessions,
                              it->session);
  it->session = NULL;
  go_home(it);
}

/* -- the session ------------------------------------------------------------------------- */

static void on_missed(peal_cluster_missed *missed, bool ok) {
  taking *it = PEAL_LIST_OF(missed, taking, missed);
  if (ok)
    go_home(it);
  else
    fail(it);
}

static void read_missed(taking *it) {
  it->missed.session = it->session;
  peal_cluster_missed_read(&it->missed);
}

static void on_got(peal_redis *redis, peal_err err,
                   const peal_redis_reply *reply, void *user) {
  taking *it = user;
  peal_slice text = err ? (peal_slice){0} : peal_redis_reply_text(reply);
  (void)redis;
  if (text.ptr)
    it->session = peal_cluster_session_decode(it->missed.sessions, text);
  if (!it->session ||
      !peal_slice_is(peal_slice_of(it->pid), it->session->pid)) {
    fail(it);
    return;
  }
  peal_nsp_life_use(it->missed.nsp); /* its socket has one */
  it->session->scope = it->missed.nsp;
  it->session->left_ms = peal_recovery_now_ms();
  read_missed(it);
}

static peal_err ask_redis(taking *it) {
  peal_cluster *cluster = it->missed.sessions->cluster;
  peal_slice key = peal_cluster_session_key(cluster, peal_slice_of(it->pid));
  const peal_slice argv[] = {PEAL_S("GETDEL"), key};
  return cluster->redis && key.ptr
             ? peal_redis_command(cluster->redis, key, argv, 2, on_got, it)
             : PEAL_ERR_CLOSED;
}

static void on_take(peal_worker *worker, peal_mail *mail) {
  taking *it = PEAL_LIST_OF(mail, taking, mail);
  peal_cluster_sessions *sessions = it->missed.sessions;
  const peal_nsp *nsp = it->missed.nsp;
  peal_list_push(&sessions->asking, &it->node);
  if (peal_worker_impl_is_ending(worker)) {
    fail(it);
    return;
  }
  it->missed.stream = peal_cluster_places_stream(
      &sessions->cluster->machine, (peal_slice){nsp->name, nsp->name_len});
  /* It may not have got to Redis yet. */
  it->session = peal_recovery_sessions_find(&sessions->store.sessions, nsp,
                                            peal_slice_of(it->pid),
                                            peal_recovery_now_ms());
  if (it->session) {
    peal_recovery_sessions_take(&sessions->store.sessions, it->session);
    read_missed(it);
  } else if (ask_redis(it)) {
    fail(it);
  }
}

peal_err peal_cluster_take_begin(peal_cluster_sessions *sessions,
                                 const peal_nsp *nsp, peal_slice pid,
                                 peal_slice offset,
                                 peal_recovery_asker *asker) {
  taking *it = peal_mem_zalloc(peal_cluster_mem(sessions->cluster), sizeof *it);
  if (!it)
    return PEAL_ERR_NOMEM;
  peal_list_init(&it->node);
  it->mail.fn = on_take;
  it->asker = asker;
  it->missed.sessions = sessions;
  it->missed.nsp = nsp;
  it->missed.done = on_missed;
  it->missed.has_offset = peal_cluster_session_text(
      it->missed.offset, sizeof it->missed.offset, offset);
  (void)peal_cluster_session_text(it->pid, sizeof it->pid, pid);
  peal_worker_impl_send(sessions->cluster->worker, &it->mail);
  return PEAL_OK;
}

void peal_cluster_take_drop(peal_cluster_sessions *sessions) {
  while (!peal_list_is_empty(&sessions->asking))
    fail(PEAL_LIST_OF(sessions->asking.next, taking, node));
}
