/* SPDX-License-Identifier: MIT */
#include "chat_order.h"

#include <stdlib.h>

static void answer(chat_order *o, peal_val said) {
  if (o->reply != NULL)
    (void)peal_reply_send(o->reply, PEAL_ARGS(said));
  free(o);
}

void chat_order_ok(chat_order *o, int64_t id, int64_t timestamp_ms) {
  char when[25];
  peal_web_time_iso(when, timestamp_ms);
  answer(o, PEAL_OBJECT({"status", peal_str("success")},
                        {"id", id > 0 ? peal_int(id) : peal_undefined()},
                        {"timestamp", timestamp_ms > 0 ? peal_str(when)
                                                       : peal_undefined()}));
}

static peal_val seconds(uint64_t ms) {
  return ms > 0 ? peal_int((int64_t)((ms + 999) / 1000)) : peal_undefined();
}

void chat_order_refuse(chat_order *o, const chat_refusal *why) {
  peal_val field = why->field != NULL ? peal_str(why->field) : peal_undefined();
  peal_val said = PEAL_OBJECT({"status", peal_str("error")},
                              {"message", peal_str(why->message)},
                              {"code", peal_str(why->code)}, {"field", field},
                              {"retry_after", seconds(why->retry_ms)});
  if (o->reply == NULL)
    (void)peal_nsp_emit(o->chat->app->house.nsp, PEAL_TO(o->sid), "error",
                        PEAL_ARGS(said));
  answer(o, said);
}

void chat_order_failed(chat_order *o, const char *what,
                       const peal_store_result *result) {
  peal_kit_store_failed(&o->chat->app->house, what, result);
  chat_order_refuse(
      o, &(chat_refusal){"store_unavailable",
                         "this could not be stored: try again later", NULL, 0});
}

void chat_order_failed_by(chat_order *o, const char *what, peal_err err) {
  chat_order_failed(
      o, what,
      &(peal_store_result){.err = err, .message = peal_err_message(err)});
}
