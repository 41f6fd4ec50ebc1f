/* SPDX-License-Identifier: MIT */
#include "net/deflater.h"

#include <string.h>

#include <zlib.h>

#include "base/err_site.h"
#include "base/mem.h"
#include "net/net_limits.h"

/* zlib's own defaults, and the reference's. */
#define LEVEL 6u
#define MEM_LEVEL 8u
#define THRESHOLD_BYTES 1024u
/* Of a deflating stream, beside its window and its tables. */
#define RECORD_BYTES 8192u

/* A stream for messages that refer to none before, shared. */
typedef struct shared_stream {
  struct shared_stream *next;
  z_stream z;
  uint8_t bits, level, mem_level;
} shared_stream;

/* Of a worker. */
struct peal_deflaters {
  shared_stream *shared;
  z_stream inflater;
  bool has_inflater;
  bool is_final; /* the last block that was inflated says that it is the last */
};

/* -- memory ---------------------------------------------------------------- */

static void *take(void *opaque, unsigned count, unsigned size) {
  size_t bytes;
  if (__builtin_mul_overflow((size_t)count, (size_t)size, &bytes))
    return NULL;
  return peal_mem_alloc(opaque, bytes);
}

static void give(void *opaque, void *block) {
  peal_mem_free(opaque, block);
}

static void prepare(z_stream *z, const peal_worker *worker) {
  memset(z, 0, sizeof *z);
  z->zalloc = take;
  z->zfree = give;
  z->opaque = (void *)(uintptr_t)worker->mem;
}

static struct peal_deflaters *get(peal_worker *worker) {
  if (!worker->deflaters)
    worker->deflaters = peal_mem_zalloc(worker->mem, sizeof *worker->deflaters);
  return worker->deflaters;
}

void peal_deflater_free_all(peal_worker *worker) {
  struct peal_deflaters *all = worker->deflaters;
  if (!all)
    return;
  while (all->shared) {
    shared_stream *stream = all->shared;
    all->shared = stream->next;
    (void)deflateEnd(&stream->z);
    peal_mem_free(worker->mem, stream);
  }
  if (all->has_inflater)
    (void)inflateEnd(&all->inflater);
  peal_mem_free(worker->mem, all);
  worker->deflaters = NULL;
}

/* -- inflating ------------------------------------------------------------- */

/* Whatever window the peer has, the largest holds it. */
static bool make_inflater(struct peal_deflaters *all,
                          const peal_worker *worker) {
  if (all->has_inflater)
    return inflateReset(&all->inflater) == Z_OK;
  prepare(&all->inflater, worker);
  all->has_inflater = inflateInit2(&all->inflater, -MAX_WBITS) == Z_OK;
  return all->has_inflater;
}

static peal_err begin(void *user, peal_slice window) {
  peal_deflater *deflater = user;
  struct peal_deflaters *all = get(deflater->worker);
  if (!all || !make_inflater(all, deflater->worker))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  all->is_final = false;
  if (window.len &&
      inflateSetDictionary(&all->inflater, (const Bytef *)window.ptr,
                           (uInt)window.len) != Z_OK)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  return PEAL_OK;
}

static peal_err err_of(int result) {
  switch (result) {
  case Z_OK:
  case Z_BUF_ERROR: /* nothing to do: no input, or no room */
    return PEAL_OK;
  case Z_MEM_ERROR:
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  default:
    return PEAL_FAIL(PEAL_ERR_WS_DEFLATE);
  }
}

/* RFC7692 7.2.3.4: blocks may follow one that says that it is the last, and
 * refer to what stood before it. */
static peal_err inflate_some(struct peal_deflaters *all) {
  z_stream *z = &all->inflater;
  int result;
  do {
    if (all->is_final && !z->avail_in)
      return PEAL_OK;
    if (all->is_final && inflateResetKeep(z) != Z_OK)
      return PEAL_FAIL(PEAL_ERR_WS_DEFLATE);
    result = inflate(z, Z_SYNC_FLUSH);
    all->is_final = result == Z_STREAM_END;
  } while (all->is_final);
  return err_of(result);
}

/* As much of it as zlib counts. */
static uInt count_of(size_t len) {
  return len < UINT32_MAX / 2 ? (uInt)len : UINT32_MAX / 2;
}

static peal_err inflate_piece(void *user, peal_slice *in, char **out,
                              size_t *room) {
  peal_deflater *deflater = user;
  struct peal_deflaters *all = deflater->worker->deflaters;
  z_stream *z = &all->inflater;
  z->next_in = (Bytef *)(uintptr_t)in->ptr;
  z->avail_in = count_of(in->len);
  z->next_out = (Bytef *)*out;
  z->avail_out = count_of(*room);
  peal_err err = inflate_some(all);
  size_t used = (size_t)((const char *)z->next_in - in->ptr);
  size_t made = (size_t)((char *)z->next_out - *out);
  *in = (peal_slice){in->ptr + used, in->len - used};
  *out += made;
  *room -= made;
  return err;
}

/* RFC7692 7.2.1: the message ends inside an empty block without compression,
 * before its lengths. One that ends with its last block lacks nothing. */
static bool is_whole(const void *user) {
  const peal_deflater *deflater = user;
  struct peal_deflaters *all = deflater->worker->deflaters;
  return all->is_final || inflateSyncPoint(&all->inflater) == 1;
}

/* -- deflating ------------------------------------------------------------- */

static bool init(z_stream *z, const peal_deflater *deflater, unsigned bits) {
  prepare(z, deflater->worker);
  return deflateInit2(z, deflater->level, Z_DEFLATED, -(int)bits,
                      deflater->mem_level, Z_DEFAULT_STRATEGY) == Z_OK;
}

static shared_stream *find_shared(const struct peal_deflaters *all,
                                  const peal_deflater *deflater,
                                  unsigned bits) {
  shared_stream *it = all->shared;
  while (it && (it->bits != bits || it->level != deflater->level ||
                it->mem_level != deflater->mem_level))
    it = it->next;
  return it;
}

static z_stream *get_shared(const peal_deflater *deflater, unsigned bits) {
  struct peal_deflaters *all = get(deflater->worker);
  shared_stream *stream = all ? find_shared(all, deflater, bits) : NULL;
  if (stream)
    return &stream->z;
  stream = all ? peal_mem_alloc(deflater->worker->mem, sizeof *stream) : NULL;
  if (!stream)
    return NULL;
  if (!init(&stream->z, deflater, bits)) {
    peal_mem_free(deflater->worker->mem, stream);
    return NULL;
  }
  stream->bits = (uint8_t)bits;
  stream->level = deflater->level;
  stream->mem_level = deflater->mem_level;
  stream->next = all->shared;
  all->shared = stream;
  return &stream->z;
}

/* Returns true if all of it has been written. */
static bool put(z_stream *z, peal_slice data, int flush) {
  z->next_in = (Bytef *)(uintptr_t)data.ptr;
  z->avail_in = (uInt)data.len;
  return deflate(z, flush) == Z_OK && !z->avail_in && z->avail_out;
}

static bool put_all(z_stream *z, char prefix, peal_slice data) {
  return (!prefix || put(z, (peal_slice){&prefix, 1}, Z_NO_FLUSH)) &&
         put(z, data, Z_SYNC_FLUSH);
}

/* What is long is deflated in less time, and a little worse. */
static bool put_message(const peal_deflater *deflater, z_stream *z, char prefix,
                        peal_slice data) {
  if (data.len <= PEAL_LIMIT_DEFLATE_SLOW_BYTES)
    return put_all(z, prefix, data);
  bool fits = deflateParams(z, 1, Z_DEFAULT_STRATEGY) == Z_OK &&
              put_all(z, prefix, data);
  return deflateParams(z, deflater->level, Z_DEFAULT_STRATEGY) == Z_OK && fits;
}

static size_t deflate_message(void *user, void *context, unsigned bits,
                              char prefix, peal_slice data, char *out,
                              size_t room) {
  z_stream *z = context ? context : get_shared(user, bits);
  if (!z || data.len > PEAL_LIMIT_DEFLATE_BYTES || room > UINT32_MAX / 2)
    return 0;
  z->next_out = (Bytef *)out;
  z->avail_out = (uInt)room;
  bool fits = put_message(user, z, prefix, data);
  size_t len = room - z->avail_out;
  if (!context || !fits || len <= PEAL_DEFLATE_VERBS_TAIL)
    (void)deflateReset(z);
  return fits && len > PEAL_DEFLATE_VERBS_TAIL ? len - PEAL_DEFLATE_VERBS_TAIL
                                               : 0;
}

/* -- with takeover --------------------------------------------------------- */

/* What zlib says that it needs, and its records. */
static size_t context_bytes(const void *user, unsigned bits) {
  const peal_deflater *deflater = user;
  return ((size_t)1 << (bits + 2)) + ((size_t)1 << (deflater->mem_level + 9)) +
         RECORD_BYTES;
}

static void *context_new(void *user, unsigned bits) {
  peal_deflater *deflater = user;
  z_stream *z = peal_mem_alloc(deflater->worker->mem, sizeof *z);
  if (!z || init(z, deflater, bits))
    return z;
  peal_mem_free(deflater->worker->mem, z);
  return NULL;
}

static void context_free(void *user, void *context) {
  peal_deflater *deflater = user;
  (void)deflateEnd(context);
  peal_mem_free(deflater->worker->mem, context);
}

/* -- options --------------------------------------------------------------- */

void peal_deflater_init(peal_deflater *deflater, peal_worker *worker,
                        const peal_deflate_opts *opts) {
  size_t threshold =
      opts->threshold_bytes ? opts->threshold_bytes : THRESHOLD_BYTES;
  *deflater = (peal_deflater){
      .verbs = {.user = deflater,
                .threshold_bytes = threshold == PEAL_OFF ? 0 : threshold,
                .max_bytes = PEAL_LIMIT_DEFLATE_BYTES,
                .begin = begin,
                .inflate = inflate_piece,
                .is_whole = is_whole,
                .deflate = deflate_message,
                .context_bytes = context_bytes,
                .context_new = context_new,
                .context_free = context_free},
      .worker = worker,
      .level = opts->level ? opts->level : LEVEL,
      .mem_level = opts->mem_level ? opts->mem_level : MEM_LEVEL};
}
