/* SPDX-License-Identifier: MIT */
#include "lab.h"

enum { PER_MS = 1000 };

int64_t lab_mark(lab *app) {
  int64_t now = peal_wall_ms() * PER_MS, last = atomic_load(&app->mark), next;
  do
    next = now > last ? now : last + 1;
  while (!atomic_compare_exchange_weak(&app->mark, &last, next));
  return next;
}
