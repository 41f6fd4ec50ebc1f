/* SPDX-License-Identifier: MIT */
/* cluster/redis_read: whatever a server says, whole and byte by byte are the
 * same replies and the same end, and no tree is over its ceiling. */
#include <stdlib.h>
#include <string.h>

#include "cluster/redis_read.h"

#define MAX_BYTES 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

typedef struct sum {
  size_t replies, nodes, bytes;
  peal_err err;
} sum;

static void must(bool truth) {
  if (!truth)
    abort();
}

static void add(sum *it, const peal_redis_reply *reply) {
  must(reply != NULL);
  it->nodes++;
  it->bytes += reply->text.len;
  for (size_t i = 0; i < reply->count; i++)
    add(it, reply->items[i]);
}

static sum read_by(const uint8_t *data, size_t len, size_t step) {
  peal_redis_read *read = peal_redis_read_new(peal_mem_libc(), MAX_BYTES);
  const peal_redis_reply *reply;
  sum it = {.err = PEAL_ERR_AGAIN};
  must(read != NULL);
  for (size_t at = 0; at < len && it.err == PEAL_ERR_AGAIN; at += step) {
    size_t part = len - at < step ? len - at : step;
    it.err =
        peal_redis_read_feed(read, (peal_slice){(const char *)data + at, part});
    while (!it.err && !(it.err = peal_redis_read_next(read, &reply))) {
      it.replies++;
      add(&it, reply);
    }
  }
  peal_redis_read_free(read);
  must(it.err == PEAL_ERR_AGAIN || it.err == PEAL_ERR_ANSWER ||
       it.err == PEAL_ERR_TOO_LONG);
  return it;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  sum whole = read_by(data, len, len ? len : 1), bytes = read_by(data, len, 1);
  must(whole.replies == bytes.replies && whole.nodes == bytes.nodes &&
       whole.bytes == bytes.bytes);
  must((whole.err == PEAL_ERR_AGAIN) == (bytes.err == PEAL_ERR_AGAIN));
  return 0;
}
