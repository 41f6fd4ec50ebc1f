/* SPDX-License-Identifier: MIT */
#include "kit/kit_action.h"

#include <stdlib.h>
#include <string.h>

#include "kit/kit_ask.h"

struct peal_kit_known {
  struct peal_kit_known *next;
  peal_kit *kit;
  const peal_kit_action *action;
  void *user;
};

/* ---- the way in ------------------------------------------------------------ */

static void run(peal_kit_ask *ask, const peal_kit_action *action, peal_val said,
                void *user) {
  peal_kit_refusal why = {.status = 403};
  if ((action->fields != NULL &&
       !peal_kit_check(said, action->fields, action->others, &why)) ||
      (action->may != NULL && !action->may(ask, said, &why, user))) {
    if (ask->req == NULL && ask->event == NULL)
      peal_kit_log(ask->kit, PEAL_LOG_WARN, "action", "refused: %s",
                   why.message);
    peal_kit_ask_refuse(ask, &why);
    return;
  }
  action->fn(ask, said, user);
  // nothing more to say: it is done
  peal_kit_ask_done(ask);
}

static void on_json(peal_http_req *req, peal_val body, void *user) {
  const struct peal_kit_known *known = user;
  run(&(peal_kit_ask){.kit = known->kit, .req = req}, known->action, body,
      known->user);
}

static void on_request(peal_http_req *req, void *user) {
  on_json(req, peal_undefined(), user);
}

static void on_event(peal_socket *socket, const peal_event *event, void *user) {
  const struct peal_kit_known *known = user;
  run(&(peal_kit_ask){.kit = known->kit,
                      .socket = socket,
                      .event = event,
                      .error_event = known->action->error_event},
      known->action, peal_event_arg(event, 0), known->user);
}

void peal_kit_action_run(peal_kit *kit, const peal_kit_action *action,
                         peal_val said, void *user) {
  run(&(peal_kit_ask){.kit = kit}, action, said, user);
}

/* ---- making known ---------------------------------------------------------- */

static bool has_body(const char *method) {
  return method != NULL && strcmp(method, "GET") != 0 &&
         strcmp(method, "HEAD") != 0 && strcmp(method, "DELETE") != 0;
}

static peal_err add_route(struct peal_kit_known *known, peal_web_hook_fn before,
                          void *before_user) {
  peal_web_route route = known->action->route;
  if (has_body(route.method) && !known->action->no_body)
    route.on_json = on_json;
  else
    route.on_request = on_request;
  route.user = known;
  route.before_user = before != NULL ? before_user : known->user;
  if (before != NULL)
    route.before = before;
  return peal_web_route_add(known->kit->web, &route);
}

static peal_err add(peal_kit *kit, const peal_kit_action *action,
                    peal_web_hook_fn before, void *before_user, void *user) {
  struct peal_kit_known *known = calloc(1, sizeof *known);
  if (known == NULL)
    return PEAL_ERR_NOMEM;
  *known = (struct peal_kit_known){
      .next = kit->known, .kit = kit, .action = action, .user = user};
  kit->known = known;
  peal_err err = PEAL_OK;
  if (action->route.path != NULL)
    err = add_route(known, before, before_user);
  if (err == PEAL_OK && action->event != NULL)
    err = peal_on(kit->nsp, action->event, on_event, known);
  return err;
}

peal_err peal_kit_add_actions(peal_kit *kit, const peal_kit_action *actions,
                              size_t count, peal_web_hook_fn before,
                              void *before_user, void *user) {
  peal_err err = PEAL_OK;
  for (size_t i = 0; i < count && err == PEAL_OK; i++)
    err = add(kit, &actions[i], before, before_user, user);
  return err;
}

void peal_kit_action_free_all(peal_kit *kit) {
  while (kit->known != NULL) {
    struct peal_kit_known *gone = kit->known;
    kit->known = gone->next;
    free(gone);
  }
}
