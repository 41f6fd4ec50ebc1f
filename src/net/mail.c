/* SPDX-License-Identifier: MIT */
#include "net/mail.h"

#include "base/mem.h"
#include "net/group.h"
#include "net/net_limits.h"
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

/* -- running ---------------------------------------------------------------- */

/* The clock is looked at after so many. */
#define MAILS_PER_LOOK 4u

/* Behind what was taken before and has not been run. */
static void append(peal_worker *worker, peal_mail *taken) {
  peal_mail **end = &worker->mails;
  if (worker->mails)
    end = &worker->last_mail->next;
  *end = taken;
  for (; taken; taken = taken->next)
    worker->last_mail = taken;
}

/* It is out of the list before it runs: it may close the mailbox, which runs
 * all the others. */
static void run_one(peal_worker *worker) {
  peal_mail *mail = worker->mails;
  worker->mails = mail->next;
  mail->next = NULL;
  mail->fn(worker, mail);
}

static bool is_over(unsigned count, uint64_t until_ns) {
  return count == PEAL_LIMIT_TURN_MAILS ||
         (count % MAILS_PER_LOOK == 0 && uv_hrtime() >= until_ns);
}

void peal_mail_run(peal_worker *worker) {
  uint64_t until_ns = uv_hrtime() + PEAL_LIMIT_TURN_MAIL_MS * 1000000ull;
  unsigned count = 0;
  append(worker, peal_mailbox_take(&worker->mailbox));
  while (worker->mails) {
    run_one(worker);
    if (worker->mails && is_over(++count, until_ns)) {
      uv_async_send(&worker->async);
      return;
    }
  }
}

void peal_mail_close(peal_worker *worker) {
  append(worker, peal_mailbox_close(&worker->mailbox));
  while (atomic_load(&worker->senders) > 0)
    uv_sleep(0);
  while (worker->mails)
    run_one(worker);
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
