/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_feed: what those who look are told, one by one: kept as a copy where it
 * happens, in the middle of something, and emitted in the next step of the same
 * worker, in order. Bounded in number and bytes a second: what is above is left
 * out. */
#include "admin/admin_impl.h"

typedef enum peal_admin_kind {
  PEAL_ADMIN_PICTURE, /* if it is left out, the picture is wrong */
  PEAL_ADMIN_EVENT
} peal_admin_kind;

/* `event` is constant text; `args` are copied. */
void peal_admin_feed_tell(peal_admin_local *local, peal_admin_kind kind,
                          const char *event, peal_args args);
/* May one more be told at present? Before the work of making its values. */
bool peal_admin_feed_has_room(peal_admin_local *local, peal_admin_kind kind);
/* What waits is dropped. */
void peal_admin_feed_drop(peal_admin_local *local);
/* The present as the reference writes it: ISO 8601, in memory of the turn. */
peal_val peal_admin_feed_now(const peal_admin_local *local);
