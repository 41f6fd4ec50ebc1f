/* SPDX-License-Identifier: MIT */
#include "cluster/redis_read.h"

#include <hiredis/hiredis.h>

#include "base/arena.h"
#include "base/decimal.h"
#include "base/mem.h"
#include "cluster/cluster_limits.h"

#define BLOCK_BYTES 4096u

struct peal_redis_read {
  const peal_mem *mem;
  redisReader *reader;
  peal_arena tree;
  size_t max_bytes;
  bool too_long, too_deep; /* why the tree could not grow */
};

/* hiredis 1.0 counts in other types and has kinds of RESP3, which nobody asks
 * for here: they become what is nearest. */
#if HIREDIS_MAJOR >= 1
typedef size_t count_type;

static int type_at(const redisReader *reader) {
  return reader->task[reader->ridx]->type;
}
#else
typedef int count_type;

static int type_at(const redisReader *reader) {
  return reader->rstack[reader->ridx].type;
}
#endif

/* -- the tree -------------------------------------------------------------- */

static void *alloc(peal_redis_read *read, size_t size) {
  if (size > read->max_bytes || read->tree.total > read->max_bytes - size) {
    read->too_long = true;
    return NULL;
  }
  return peal_arena_alloc(&read->tree, size);
}

static peal_redis_reply *put(const redisReadTask *task,
                             peal_redis_reply_kind kind) {
  peal_redis_read *read = task->privdata;
  peal_redis_reply *reply = alloc(read, sizeof(*reply));
  if (!reply)
    return NULL;
  *reply = (peal_redis_reply){.kind = kind};
  if (task->parent) {
    peal_redis_reply *parent = task->parent->obj;
    parent->items[task->idx] = reply;
  }
  return reply;
}

static void *put_text(const redisReadTask *task, char *text, size_t len) {
  peal_redis_reply_kind kind =
      task->type == REDIS_REPLY_ERROR    ? PEAL_REDIS_ERROR
      : task->type == REDIS_REPLY_STATUS ? PEAL_REDIS_STATUS
                                         : PEAL_REDIS_STRING;
  peal_redis_reply *reply = put(task, kind);
  char *copy = reply ? alloc(task->privdata, len + 1) : NULL;
  if (!copy)
    return NULL;
  if (len)
    memcpy(copy, text, len);
  copy[len] = 0;
  reply->text = (peal_slice){copy, len};
  return reply;
}

static void *put_array(const redisReadTask *task, count_type count) {
  peal_redis_read *read = task->privdata;
  peal_redis_reply *reply = put(task, PEAL_REDIS_ARRAY);
  if (!reply || !count)
    return reply;
  if (read->reader->ridx >= (int)PEAL_LIMIT_REDIS_DEPTH) {
    read->too_deep = true;
    return NULL;
  }
  if ((uint64_t)count > PEAL_LIMIT_REDIS_ITEMS) {
    read->too_long = true;
    return NULL;
  }
  size_t bytes = (size_t)count * sizeof(reply->items[0]);
  reply->items = alloc(read, bytes);
  if (!reply->items)
    return NULL;
  memset(reply->items, 0, bytes);
  reply->count = (size_t)count;
  return reply;
}

static void *put_integer(const redisReadTask *task, long long number) {
  peal_redis_reply *reply = put(task, PEAL_REDIS_INTEGER);
  if (reply)
    reply->number = number;
  return reply;
}

static void *put_nil(const redisReadTask *task) {
  return put(task, PEAL_REDIS_NIL);
}

#if HIREDIS_MAJOR >= 1
static void *put_double(const redisReadTask *task, double number, char *text,
                        size_t len) {
  (void)number;
  return put_text(task, text, len);
}

static void *put_bool(const redisReadTask *task, int truth) {
  return put_integer(task, truth);
}
#endif

/* The arena has it. */
static void drop(void *object) {
  (void)object;
}

/* -- reading --------------------------------------------------------------- */

peal_redis_read *peal_redis_read_new(const peal_mem *mem, size_t max_bytes) {
  static redisReplyObjectFunctions functions = {
    .createString = put_text,
    .createArray = put_array,
    .createInteger = put_integer,
#if HIREDIS_MAJOR >= 1
    .createDouble = put_double,
    .createBool = put_bool,
#endif
    .createNil = put_nil,
    .freeObject = drop,
  };
  peal_redis_read *read = peal_mem_zalloc(mem, sizeof(*read));
  if (!read)
    return NULL;
  read->mem = mem;
  read->max_bytes = max_bytes;
  peal_arena_init(&read->tree, mem, BLOCK_BYTES, max_bytes);
  read->reader = redisReaderCreateWithFunctions(&functions);
  if (!read->reader) {
    peal_mem_free(mem, read);
    return NULL;
  }
  read->reader->privdata = read;
  return read;
}

void peal_redis_read_free(peal_redis_read *read) {
  if (!read)
    return;
  redisReaderFree(read->reader);
  peal_arena_deinit(&read->tree);
  peal_mem_free(read->mem, read);
}

peal_err peal_redis_read_feed(peal_redis_read *read, peal_slice data) {
  return redisReaderFeed(read->reader, data.ptr, data.len) == REDIS_OK
             ? PEAL_OK
             : PEAL_ERR_NOMEM;
}

static peal_err why(const peal_redis_read *read) {
  if (read->too_long)
    return PEAL_ERR_TOO_LONG;
  return read->reader->err == REDIS_ERR_OOM && !read->too_deep
             ? PEAL_ERR_NOMEM
             : PEAL_ERR_ANSWER;
}

/* How long a string is to be that has begun: its sign is read by then. */
static uint64_t announced(const redisReader *reader) {
  uint64_t bytes = 0;
  if (reader->ridx >= 0 && type_at(reader) == REDIS_REPLY_STRING)
    (void)peal_decimal_take(
        (peal_slice){reader->buf + reader->pos, reader->len - reader->pos},
        &bytes);
  return bytes;
}

/* What has come of a reply that is not whole: a string that may still come, or
 * a line that has no end, which would be searched again and again. */
static peal_err check_rest(const peal_redis_read *read) {
  const redisReader *reader = read->reader;
  size_t rest = reader->len - reader->pos;
  if (rest > read->max_bytes || announced(reader) > read->max_bytes)
    return PEAL_ERR_TOO_LONG;
  if (rest > PEAL_LIMIT_REDIS_LINE_BYTES &&
      !memchr(reader->buf + reader->pos, '\n', PEAL_LIMIT_REDIS_LINE_BYTES))
    return PEAL_ERR_TOO_LONG;
  return PEAL_ERR_AGAIN;
}

peal_err peal_redis_read_next(peal_redis_read *read,
                              const peal_redis_reply **out) {
  void *reply = NULL;
  *out = NULL;
  /* A tree that has only begun stays. */
  if (!read->reader->reply)
    peal_arena_reset(&read->tree);
  if (redisReaderGetReply(read->reader, &reply) != REDIS_OK)
    return why(read);
  if (!reply)
    return check_rest(read);
  *out = reply;
  return PEAL_OK;
}
