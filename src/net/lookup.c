/* SPDX-License-Identifier: MIT */
#include "net/lookup.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <pthread.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "net/mail.h"

#define STACK_BYTES ((size_t)512 << 10)

/* Three hold it: its owner, until he is told or closes; the thread; the mail. */
struct peal_lookup {
  peal_mail mail;
  pthread_mutex_t lock; /* of `fn`, against the thread */
  peal_lookup_fn fn;    /* NULL: nobody listens any more */
  void *user;
  peal_worker *worker; /* alive as long as somebody listens */
  atomic_int holders;
  int status;
  struct addrinfo *list;
  char service[8];
  char host[];
};

static atomic_uint running;

static void let_go(peal_lookup *lookup) {
  if (atomic_fetch_sub(&lookup->holders, 1) > 1)
    return;
  if (lookup->list)
    freeaddrinfo(lookup->list);
  pthread_mutex_destroy(&lookup->lock);
  peal_mem_free(peal_mem_libc(), lookup);
}

static void on_mail(peal_worker *worker, peal_mail *mail) {
  peal_lookup *lookup = PEAL_LIST_OF(mail, peal_lookup, mail);
  peal_lookup_fn fn = lookup->fn;
  (void)worker;
  if (fn) {
    fn(lookup, lookup->status, lookup->list, lookup->user);
    let_go(lookup); /* the owner's */
  }
  let_go(lookup);
}

static void *ask(void *user) {
  peal_lookup *lookup = user;
  const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                 .ai_socktype = SOCK_STREAM};
  lookup->status =
      getaddrinfo(lookup->host, lookup->service, &hints, &lookup->list);
  if (lookup->status)
    lookup->list = NULL;
  atomic_fetch_sub(&running, 1);
  pthread_mutex_lock(&lookup->lock);
  if (lookup->fn) {
    atomic_fetch_add(&lookup->holders, 1);
    peal_mail_send(lookup->worker, &lookup->mail);
  }
  pthread_mutex_unlock(&lookup->lock);
  let_go(lookup);
  return NULL;
}

/* Detached, and deaf to signals: they are the program's. */
static bool start(peal_lookup *lookup) {
  pthread_t thread;
  pthread_attr_t attr;
  sigset_t all, before;
  if (pthread_attr_init(&attr))
    return false;
  sigfillset(&all);
  (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  (void)pthread_attr_setstacksize(&attr, STACK_BYTES);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool ok = pthread_create(&thread, &attr, ask, lookup) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attr);
  return ok;
}

static peal_lookup *make(peal_worker *worker, const char *host, uint16_t port,
                         peal_lookup_fn fn, void *user) {
  size_t size = strlen(host) + 1;
  peal_lookup *lookup =
      peal_mem_zalloc(peal_mem_libc(), sizeof(*lookup) + size);
  if (!lookup || pthread_mutex_init(&lookup->lock, NULL)) {
    peal_mem_free(peal_mem_libc(), lookup);
    return NULL;
  }
  lookup->mail.fn = on_mail;
  lookup->fn = fn;
  lookup->user = user;
  lookup->worker = worker;
  atomic_init(&lookup->holders, 2);
  memcpy(lookup->host, host, size);
  snprintf(lookup->service, sizeof(lookup->service), "%u", (unsigned)port);
  return lookup;
}

peal_lookup *peal_lookup_open(peal_worker *worker, const char *host,
                              uint16_t port, peal_lookup_fn fn, void *user,
                              int *status) {
  *status = EAI_AGAIN;
  if (atomic_fetch_add(&running, 1) < PEAL_LOOKUP_MAX) {
    peal_lookup *lookup = make(worker, host, port, fn, user);
    *status = EAI_MEMORY;
    if (lookup && start(lookup))
      return lookup;
    if (lookup) {
      let_go(lookup);
      let_go(lookup);
    }
  }
  atomic_fetch_sub(&running, 1);
  return NULL;
}

void peal_lookup_close(peal_lookup *lookup) {
  if (!lookup)
    return;
  pthread_mutex_lock(&lookup->lock);
  lookup->fn = NULL;
  pthread_mutex_unlock(&lookup->lock);
  let_go(lookup);
}
