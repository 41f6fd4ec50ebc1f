/* SPDX-License-Identifier: MIT */
#pragma once
/* outbox_fixture: a folder for an outbox, and in place of the client one that
 * answers on a thread of its own as it is told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <peal/outbox.h>

/* -- the folder ------------------------------------------------------------------ */

typedef char fixture_dir[64];

static inline void dir_make(fixture_dir out) {
  strcpy(out, "/tmp/peal-outbox-XXXXXX");
  assert_non_null(mkdtemp(out));
}

/* Calls `fn` for each file of records. Returns how many there are. */
static inline size_t dir_each(const char *dir, void (*fn)(const char *path)) {
  DIR *it = opendir(dir);
  size_t count = 0;
  char path[512];
  if (!it)
    return 0;
  for (struct dirent *found; (found = readdir(it)) != NULL;) {
    if (found->d_name[0] == '.')
      continue;
    snprintf(path, sizeof path, "%s/%s", dir, found->d_name);
    bool is_file = strstr(found->d_name, ".outbox") != NULL;
    count += is_file;
    if (fn)
      fn(path);
  }
  closedir(it);
  return count;
}

static inline void file_remove(const char *path) {
  unlink(path);
}

static inline void dir_remove(const char *dir) {
  dir_each(dir, file_remove);
  rmdir(dir);
}

/* -- the other end ------------------------------------------------------------------ */

typedef struct end_ask {
  peal_client_ack_fn fn;
  void *user;
  char id[64];
  int64_t n;
  struct end_ask *next;
} end_ask;

struct peal_client_nsp {
  pthread_mutex_t lock;
  pthread_cond_t more;
  pthread_t thread;
  end_ask *first, **last;
  bool closing;
  bool holds; /* answers nothing before it is closed */
  /* What becomes of the k-th event that comes, counted from 1; NULL: taken. */
  peal_err (*fate)(size_t k, int64_t n);
  bool (*accepts)(size_t k); /* the answer; NULL: always */
  peal_err refuses;          /* emitting itself fails so */
  void (*on_event)(const char *id, int64_t n);
  size_t come, answered;
  int64_t seen[4096]; /* n of what was taken, repeats too */
  size_t seen_count;
};

static inline peal_err end_fate(peal_client_nsp *end, end_ask *ask, size_t k) {
  peal_err fate = end->fate ? end->fate(k, ask->n) : PEAL_OK;
  if (end->on_event)
    end->on_event(ask->id, ask->n);
  if (fate == PEAL_OK && end->seen_count < 4096)
    end->seen[end->seen_count++] = ask->n;
  return fate;
}

static inline void *end_run(void *user) {
  peal_client_nsp *end = user;
  pthread_mutex_lock(&end->lock);
  for (;;) {
    while ((!end->first || end->holds) && !end->closing)
      pthread_cond_wait(&end->more, &end->lock);
    end_ask *ask = end->first;
    if (!ask)
      break;
    end->first = ask->next;
    if (!end->first)
      end->last = &end->first;
    size_t k = ++end->come;
    peal_err fate = end->closing ? PEAL_ERR_CLOSED : end_fate(end, ask, k);
    bool yes = !end->accepts || end->accepts(k);
    bool is_over = end->closing;
    pthread_mutex_unlock(&end->lock);
    ask->fn(fate == PEAL_ERR_CLOSED && is_over ? NULL : end, fate,
            PEAL_ARGS(peal_bool(yes)), ask->user);
    free(ask);
    pthread_mutex_lock(&end->lock);
    end->answered++;
  }
  pthread_mutex_unlock(&end->lock);
  return NULL;
}

static inline void end_open(peal_client_nsp *end) {
  memset(end, 0, sizeof *end);
  pthread_mutex_init(&end->lock, NULL);
  pthread_cond_init(&end->more, NULL);
  end->last = &end->first;
  pthread_create(&end->thread, NULL, end_run, end);
}

static inline bool end_has(peal_client_nsp *end) {
  pthread_mutex_lock(&end->lock);
  bool has = end->first != NULL;
  pthread_mutex_unlock(&end->lock);
  return has;
}

static inline void end_close(peal_client_nsp *end) {
  pthread_mutex_lock(&end->lock);
  end->closing = true;
  pthread_cond_signal(&end->more);
  pthread_mutex_unlock(&end->lock);
  pthread_join(end->thread, NULL);
}

/* The client's, of which an outbox needs no more than this. */
peal_err peal_client_emit_ack_n(peal_client_nsp *nsp,
                                const peal_client_how *how, peal_slice event,
                                peal_args args, peal_client_ack_fn fn,
                                void *user) {
  end_ask *ask = calloc(1, sizeof *ask);
  peal_val first = args.count ? args.items[0] : peal_undefined();
  peal_slice id = peal_val_str(peal_val_get(first, "id"));
  (void)event;
  assert_true(how->no_retry);
  pthread_mutex_lock(&nsp->lock);
  peal_err err = nsp->refuses;
  if (!err) {
    *ask = (end_ask){.fn = fn, .user = user};
    ask->n = peal_val_int(peal_val_get(first, "n"), -1);
    snprintf(ask->id, sizeof ask->id, "%.*s", PEAL_SFMT(id));
    *nsp->last = ask;
    nsp->last = &ask->next;
    pthread_cond_signal(&nsp->more);
  }
  pthread_mutex_unlock(&nsp->lock);
  if (err)
    free(ask);
  return err;
}

static inline peal_err emit_n(peal_outbox *outbox, int64_t n, const char *id) {
  return peal_outbox_emit(
      outbox, "x",
      PEAL_ARGS(PEAL_OBJECT({"n", peal_int(n)},
                            {"pad", peal_str("some sixty bytes that are there "
                                             "to make files long enough")})),
      id);
}

/* Wait, generously, until nothing is pending. */
static inline bool outbox_wait(peal_outbox *outbox) {
  for (int i = 0; i < 30000; i++) {
    if (!peal_outbox_pending(outbox))
      return true;
    usleep(1000);
  }
  return false;
}
