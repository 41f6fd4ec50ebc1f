/* SPDX-License-Identifier: MIT */
#pragma once
/* tell: what has been stored goes to the screens that it concerns: README.md
 * says which. Every node tells its own. */
#include "journal.h"

typedef struct tell_news {
  journal_kind kind;
  bool is_new; /* it was made, not changed */
  bool is_own; /* made on this node: notifiers are told, too */
  peal_slice key;
  peal_val row;
} tell_news;

/* On worker 0. */
void tell(hospital *app, const tell_news *news);
