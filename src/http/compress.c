/* SPDX-License-Identifier: MIT */
#include "http/compress.h"

#include <string.h>

#include <zlib.h>

#include "base/bytes.h"
#include "base/text.h"

/* -- choosing -------------------------------------------------------------- */

/* RFC9110 12.4.2: a weight from 0 to 1 with up to three decimals, as
 * thousandths; -1 if it is none. */
static int weight_of(peal_slice text) {
  if (!text.len || (text.ptr[0] != '0' && text.ptr[0] != '1') || text.len > 5)
    return -1;
  int weight = text.ptr[0] == '1' ? 1000 : 0;
  if (text.len == 1)
    return weight;
  if (text.ptr[1] != '.')
    return -1;
  int unit = 100;
  for (size_t i = 2; i < text.len; i++, unit /= 10) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9')
      return -1;
    weight += (text.ptr[i] - '0') * unit;
  }
  return weight > 1000 ? -1 : weight;
}

/* The q among the parameters of one coding; 1000 if there is none. */
static int q_of(peal_slice params) {
  peal_slice param;
  while (peal_text_next(&params, ';', &param)) {
    if (param.len >= 2 && (param.ptr[0] == 'q' || param.ptr[0] == 'Q') &&
        param.ptr[1] == '=')
      return weight_of((peal_slice){param.ptr + 2, param.len - 2});
  }
  return 1000;
}

typedef struct weights {
  int gzip, deflate, any; /* thousandths; -1: not named */
  bool deflate_first;     /* named before gzip */
} weights;

static void read_coding(weights *found, peal_slice coding) {
  peal_slice name = {NULL, 0};
  (void)peal_text_next(&coding, ';', &name);
  int q = q_of(coding);
  if (q < 0)
    return;
  if (peal_slice_is_nocase(name, "gzip") ||
      peal_slice_is_nocase(name, "x-gzip")) {
    found->gzip = q;
  } else if (peal_slice_is_nocase(name, "deflate")) {
    found->deflate = q;
    found->deflate_first = found->gzip < 0;
  } else if (peal_slice_is(name, "*")) {
    found->any = q;
  }
}

peal_compress peal_compress_choose(peal_slice accept_encoding) {
  weights found = {.gzip = -1, .deflate = -1, .any = -1};
  peal_slice coding;
  while (peal_text_next(&accept_encoding, ',', &coding))
    read_coding(&found, coding);
  /* RFC9110 12.5.3: * stands for each coding that is not named */
  int gzip = found.gzip >= 0 ? found.gzip : found.any;
  int deflate = found.deflate >= 0 ? found.deflate : found.any;
  if (gzip <= 0 && deflate <= 0)
    return PEAL_COMPRESS_NONE;
  if (deflate > gzip || (deflate == gzip && found.deflate_first))
    return PEAL_COMPRESS_DEFLATE;
  return PEAL_COMPRESS_GZIP;
}

const char *peal_compress_name(peal_compress coding) {
  switch (coding) {
  case PEAL_COMPRESS_GZIP:
    return "gzip";
  case PEAL_COMPRESS_DEFLATE:
    return "deflate";
  case PEAL_COMPRESS_NONE:
    break;
  }
  return "identity";
}

/* -- compressing ----------------------------------------------------------- */

#define MEM_LEVEL 8 /* zlib's default */

peal_bytes *peal_compress_bytes(peal_compress coding, peal_compress_how how,
                                peal_slice data) {
  if (coding == PEAL_COMPRESS_NONE)
    return peal_bytes_new(data);
  z_stream stream;
  memset(&stream, 0, sizeof(stream));
  /* RFC1952 is zlib's window size plus 16. */
  int window = coding == PEAL_COMPRESS_GZIP ? 15 + 16 : 15;
  int level = how.level ? how.level : Z_DEFAULT_COMPRESSION;
  int mem_level = how.mem_level ? how.mem_level : MEM_LEVEL;
  if (data.len > UINT32_MAX / 2 ||
      deflateInit2(&stream, level, Z_DEFLATED, window, mem_level,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    return NULL;
  size_t room = deflateBound(&stream, (uLong)data.len);
  peal_bytes *out = peal_bytes_alloc(room, NULL);
  if (!out) {
    deflateEnd(&stream);
    return NULL;
  }
  stream.next_in = (Bytef *)(uintptr_t)data.ptr;
  stream.avail_in = (uInt)data.len;
  stream.next_out = (Bytef *)peal_bytes_data(out);
  stream.avail_out = (uInt)room;
  int result = deflate(&stream, Z_FINISH);
  size_t len = room - stream.avail_out;
  deflateEnd(&stream);
  if (result != Z_STREAM_END) {
    peal_bytes_unref(out);
    return NULL;
  }
  peal_bytes_cut(out, len);
  return out;
}
