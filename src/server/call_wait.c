/* SPDX-License-Identifier: MIT */
/* call_wait: a call of a client by a thread that waits for the answer: the
 * question goes to the socket's worker, or from worker to worker until one has
 * the socket, then to the other nodes.
 *
 *   the caller                      the workers
 *   ask ── post ──────────────────> emit_ack ... answered, timed out, gone
 *   wait <─────────── finish ────────────┘
 *   gives up: whoever comes later finds that nobody waits */
#include <string.h>

#include <peal/events.h>

#include "base/mem.h"
#include "net/worker_impl.h"
#include "server/adapter.h"
#include "server/members.h"
#include "server/nsp.h"
#include "server/nsp_life.h"

#define DEFAULT_TIMEOUT_MS 60000u
#define NS_PER_MS 1000000u
#define ID_BYTES 64u /* of any node's sockets, with the end */

typedef struct call {
  uv_mutex_t lock;
  uv_cond_t done_cond;
  atomic_uint refs; /* the caller's, and the question's */
  peal_nsp *nsp;
  peal_doc *question; /* name and arguments */
  uint64_t deadline_ns;
  /* Under the lock. */
  bool done, given_up;
  peal_err err;
  peal_doc *answer;
  /* On its way through the workers. */
  peal_mail mail;
  unsigned worker;
  char id[ID_BYTES];
} call;

static void unref(call *it) {
  if (atomic_fetch_sub_explicit(&it->refs, 1, memory_order_acq_rel) != 1)
    return;
  peal_doc_free(it->question);
  peal_doc_free(it->answer);
  uv_cond_destroy(&it->done_cond);
  uv_mutex_destroy(&it->lock);
  peal_nsp *nsp = it->nsp;
  peal_mem_free(nsp->server->mem, it);
  peal_nsp_life_release(nsp);
}

/* -- on the workers ------------------------------------------------------------------ */

/* Takes `answer` and the question's reference. */
static void finish(call *it, peal_err err, peal_doc *answer) {
  uv_mutex_lock(&it->lock);
  it->done = true;
  it->err = err;
  it->answer = answer;
  uv_cond_signal(&it->done_cond);
  uv_mutex_unlock(&it->lock);
  unref(it);
}

static void finish_with(call *it, peal_args args) {
  peal_doc *answer = peal_doc_new(peal_array(args.items, args.count));
  finish(it, answer ? PEAL_OK : PEAL_ERR_NOMEM, answer);
}

static uint32_t left_ms(const call *it) {
  uint64_t now = uv_hrtime();
  return now < it->deadline_ns
             ? (uint32_t)((it->deadline_ns - now) / NS_PER_MS + 1)
             : 0;
}

/* Nobody is to be asked for nobody. */
static bool is_given_up(call *it) {
  uv_mutex_lock(&it->lock);
  bool given_up = it->given_up;
  uv_mutex_unlock(&it->lock);
  return given_up || !left_ms(it);
}

static peal_slice name_of(const call *it) {
  return peal_val_str(peal_val_at(peal_doc_val(it->question), 0));
}

static peal_args args_of(const call *it) {
  peal_val all = peal_doc_val(it->question);
  return (peal_args){all.as.items + 1, all.len - 1};
}

static void on_ack(peal_socket *socket, peal_err err, peal_args args,
                   void *user) {
  (void)socket;
  if (err)
    finish(user, err, NULL);
  else
    finish_with(user, args);
}

/* `socket` NULL: it has gone. */
static void ask(peal_socket *socket, void *user) {
  call *it = user;
  peal_err err = PEAL_ERR_CLOSED;
  if (is_given_up(it))
    err = PEAL_ERR_TIMEOUT;
  else if (socket)
    err = peal_emit_ack_n(socket, name_of(it), args_of(it), left_ms(it), on_ack,
                          it);
  if (err)
    finish(it, err, NULL);
}

/* -- by its id ------------------------------------------------------------------------- */

static void on_acks(const peal_acks *acks, void *user) {
  if (acks->responses.count)
    finish_with(user, acks->responses);
  else
    finish(user, acks->err ? acks->err : PEAL_ERR_CLOSED, NULL);
}

/* No worker of this node has it. */
static void ask_others(call *it) {
  peal_slice room = peal_slice_of(it->id);
  peal_err err = PEAL_ERR_CLOSED;
  if (it->nsp->server->adapter && !is_given_up(it))
    err =
        peal_nsp_emit_ack_n(it->nsp, &(peal_to){.room_names = {&room, 1}},
                            name_of(it), args_of(it), left_ms(it), on_acks, it);
  if (err)
    finish(it, err, NULL);
}

/* Takes the question's reference. */
static void look_at(call *it, unsigned worker) {
  it->worker = worker;
  peal_worker *next = peal_workers_get(it->nsp->server->workers, worker);
  if (!peal_mail_put(next, &it->mail))
    finish(it, PEAL_ERR_CLOSED, NULL);
}

static void on_look(peal_worker *worker, peal_mail *mail) {
  call *it = PEAL_LIST_OF(mail, call, mail);
  if (peal_worker_self() != worker) { /* it has ended */
    finish(it, PEAL_ERR_CLOSED, NULL);
    return;
  }
  peal_socket *socket = peal_members_find(peal_nsp_local_of(it->nsp, worker),
                                          peal_slice_of(it->id));
  if (socket)
    ask(socket, it);
  else if (it->worker + 1 < it->nsp->server->worker_count)
    look_at(it, it->worker + 1);
  else
    ask_others(it);
}

/* -- the caller ------------------------------------------------------------------------ */

static peal_doc *question_new(const peal_mem *mem, peal_slice event,
                              peal_args args) {
  size_t count = args.count + 1;
  peal_val *items = peal_mem_alloc(mem, count * sizeof *items);
  if (!items)
    return NULL;
  items[0] = peal_str_slice(event);
  if (args.count)
    memcpy(items + 1, args.items, args.count * sizeof *items);
  peal_doc *doc = peal_doc_new(peal_array(items, count));
  peal_mem_free(mem, items);
  return doc;
}

static bool init_locks(call *it) {
  if (uv_mutex_init(&it->lock))
    return false;
  if (!uv_cond_init(&it->done_cond))
    return true;
  uv_mutex_destroy(&it->lock);
  return false;
}

/* Its namespace may have ended: then so has the socket. */
static peal_err call_new(call **out, peal_nsp *nsp, peal_slice event,
                         peal_args args, uint32_t timeout_ms) {
  const peal_mem *mem = nsp->server->mem;
  if (!peal_nsp_life_try_hold(nsp))
    return PEAL_ERR_CLOSED;
  call *it = peal_mem_zalloc(mem, sizeof *it);
  if (it)
    it->question = question_new(mem, event, args);
  if (!it || !it->question || !init_locks(it)) {
    if (it)
      peal_doc_free(it->question);
    peal_mem_free(mem, it);
    peal_nsp_life_release(nsp);
    return PEAL_ERR_NOMEM;
  }
  uint64_t wait_ms = timeout_ms ? timeout_ms : DEFAULT_TIMEOUT_MS;
  atomic_init(&it->refs, 2);
  it->nsp = nsp;
  it->deadline_ns = uv_hrtime() + wait_ms * NS_PER_MS;
  it->mail.fn = on_look;
  *out = it;
  return PEAL_OK;
}

/* Takes the caller's reference. */
static peal_err wait_for(call *it, peal_doc **answer) {
  uv_mutex_lock(&it->lock);
  for (uint64_t now = uv_hrtime(); !it->done && now < it->deadline_ns;
       now = uv_hrtime())
    (void)uv_cond_timedwait(&it->done_cond, &it->lock, it->deadline_ns - now);
  peal_err err = it->done ? it->err : PEAL_ERR_TIMEOUT;
  it->given_up = !it->done;
  *answer = it->answer;
  it->answer = NULL;
  uv_mutex_unlock(&it->lock);
  unref(it);
  return err;
}

/* A worker that waits would wait for itself. */
static peal_err check(const peal_nsp *nsp, peal_slice event,
                      peal_doc **answer) {
  if (answer)
    *answer = NULL;
  bool may = peal_nsp_has_sockets(nsp) && event.ptr && answer;
  return may && !peal_worker_self() ? PEAL_OK : PEAL_ERR_USAGE;
}

peal_err peal_ref_call(peal_socket_ref ref, const char *event, peal_args args,
                       uint32_t timeout_ms, peal_doc **answer) {
  peal_slice name = peal_slice_of(event);
  peal_err err = check(ref.nsp, name, answer);
  if (err)
    return err;
  call *it;
  err = call_new(&it, ref.nsp, name, args, timeout_ms);
  if (err)
    return err;
  err = peal_ref_post(ref, ask, it);
  if (err)
    finish(it, err, NULL);
  return wait_for(it, answer);
}

peal_err peal_nsp_call(peal_nsp *nsp, const char *id, const char *event,
                       peal_args args, uint32_t timeout_ms, peal_doc **answer) {
  peal_slice name = peal_slice_of(event), whom = peal_slice_of(id);
  peal_err err = check(nsp, name, answer);
  if (err || !whom.ptr)
    return PEAL_ERR_USAGE;
  if (whom.len >= ID_BYTES)
    return PEAL_ERR_CLOSED; /* nobody's */
  call *it;
  err = call_new(&it, nsp, name, args, timeout_ms);
  if (err)
    return err;
  memcpy(it->id, whom.ptr, whom.len);
  look_at(it, 0);
  return wait_for(it, answer);
}
