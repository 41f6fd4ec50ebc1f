/* SPDX-License-Identifier: MIT */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TORTURE_MAX_BYTES (1u << 30)
/* A step with more allocations than this is not run for each of them. */
#define TORTURE_MAX_CALLS 20000u

/* In front of each block. */
typedef union torture_head {
  size_t size;
  _Alignas(16) char align[16];
} torture_head;

static bool torture_refuses(torture *t, size_t size) {
  t->calls++;
  if (size > TORTURE_MAX_BYTES)
    return true;
  if (t->calls != t->fail_at)
    return false;
  t->failed = true;
  return true;
}

static void torture_charge(torture *t, size_t size) {
  t->bytes += size;
  if (t->bytes > t->peak_bytes)
    t->peak_bytes = t->bytes;
}

static void *torture_alloc(void *user, size_t size) {
  torture *t = user;
  if (torture_refuses(t, size))
    return NULL;
  torture_head *head = malloc(sizeof(torture_head) + size);
  if (!head)
    return NULL;
  head->size = size;
  memset(head + 1, 0xa5, size); /* nobody may count on zeros */
  t->live++;
  torture_charge(t, size);
  return head + 1;
}

static void torture_release(void *user, void *ptr) {
  torture *t = user;
  if (!ptr)
    return;
  torture_head *head = (torture_head *)ptr - 1;
  t->live--;
  t->bytes -= head->size;
  memset(ptr, 0x5a, head->size);
  free(head);
}

/* Always moves, so that a stale pointer is noticed. */
static void *torture_resize(void *user, void *ptr, size_t size) {
  void *copy = torture_alloc(user, size);
  if (!copy || !ptr)
    return copy;
  size_t old = ((torture_head *)ptr - 1)->size;
  memcpy(copy, ptr, old < size ? old : size);
  torture_release(user, ptr);
  return copy;
}

void torture_init(torture *t, size_t fail_at) {
  *t = (torture){
      .mem = {torture_alloc, torture_resize, torture_release, t},
      .fail_at = fail_at,
  };
}

static bool torture_judge(const torture *t, peal_err err, bool benign) {
  bool good = true;
  if (t->live > 0) {
    fprintf(stderr, "torture: allocation %zu failing leaks %zu blocks\n",
            t->fail_at, t->live);
    good = false;
  }
  bool expected = t->failed ? err == PEAL_ERR_NOMEM || (benign && !err) : !err;
  if (!expected) {
    fprintf(stderr, "torture: allocation %zu failing: unexpected %s\n",
            t->fail_at, peal_err_name(err));
    good = false;
  }
  return good;
}

bool torture_run(torture_fn step, void *user, bool benign, size_t *count) {
  torture t;
  torture_init(&t, 0);
  bool good = torture_judge(&t, step(&t.mem, user), benign);
  size_t calls = t.calls;
  if (count)
    *count = calls;
  /* A failure may lead to more calls than there were: until none fails. */
  for (size_t n = 1; good && n <= TORTURE_MAX_CALLS; n++) {
    torture_init(&t, n);
    good = torture_judge(&t, step(&t.mem, user), benign);
    if (!t.failed)
      break;
  }
  return good;
}
