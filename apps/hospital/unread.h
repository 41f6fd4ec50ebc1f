/* SPDX-License-Identifier: MIT */
#pragma once
/* unread: how many alerts are active: counted a moment after something has
 * changed, however many changes there were, and told to the staff on duty. */
#include "hospital.h"

typedef struct unread unread;

/* Before the run; NULL: memory is out. */
unread *unread_new(hospital *app);
void unread_free(unread *all);
/* On worker 0. */
void unread_start(unread *all);
void unread_changed(unread *all);
void unread_stop(unread *all);
/* As it was last counted. Thread: any. */
int64_t unread_count(const unread *all);
/* The same as `unread_count` has it; kept by `build`. Thread: any. */
peal_val unread_val(const unread *all, peal_build *build);
