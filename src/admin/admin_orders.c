/* SPDX-License-Identifier: MIT */
#include "admin/admin_orders.h"

#include "admin/admin_spaces.h"

/* Whom an order is for. */
typedef struct aim {
  peal_nsp *nsp;
  peal_slice room;
  peal_to to;
} aim;

/* The first argument is the namespace, `filter` a room or a socket's id, or
 * nothing for all. False: there is no such namespace, or the filter is no
 * name: then nobody is meant. To be ended by let_go. */
static bool take_aim(aim *out, peal_admin *admin, const peal_event *event,
                     peal_val filter) {
  *out = (aim){.room = peal_val_str(filter)};
  bool is_all = peal_val_is(filter, PEAL_UNDEFINED) ||
                peal_val_is(filter, PEAL_NULL) ||
                (peal_val_is(filter, PEAL_STRING) && !out->room.len);
  if (!is_all && !out->room.len)
    return false;
  if (!is_all)
    out->to.room_names = (peal_names){&out->room, 1};
  out->nsp =
      peal_admin_spaces_find(admin, peal_val_str(peal_event_arg(event, 0)));
  return out->nsp != NULL;
}

static void let_go(const aim *at) {
  peal_admin_spaces_leave(at->nsp);
}

static void note(peal_admin *admin, const peal_socket *socket, const char *what,
                 const aim *at) {
  peal_slice whom = at->room.len ? at->room : PEAL_S("everybody");
  peal_logger_write(admin->server->log, PEAL_LOG_INFO, "admin",
                    peal_socket_address(socket), peal_slice_of(socket->id),
                    "%s for %.*s in %s", what, PEAL_SFMT(whom), at->nsp->name);
}

/* emit(nsp, filter, event, ...args) */
static void on_emit(peal_socket *socket, const peal_event *event, void *user) {
  peal_args args = peal_event_args(event);
  aim at;
  if (args.count < 3 || !peal_val_is(args.items[2], PEAL_STRING) ||
      !take_aim(&at, user, event, args.items[1]))
    return;
  note(user, socket, "an event", &at);
  (void)peal_nsp_emit_n(at.nsp, &at.to, peal_val_str(args.items[2]),
                        (peal_args){args.items + 3, args.count - 3});
  let_go(&at);
}

/* join(nsp, room, filter) */
static void on_join(peal_socket *socket, const peal_event *event, void *user) {
  peal_slice room = peal_val_str(peal_event_arg(event, 1));
  aim at;
  if (!room.len || !take_aim(&at, user, event, peal_event_arg(event, 2)))
    return;
  note(user, socket, "a join", &at);
  (void)peal_nsp_join_n(at.nsp, &at.to, room);
  let_go(&at);
}

/* leave(nsp, room, filter) */
static void on_leave(peal_socket *socket, const peal_event *event, void *user) {
  peal_slice room = peal_val_str(peal_event_arg(event, 1));
  aim at;
  if (!room.len || !take_aim(&at, user, event, peal_event_arg(event, 2)))
    return;
  note(user, socket, "a leave", &at);
  (void)peal_nsp_leave_n(at.nsp, &at.to, room);
  let_go(&at);
}

/* _disconnect(nsp, close, filter) */
static void on_disconnect(peal_socket *socket, const peal_event *event,
                          void *user) {
  bool close = peal_val_bool(peal_event_arg(event, 1), false);
  aim at;
  if (!take_aim(&at, user, event, peal_event_arg(event, 2)))
    return;
  note(user, socket, "a disconnect", &at);
  (void)peal_nsp_disconnect(at.nsp, &at.to, close);
  let_go(&at);
}

peal_err peal_admin_orders_add(peal_admin *admin) {
  static const struct {
    const char *event;
    peal_event_fn fn;
  } orders[] = {{"emit", on_emit},
                {"join", on_join},
                {"leave", on_leave},
                {"_disconnect", on_disconnect}};

  peal_err err = PEAL_OK;
  for (size_t i = 0; !err && i < sizeof orders / sizeof *orders; i++)
    err = peal_on(admin->nsp, orders[i].event, orders[i].fn, admin);
  return err;
}
