/* SPDX-License-Identifier: MIT */
#include "cluster/redis_ask.h"

#include "base/decimal.h"
#include "base/mem.h"

/* A sign, digits, CR LF; and CR LF behind a string. */
#define HEAD_BYTES (1 + PEAL_DECIMAL_MAX + 2)

static char *put_head(char *at, char sign, size_t number) {
  *at++ = sign;
  at += peal_decimal_put(at, number);
  *at++ = '\r';
  *at++ = '\n';
  return at;
}

static char *put_word(char *at, peal_slice word) {
  at = put_head(at, '$', word.len);
  if (word.len)
    memcpy(at, word.ptr, word.len);
  at += word.len;
  *at++ = '\r';
  *at++ = '\n';
  return at;
}

peal_redis_ask *peal_redis_ask_new(const peal_mem *mem, const peal_slice *argv,
                                   size_t argc) {
  size_t most = HEAD_BYTES;
  for (size_t i = 0; i < argc; i++) {
    if (argv[i].len > SIZE_MAX / 4 - most)
      return NULL;
    most += HEAD_BYTES + argv[i].len + 2;
  }
  peal_redis_ask *ask = peal_mem_alloc(mem, sizeof(*ask) + most);
  if (!ask)
    return NULL;
  *ask = (peal_redis_ask){.len = 0};
  peal_list_init(&ask->node);
  char *at = put_head(ask->text, '*', argc);
  for (size_t i = 0; i < argc; i++)
    at = put_word(at, argv[i]);
  ask->len = (size_t)(at - ask->text);
  return ask;
}

peal_slice peal_redis_ask_last(const peal_redis_ask *ask, size_t len) {
  return (peal_slice){ask->text + ask->len - 2 - len, len};
}

size_t peal_redis_ask_bytes(const peal_redis_ask *ask) {
  return sizeof(*ask) + ask->len;
}
