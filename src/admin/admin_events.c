/* SPDX-License-Identifier: MIT */
#include "admin/admin_events.h"

#include "admin/admin_feed.h"
#include "admin/admin_spaces.h"
#include "server/socket_name.h"

static void tell(peal_admin *admin, peal_socket *socket, const char *what,
                 peal_slice event, peal_args args) {
  peal_admin_local *local = peal_admin_local_of(admin, socket->local->worker);
  if (!peal_admin_feed_has_room(local, PEAL_ADMIN_EVENT))
    return;
  peal_items *all = peal_items_new(peal_socket_build(socket));
  peal_items_add(all, peal_str_slice(event));
  for (size_t i = 0; i < args.count; i++)
    peal_items_add(all, args.items[i]);
  peal_admin_feed_tell(local, PEAL_ADMIN_EVENT, what,
                       PEAL_ARGS(peal_str(socket->local->nsp->name),
                                 peal_str(peal_socket_name(socket)),
                                 peal_items_val(all),
                                 peal_admin_feed_now(local)));
}

static void on_received(peal_socket *socket, const peal_event *event,
                        void *user) {
  tell(user, socket, "event_received", peal_event_name(event),
       peal_event_args(event));
}

static void on_sent(peal_socket *socket, peal_slice event, peal_args args,
                    void *user) {
  tell(user, socket, "event_sent", event, args);
}

static peal_err add_to(peal_admin *admin, peal_nsp *nsp) {
  peal_err err = peal_on_any(nsp, on_received, admin);
  if (err)
    return err;
  err = peal_on_any_outgoing(nsp, on_sent, admin);
  if (err)
    (void)peal_off_any(nsp, on_received, admin);
  return err;
}

/* Without memory for it: again by the next tick. */
static void set(peal_admin *admin, peal_nsp *nsp, bool on) {
  if (nsp == admin->nsp || nsp->is_shown == on)
    return;
  if (on) {
    nsp->is_shown = !add_to(admin, nsp);
    return;
  }
  (void)peal_off_any(nsp, on_received, admin);
  (void)peal_off_any_outgoing(nsp, on_sent, admin);
  nsp->is_shown = false;
}

/* By each tick: clients make namespaces, too. */
void peal_admin_events_set(peal_admin *admin, bool on) {
  if (!on && !admin->has_events)
    return;
  admin->has_events = on;
  peal_admin_spaces spaces = peal_admin_spaces_take(admin);
  for (size_t i = 0; i < spaces.count; i++)
    set(admin, spaces.items[i], on);
  peal_admin_spaces_give(admin, &spaces);
}
