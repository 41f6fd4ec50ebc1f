/* SPDX-License-Identifier: MIT */
/* kit_table: routes and events of an application as tables. */
#include <peal/kit_program.h>

peal_err peal_kit_add_routes(peal_kit *kit, const peal_web_route *routes,
                             size_t count, peal_web_hook_fn before,
                             void *before_user, void *user) {
  peal_err err = PEAL_OK;
  for (size_t i = 0; i < count && err == PEAL_OK; i++) {
    peal_web_route route = routes[i];
    route.user = user;
    if (before != NULL)
      route.before = before;
    route.before_user = before != NULL ? before_user : user;
    err = peal_web_route_add(kit->web, &route);
  }
  return err;
}

peal_err peal_kit_add_events(peal_kit *kit, const peal_kit_event *events,
                             size_t count, void *user) {
  peal_err err = PEAL_OK;
  for (size_t i = 0; i < count && err == PEAL_OK; i++)
    err = peal_on(kit->nsp, events[i].name, events[i].fn, user);
  return err;
}
