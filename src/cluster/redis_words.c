/* SPDX-License-Identifier: MIT */
#include "cluster/redis_words.h"

#include <stdio.h>

/* What Redis says is cut after so many bytes: it may quote what was sent. */
#define SAID_BYTES 160

typedef struct meaning {
  const char *word, *words;
} meaning;

static const meaning meanings[] = {
    {"WRONGPASS", "user and password are not right"},
    {"NOAUTH", "it wants a password"},
    {"NOPERM", "the user may not do this (ACL)"},
    {"DENIED", "it lets in nobody from outside without a password (protected "
               "mode)"},
    {"LOADING", "it has just begun and reads its data"},
    {"READONLY", "it is a replica and cannot be written to"},
    {"MASTERDOWN", "it is a replica that has lost its master"},
    {"OOM", "its memory is full (maxmemory)"},
    {"MISCONF", "it cannot save to disk and takes nothing"},
    {"NOREPLICAS", "it has not enough replicas to take this"},
    {"CLUSTERDOWN", "the Redis Cluster does not serve all slots"},
    {"BUSY", "a script keeps it busy"},
};

const char *peal_redis_words_error(char *out, size_t cap,
                                   const peal_redis_reply *reply) {
  const char *words = NULL;
  int len = reply->text.len > SAID_BYTES ? SAID_BYTES : (int)reply->text.len;
  for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
    if (peal_redis_reply_is_error(reply, meanings[i].word))
      words = meanings[i].words;
  snprintf(out, cap, "%s%s%.*s%s", words ? words : "", words ? " (" : "", len,
           reply->text.ptr, words ? ")" : "");
  return out;
}
