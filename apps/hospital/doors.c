/* SPDX-License-Identifier: MIT */
#include "doors.h"

#include <string.h>

enum { MAX_BODY_BYTES = 64 * 1024, MOST = 64 };

static peal_slice person_of(peal_http_req *req, void *user) {
  (void)user;
  return peal_slice_of(peal_kit_people_of(req)->username);
}

static peal_web_hook_fn hook_of(hospital *app, doors_who who, void **user) {
  *user = who == DOORS_STAFF     ? (void *)&app->staff
          : who == DOORS_DOCTORS ? (void *)&app->doctors
          : who == DOORS_ADMINS  ? (void *)&app->admins
                                 : (void *)app->people;
  return who == DOORS_ALL ? peal_kit_people_hook : peal_kit_people_require;
}

/* They differ from the tables by their limit, which is made at the start; kept
 * as long as the program, as the kit wants it. */
static peal_kit_action kept[MOST];
static size_t kept_count;

peal_err doors_add(hospital *app, doors_who who, const peal_kit_action *actions,
                   size_t count) {
  void *hook_user;
  peal_web_hook_fn hook = hook_of(app, who, &hook_user);
  if (count > MOST - kept_count)
    return PEAL_ERR_LIMIT;
  peal_kit_action *own = &kept[kept_count];
  memcpy(own, actions, count * sizeof *own);
  kept_count += count;
  for (size_t i = 0; i < count; i++) {
    own[i].route.max_body_bytes = MAX_BODY_BYTES;
    if (own[i].route.method == NULL)
      continue;
    own[i].route.limit = app->person_limit;
    own[i].route.limit_key = person_of;
  }
  return peal_kit_add_actions(&app->house, own, count, hook, hook_user, app);
}
