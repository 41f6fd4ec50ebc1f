/* SPDX-License-Identifier: MIT */
#include "duty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const severities[] = {"info", "warning", "critical"};

void duty_room(char out[HOSPITAL_ROOM_BYTES], peal_slice severity,
               peal_slice ward) {
  snprintf(out, HOSPITAL_ROOM_BYTES, "duty_%.*s_%.*s",
           (int)(severity.len < 16 ? severity.len : 16), severity.ptr,
           (int)(ward.len < 96 ? ward.len : 96), ward.ptr);
}

/* ---- one socket ------------------------------------------------------------- */

static void leave_all(peal_socket *socket) {
  size_t at = peal_socket_room_count(socket);
  while (at-- > 1) { // its own is the first, and stays
    const char *room = peal_socket_room(socket, at);
    if (room != NULL && strncmp(room, "duty_", 5) == 0)
      peal_leave(socket, room);
  }
}

static void join(hospital *app, peal_socket *socket, const char *room) {
  peal_err err = peal_join(socket, room);
  if (err == PEAL_OK)
    return;
  // without its room it would miss alerts and not know it: it comes back
  peal_kit_log(&app->house, PEAL_LOG_WARN, "duty", "a socket has no room: %s",
               peal_err_message(err));
  peal_disconnect(socket, true);
}

static void join_severity(hospital *app, peal_socket *socket,
                          const char *severity, peal_val wards) {
  char room[HOSPITAL_ROOM_BYTES];
  if (wards.type != PEAL_ARRAY || wards.len == 0) {
    duty_room(room, peal_slice_of(severity), PEAL_S("*"));
    join(app, socket, room);
    return;
  }
  for (size_t i = 0; i < wards.len; i++) {
    duty_room(room, peal_slice_of(severity),
              peal_val_str(peal_val_at(wards, i)));
    join(app, socket, room);
  }
}

static size_t least_of(peal_val preferences) {
  peal_slice word = peal_val_str(peal_val_get(preferences, "severity"));
  for (size_t i = 0; i < 3; i++)
    if (peal_slice_is(word, severities[i]))
      return i;
  return 0;
}

static void seat(hospital *app, peal_socket *socket, bool is_on,
                 peal_val preferences) {
  peal_val wards = peal_val_get(preferences, "wards");
  size_t least = least_of(preferences);
  leave_all(socket);
  if (!is_on) {
    peal_leave(socket, "staff_on_duty");
    return;
  }
  join(app, socket, "staff_on_duty");
  if (least == 0 && wards.len == 0) {
    join(app, socket, DUTY_ALL);
    return;
  }
  for (size_t i = least; i < 3; i++)
    join_severity(app, socket, severities[i], wards);
}

/* ---- from the store ------------------------------------------------------------ */

/* A socket whose person is looked up; free(). */
typedef struct looking {
  hospital *app;
  char socket[32];
} looking;

static void on_found(const peal_store_result *result, void *user) {
  looking *l = user;
  peal_socket *socket = peal_nsp_find(l->app->house.nsp, l->socket);
  peal_val row = peal_val_at(result->rows, 0);
  if (socket != NULL && result->err == PEAL_OK) {
    peal_build *build = peal_socket_build(socket);
    peal_slice text = peal_val_str(peal_val_get(row, "preferences"));
    bool is_off = peal_slice_is(peal_val_str(peal_val_get(row, "availability")),
                                "off_duty");
    seat(l->app, socket, !is_off,
         text.len > 0 ? peal_build_json(build, text) : peal_undefined());
  }
  free(l);
}

static void look_up(peal_socket *socket, void *user) {
  hospital *app = user;
  const peal_kit_person *who = peal_kit_people_on(socket);
  char folded[PEAL_KIT_USERNAME_BYTES];
  if (who == NULL || (who->role & HOSPITAL_STAFF) == 0 ||
      !peal_kit_people_fold(folded, peal_slice_of(who->username)))
    return;
  looking *l = malloc(sizeof *l);
  if (l == NULL)
    return;
  l->app = app;
  snprintf(l->socket, sizeof l->socket, "%s", peal_socket_id(socket));
  if (peal_store_read(
          app->house.store,
          "SELECT (SELECT body FROM records WHERE kind = 'preferences' AND key"
          " = ?1) AS preferences, (SELECT json_extract(body, '$.availability')"
          " FROM records WHERE kind = 'staff' AND key = ?1) AS availability",
          PEAL_ARGS(peal_str(folded)), on_found, l) != PEAL_OK)
    free(l); // every alert, then
}

peal_err duty_seat(hospital *app, peal_socket *socket) {
  peal_err err = peal_join(socket, "staff_on_duty");
  if (err == PEAL_OK)
    err = peal_join(socket, DUTY_ALL);
  if (err == PEAL_OK)
    look_up(socket, app);
  return err;
}

/* ---- all sockets of a person ---------------------------------------------------- */

typedef struct refreshing {
  hospital *app;
  char room[HOSPITAL_ROOM_BYTES];
} refreshing;

static void on_worker(peal_worker *worker, void *user) {
  refreshing *r = user;
  (void)worker;
  if (peal_worker_self() != NULL)
    peal_nsp_each(r->app->house.nsp, &(peal_to){.rooms = PEAL_ROOMS(r->room)},
                  look_up, r->app);
  free(r);
}

void duty_refresh(hospital *app, peal_slice username) {
  char folded[PEAL_KIT_USERNAME_BYTES];
  if (!peal_kit_people_fold(folded, username))
    return;
  for (unsigned i = 0; i < peal_workers_count(app->house.workers); i++) {
    refreshing *r = malloc(sizeof *r);
    if (r == NULL)
      return;
    r->app = app;
    hospital_room(r->room, "person", peal_slice_of(folded));
    if (peal_worker_post(peal_workers_get(app->house.workers, i), on_worker,
                         r) != PEAL_OK)
      free(r);
  }
}
