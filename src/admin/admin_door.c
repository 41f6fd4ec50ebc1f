/* SPDX-License-Identifier: MIT */
#include "admin/admin_door.h"

#include <stdlib.h>

#include <peal/handle.h>

#include "admin/admin_clock.h"
#include "admin/admin_orders.h"
#include "admin/admin_picture.h"

/* -- credentials ------------------------------------------------------------- */

typedef struct knock {
  peal_admin *admin;
  peal_socket *socket; /* valid until `next` is answered */
  peal_next *next;
} knock;

/* reference 5: the session's event, behind CONNECT here. */
static void let_in(const knock *it, const peal_worker *worker) {
  char session[PEAL_ADMIN_SESSION_LEN + 1];
  if (!peal_admin_auth_open(&it->admin->auth, peal_worker_now_ms(worker),
                            session))
    (void)peal_emit(it->socket, "session", PEAL_ARGS(peal_str(session)));
  peal_next_ok(it->next);
}

static void on_verdict(peal_worker *worker, peal_admin_verdict verdict,
                       void *user) {
  knock *it = user;
  if (worker && verdict == PEAL_ADMIN_RIGHT)
    let_in(it, worker);
  else if (worker)
    peal_next_refuse(it->next,
                     verdict == PEAL_ADMIN_WRONG ? "invalid credentials"
                                                 : "too many attempts",
                     peal_undefined());
  free(it);
}

static void on_use(peal_socket *socket, peal_next *next, void *user) {
  peal_admin *admin = user;
  peal_worker *worker = peal_socket_worker(socket);
  peal_val auth = peal_socket_auth(socket);
  peal_val username = peal_val_get(auth, "username");
  if (admin->opts.no_auth ||
      peal_admin_auth_knows(&admin->auth, peal_worker_now_ms(worker),
                            peal_val_str(peal_val_get(auth, "sessionId")))) {
    peal_next_ok(next);
    return;
  }
  /* A page with an old session is no guess. */
  bool is_guess = peal_val_is(username, PEAL_STRING);
  knock *it = is_guess ? malloc(sizeof *it) : NULL;
  if (!it) {
    peal_next_refuse(next, "invalid credentials", peal_undefined());
    return;
  }
  *it = (knock){admin, socket, next};
  peal_admin_auth_ask(
      &admin->auth, worker, peal_socket_address(socket), peal_val_str(username),
      peal_val_str(peal_val_get(auth, "password")), on_verdict, it);
}

/* -- what he is sent first --------------------------------------------------- */

static peal_val features(const peal_admin *admin, peal_build *build) {
  static const char *const orders[] = {
      "EMIT", "JOIN", "LEAVE", "DISCONNECT", "MJOIN", "MLEAVE", "MDISCONNECT"};
  peal_items *all = peal_items_new(build);
  for (size_t i = 0;
       !admin->opts.read_only && i < sizeof orders / sizeof *orders; i++)
    peal_items_add(all, peal_str(orders[i]));
  peal_items_add(all, peal_str("AGGREGATED_EVENTS"));
  if (admin->opts.mode == PEAL_ADMIN_DEVELOPMENT)
    peal_items_add(all, peal_str("ALL_EVENTS"));
  return peal_items_val(all);
}

static void greet(peal_socket *socket, void *user) {
  peal_admin *admin = user;
  if (!socket)
    return;
  /* Its own way to lose what it does not read. */
  peal_socket_set_queue(socket, PEAL_LIMIT_ADMIN_QUEUE_BYTES,
                        PEAL_QUEUE_DROP_NEWEST);
  (void)peal_emit(
      socket, "config",
      PEAL_ARGS(PEAL_OBJECT(
          {"supportedFeatures", features(admin, peal_socket_build(socket))})));
  if (admin->opts.mode == PEAL_ADMIN_DEVELOPMENT)
    peal_admin_picture_send(admin, peal_socket_worker(socket), socket);
}

void peal_admin_door_came(peal_admin *admin, peal_socket *socket) {
  atomic_fetch_add_explicit(&admin->lookers, 1, memory_order_relaxed);
  atomic_store_explicit(&admin->is_looked, true, memory_order_relaxed);
  (void)peal_ref_post(peal_ref_of(socket), greet, admin);
  peal_admin_clock_wake(admin);
}

void peal_admin_door_went(peal_admin *admin) {
  atomic_fetch_sub_explicit(&admin->lookers, 1, memory_order_relaxed);
  peal_admin_clock_wake(admin);
}

/* It has read all that was kept for it. If events were dropped on this worker
 * meanwhile, maybe his: the picture again, by the clock. */
static void on_drain(peal_socket *socket, void *user) {
  peal_admin *admin = user;
  peal_admin_local *local = peal_admin_local_of(admin, socket->local->worker);
  uint64_t lost = peal_figures_get(&peal_figures_of(socket)->queue_full);
  if (lost == local->lost)
    return;
  local->lost = lost;
  atomic_store_explicit(&admin->is_stale, true, memory_order_relaxed);
}

peal_err peal_admin_door_open(peal_admin *admin) {
  peal_err err = peal_use(admin->nsp, on_use, admin);
  if (!err && admin->opts.mode == PEAL_ADMIN_DEVELOPMENT)
    err = peal_on_drain(admin->nsp, on_drain, admin);
  if (!err && !admin->opts.read_only)
    err = peal_admin_orders_add(admin);
  return err;
}
