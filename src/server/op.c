/* SPDX-License-Identifier: MIT */
#include "server/op.h"

#include <assert.h>

#include "base/limits.h"
#include "base/mem.h"

static const char *const *copy_names(peal_arena *arena,
                                     const char *const *names, bool *ok) {
  if (!names)
    return NULL;
  size_t count = 0;
  while (names[count])
    count++;
  const char **copy =
      peal_arena_alloc(arena, (count + 1) * sizeof(const char *));
  for (size_t i = 0; copy && i < count; i++) {
    copy[i] = peal_arena_str(arena, peal_slice_of(names[i]));
    if (!copy[i])
      copy = NULL;
  }
  if (copy)
    copy[count] = NULL;
  *ok = *ok && copy;
  return copy;
}

static const char *copy_str(peal_arena *arena, const char *text, bool *ok) {
  if (!text)
    return NULL;
  const char *copy = peal_arena_str(arena, peal_slice_of(text));
  *ok = *ok && copy;
  return copy;
}

peal_op *peal_op_new(peal_nsp *nsp, const peal_to *to, const char *without) {
  const peal_mem *mem = nsp->server->mem;
  peal_op *op = peal_mem_zalloc(mem, sizeof *op);
  if (!op)
    return NULL;
  bool ok = true;
  atomic_init(&op->refs, 1);
  atomic_init(&op->waiting, nsp->server->worker_count);
  op->nsp = nsp;
  op->home = peal_worker_self();
  if (!op->home || op->home->group != nsp->server->workers)
    op->home = peal_workers_get(nsp->server->workers, 0);
  peal_arena_init(&op->strings, mem, 512, 0);
  if (to) {
    op->to = *to;
    op->to.rooms = copy_names(&op->strings, to->rooms, &ok);
    op->to.except = copy_names(&op->strings, to->except, &ok);
    op->to.conflate = copy_str(&op->strings, to->conflate, &ok);
  }
  op->without = copy_str(&op->strings, without, &ok);
  if (ok)
    return op;
  peal_op_unref(op);
  return NULL;
}

peal_op *peal_op_ref(peal_op *op) {
  atomic_fetch_add_explicit(&op->refs, 1, memory_order_relaxed);
  return op;
}

void peal_op_unref(peal_op *op) {
  if (!op || atomic_fetch_sub_explicit(&op->refs, 1, memory_order_acq_rel) != 1)
    return;
  if (op->release)
    op->release(op);
  peal_arena_deinit(&op->strings);
  peal_mem_free(op->nsp->server->mem, op);
}

typedef struct op_mail {
  peal_mail mail;
  peal_op *op;
} op_mail;

static op_mail *op_mail_new(peal_op *op,
                            void (*fn)(peal_worker *, peal_mail *)) {
  op_mail *mail = peal_mem_alloc(op->nsp->server->mem, sizeof *mail);
  if (mail)
    *mail = (op_mail){.mail.fn = fn, .op = op};
  return mail;
}

static void op_mail_free(op_mail *mail) {
  peal_mem_free(mail->op->nsp->server->mem, mail);
}

static void on_finish(peal_worker *worker, peal_mail *base) {
  op_mail *mail = (op_mail *)base;
  peal_op *op = mail->op;
  (void)worker;
  op_mail_free(mail);
  op->finish(op);
  peal_op_unref(op);
}

/* One worker has run; the last one calls home. The mail it came with is used
 * again, so that this cannot fail. `mail` NULL: we are at home already, or the
 * calling worker ran directly. */
static void ran(peal_op *op, op_mail *mail, const peal_worker *worker) {
  bool is_last =
      atomic_fetch_sub_explicit(&op->waiting, 1, memory_order_acq_rel) == 1;
  if (is_last && op->finish && worker != op->home) {
    assert(mail);
    mail->mail = (peal_mail){.fn = on_finish};
    peal_worker_impl_send(op->home, &mail->mail);
    return;
  }
  if (mail)
    op_mail_free(mail);
  if (is_last && op->finish)
    op->finish(op);
  peal_op_unref(op);
}

static void on_run(peal_worker *worker, peal_mail *base) {
  op_mail *mail = (op_mail *)base;
  mail->op->run(mail->op, worker);
  ran(mail->op, mail, worker);
}

peal_err peal_op_run(peal_op *op, bool skip_self) {
  peal_server *server = op->nsp->server;
  peal_worker *self = peal_worker_self();
  peal_op *keep = op;
  op_mail *mails[PEAL_LIMIT_WORKERS];
  for (unsigned i = 0; i < server->worker_count; i++) {
    bool is_self = peal_workers_get(server->workers, i) == self;
    mails[i] = is_self ? NULL : op_mail_new(op, on_run);
    if (mails[i] || is_self)
      continue;
    while (i--)
      if (mails[i])
        op_mail_free(mails[i]);
    peal_op_unref(op);
    return PEAL_ERR_NOMEM;
  }
  for (unsigned i = 0; i < server->worker_count; i++) {
    peal_op_ref(op);
    if (mails[i]) {
      peal_worker_impl_send(peal_workers_get(server->workers, i),
                            &mails[i]->mail);
      continue;
    }
    if (!skip_self)
      op->run(op, self);
    ran(op, NULL, self);
  }
  peal_op_unref(keep);
  return PEAL_OK;
}
