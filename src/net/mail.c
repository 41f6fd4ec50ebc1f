/* SPDX-License-Identifier: MIT */
#include "net/mail.h"

#include "base/mem.h"
#include "net/group.h"
#include "net/tally.h"

bool peal_mail_put(peal_worker *worker, peal_mail *mail) {
  atomic_fetch_add(&worker->senders, 1);
  peal_mailbox_result result = peal_mailbox_put(&worker->mailbox, mail);
  if (result == PEAL_MAILBOX_PUT_FIRST)
    uv_async_send(&worker->async);
  atomic_fetch_sub(&worker->senders, 1);
  return result != PEAL_MAILBOX_CLOSED;
}

void peal_mail_send(peal_worker *worker, peal_mail *mail) {
  if (peal_mail_put(worker, mail))
    return;
  uv_mutex_lock(&worker->group->late_lock);
  mail->fn(worker, mail);
  uv_mutex_unlock(&worker->group->late_lock);
}

void peal_mail_run(peal_worker *worker, peal_mail *mail) {
  while (mail) {
    peal_mail *next = mail->next;
    mail->next = NULL;
    mail->fn(worker, mail);
    mail = next;
  }
}

/* -- posting --------------------------------------------------------------- */

typedef struct post {
  peal_mail mail;
  peal_post_fn fn;
  void *user;
} post;

static void on_post(peal_worker *worker, peal_mail *mail) {
  post *posted = PEAL_LIST_OF(mail, post, mail);
  peal_post_fn fn = posted->fn;
  void *user = posted->user;
  peal_mem_free(worker->group->mem, posted);
  fn(worker, user);
  peal_tally_add(&worker->stats.posts, 1);
}

peal_err peal_worker_post(peal_worker *worker, peal_post_fn fn, void *user) {
  if (!worker || !fn)
    return PEAL_ERR_USAGE;
  post *posted = peal_mem_alloc(worker->group->mem, sizeof(*posted));
  if (!posted)
    return PEAL_ERR_NOMEM;
  *posted = (post){.mail.fn = on_post, .fn = fn, .user = user};
  if (peal_mail_put(worker, &posted->mail))
    return PEAL_OK;
  peal_mem_free(worker->group->mem, posted);
  return PEAL_ERR_CLOSED;
}
