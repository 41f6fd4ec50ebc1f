/* SPDX-License-Identifier: MIT */
#include "care.h"

#include <stdio.h>

void care_room(char out[CARE_ROOM_BYTES], int64_t user_id) {
  snprintf(out, CARE_ROOM_BYTES, "user_%lld", (long long)user_id);
}

void care_emit(care *app, int64_t user_id, const char *event, peal_args args) {
  char room[CARE_ROOM_BYTES];
  care_room(room, user_id);
  peal_err err = peal_nsp_emit(
      app->house.nsp, &(peal_to){.rooms = PEAL_ROOMS(room)}, event, args);
  if (err != PEAL_OK)
    peal_kit_log(&app->house, PEAL_LOG_WARN, "events", "%s was not sent: %s",
                 event, peal_err_message(err));
}

void care_answer(peal_http_req *req, unsigned status, peal_val body) {
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(req, status, body);
}
