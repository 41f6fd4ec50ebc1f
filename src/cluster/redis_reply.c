/* SPDX-License-Identifier: MIT */
#include "cluster/redis_reply.h"

#include <string.h>

#include "base/decimal.h"

const peal_redis_reply *peal_redis_reply_at(const peal_redis_reply *reply,
                                            size_t at) {
  return reply && reply->kind == PEAL_REDIS_ARRAY && at < reply->count
             ? reply->items[at]
             : NULL;
}

peal_slice peal_redis_reply_text(const peal_redis_reply *reply) {
  return reply && reply->text.ptr ? reply->text : (peal_slice){NULL, 0};
}

peal_slice peal_redis_reply_text_at(const peal_redis_reply *reply, size_t at) {
  return peal_redis_reply_text(peal_redis_reply_at(reply, at));
}

bool peal_redis_reply_number(const peal_redis_reply *reply, int64_t *out) {
  if (!reply)
    return false;
  if (reply->kind == PEAL_REDIS_INTEGER) {
    *out = reply->number;
    return true;
  }
  return reply->kind == PEAL_REDIS_STRING &&
         peal_decimal_parse_signed(reply->text, out);
}

bool peal_redis_reply_is_error(const peal_redis_reply *reply,
                               const char *word) {
  size_t len = strlen(word);
  return reply && reply->kind == PEAL_REDIS_ERROR &&
         peal_slice_starts(reply->text, word) &&
         (reply->text.len == len || reply->text.ptr[len] == ' ');
}
