/* SPDX-License-Identifier: MIT */
/* client_call: an event and its acknowledgement by one call that waits: for
 * programs with a thread to spare. */
#include "client/client_emit.h"
#include "net/group.h"

/* On the stack of who waits: the answer comes exactly once. */
typedef struct call {
  uv_mutex_t lock;
  uv_cond_t cond;
  bool is_done;
  peal_err err;
  peal_doc *answer;
} call;

static void on_ack(peal_client_nsp *nsp, peal_err err, peal_args args,
                   void *user) {
  call *it = user;
  (void)nsp;
  peal_doc *answer =
      err ? NULL : peal_doc_new(peal_array(args.items, args.count));
  uv_mutex_lock(&it->lock);
  it->answer = answer;
  it->err = err || answer ? err : PEAL_ERR_NOMEM;
  it->is_done = true;
  uv_cond_signal(&it->cond);
  uv_mutex_unlock(&it->lock);
}

static bool open_call(call *it) {
  *it = (call){.is_done = false};
  if (uv_mutex_init(&it->lock))
    return false;
  if (!uv_cond_init(&it->cond))
    return true;
  uv_mutex_destroy(&it->lock);
  return false;
}

static void close_call(call *it) {
  uv_cond_destroy(&it->cond);
  uv_mutex_destroy(&it->lock);
}

static peal_err wait_for(call *it, peal_doc **answer) {
  uv_mutex_lock(&it->lock);
  while (!it->is_done)
    uv_cond_wait(&it->cond, &it->lock);
  uv_mutex_unlock(&it->lock);
  if (answer)
    *answer = it->answer;
  else
    peal_doc_free(it->answer);
  return it->err;
}

/* Does some other thread make the worker's turns? */
static bool runs_elsewhere(const peal_client *client) {
  const peal_workers *group = client->workers;
  uv_thread_t self = uv_thread_self();
  return !peal_client_impl_is_here(client) && atomic_load(&group->running) &&
         !atomic_load(&group->ended) &&
         !(group->by_steps && client->worker->index == 0 &&
           uv_thread_equal(&self, &group->stepper));
}

peal_err peal_client_call(peal_client_nsp *nsp, const char *event,
                          peal_args args, uint32_t timeout_ms,
                          peal_doc **answer) {
  call it;
  if (answer)
    *answer = NULL;
  if (!nsp || !event || !runs_elsewhere(nsp->client))
    return PEAL_ERR_USAGE;
  if (!open_call(&it))
    return PEAL_ERR_SYSTEM;
  const peal_client_how how = {
      .timeout_ms = timeout_ms ? timeout_ms : PEAL_LIMIT_CLIENT_CALL_MS};
  peal_err err =
      peal_client_emit_op(nsp, &how, peal_slice_of(event), args,
                          &(peal_client_emit_ask){.fn = on_ack, .user = &it});
  if (!err)
    err = wait_for(&it, answer);
  close_call(&it);
  return err;
}
