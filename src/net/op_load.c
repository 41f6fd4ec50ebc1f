/* SPDX-License-Identifier: MIT */
#include "net/op_load.h"

#include "base/err_site.h"
#include "net/net_limits.h"

void peal_op_load_init(peal_op_load *load, peal_account_server *account) {
  load->account = account;
  atomic_init(&load->count, 0);
  atomic_init(&load->bytes, 0);
  atomic_init(&load->refused, 0);
}

/* Never above `max`, not for a moment: who is refused takes no place. */
static bool add_below(atomic_size_t *figure, size_t by, size_t max) {
  size_t now = atomic_load_explicit(figure, memory_order_relaxed);
  do {
    if (now && (by > max || now > max - by))
      return false;
  } while (!atomic_compare_exchange_weak_explicit(
      figure, &now, now + by, memory_order_relaxed, memory_order_relaxed));
  return true;
}

static void lower(atomic_size_t *figure, size_t by) {
  atomic_fetch_sub_explicit(figure, by, memory_order_relaxed);
}

static bool enter(peal_op_load *load, size_t bytes) {
  if (!add_below(&load->count, 1, PEAL_LIMIT_OPS))
    return false;
  if (add_below(&load->bytes, bytes, PEAL_LIMIT_OP_BYTES))
    return true;
  lower(&load->count, 1);
  return false;
}

static void leave(peal_op_load *load, size_t bytes) {
  lower(&load->bytes, bytes);
  lower(&load->count, 1);
}

peal_err peal_op_load_add(peal_op_load *load, peal_op_weight weight) {
  size_t bytes;
  if (__builtin_add_overflow(weight.own, weight.message, &bytes))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  if (!enter(load, bytes)) {
    atomic_fetch_add_explicit(&load->refused, 1, memory_order_relaxed);
    return PEAL_FAIL(PEAL_ERR_QUEUE_FULL);
  }
  peal_err err = peal_account_server_charge(load->account, weight.own);
  if (err)
    leave(load, bytes);
  return err;
}

void peal_op_load_remove(peal_op_load *load, peal_op_weight weight) {
  peal_account_server_release(load->account, weight.own);
  leave(load, weight.own + weight.message);
}
