/* SPDX-License-Identifier: MIT */
#include "hospital.h"

#include <stdio.h>

void hospital_room(char out[HOSPITAL_ROOM_BYTES], const char *kind,
                   peal_slice what) {
  snprintf(out, HOSPITAL_ROOM_BYTES, "%s_%.*s", kind,
           (int)(what.len < 96 ? what.len : 96), what.ptr);
}

bool hospital_emit(hospital *app, const peal_to *to, const char *event,
                   peal_val value) {
  peal_err err = peal_nsp_emit(app->house.nsp, to, event, PEAL_ARGS(value));
  if (err != PEAL_OK)
    peal_kit_log(&app->house, PEAL_LOG_WARN, "events", "%s was not sent: %s",
                 event, peal_err_message(err));
  return err == PEAL_OK;
}

static void disconnect(peal_socket *socket, void *user) {
  (void)user;
  peal_disconnect(socket, true);
}

static void on_resync(peal_worker *worker, void *user) {
  hospital *app = user;
  (void)worker;
  if (peal_worker_self() != NULL)
    peal_nsp_each(app->house.nsp, &(peal_to){.is_local = true}, disconnect,
                  NULL);
}

void hospital_resync(hospital *app) {
  for (unsigned i = 0; i < peal_workers_count(app->house.workers); i++)
    if (peal_worker_post(peal_workers_get(app->house.workers, i), on_resync,
                         app) != PEAL_OK)
      peal_kit_log(&app->house, PEAL_LOG_ERROR, "events",
                   "screens may have missed something, and do not know it");
}

const peal_kit_person *hospital_who(const peal_kit_ask *ask) {
  peal_http_req *req = peal_kit_ask_req(ask);
  if (req != NULL)
    return peal_kit_people_of(req);
  peal_socket *socket = peal_kit_ask_socket(ask);
  return socket != NULL ? peal_kit_people_on(socket) : NULL;
}

void hospital_key(char out[PEAL_KIT_USERNAME_BYTES],
                  const peal_kit_person *who) {
  if (!peal_kit_people_fold(out, peal_slice_of(who->username)))
    out[0] = '\0';
}

void hospital_now(char out[25]) {
  peal_web_time_iso(out, peal_wall_ms());
}
