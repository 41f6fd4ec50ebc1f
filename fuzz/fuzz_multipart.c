/* SPDX-License-Identifier: MIT */
/* fuzz_multipart: a multipart body. The first byte says how it is cut; whatever
 * the cut, the same must be read. */
#include <stdlib.h>
#include <string.h>

#include "web/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds) {
  if (!holds)
    abort();
}

/* What was read, as a number that depends on order and content. */
typedef struct digest {
  uint64_t value;
  size_t bytes, begun, ended;
} digest;

static void mix(digest *d, peal_slice text) {
  for (size_t i = 0; i < text.len; i++)
    d->value = (d->value ^ (uint8_t)text.ptr[i]) * 1099511628211u;
}

static peal_err on_part(const peal_multipart_part *part, void *user) {
  digest *d = user;
  must(d->begun == d->ended);
  d->begun++;
  d->value = d->value * 31 + 1;
  mix(d, part->name);
  mix(d, part->filename);
  mix(d, part->type);
  return PEAL_OK;
}

static peal_err on_data(peal_slice data, void *user) {
  digest *d = user;
  must(data.len > 0 && d->begun == d->ended + 1);
  d->bytes += data.len;
  mix(d, data);
  return PEAL_OK;
}

static peal_err on_part_end(void *user) {
  digest *d = user;
  must(d->begun == ++d->ended);
  return PEAL_OK;
}

/* In pieces of `step` bytes, each in a block of its own. */
static peal_err read_all(peal_slice body, size_t step, digest *d) {
  static const peal_multipart_callbacks callbacks = {on_part, on_data,
                                                     on_part_end};
  peal_multipart m;
  *d = (digest){0};
  must(!peal_multipart_init(&m, PEAL_S("B"), 8, 256, &callbacks, d, NULL));
  peal_err err = PEAL_OK;
  for (size_t at = 0; at < body.len && !err; at += step) {
    size_t piece = body.len - at < step ? body.len - at : step;
    char *copy = malloc(piece);
    must(copy != NULL);
    memcpy(copy, body.ptr + at, piece);
    err = peal_multipart_feed(&m, (peal_slice){copy, piece});
    free(copy);
  }
  if (!err)
    err = peal_multipart_end(&m);
  must(!err || m.why);
  must(d->begun <= 8 && d->bytes <= body.len);
  peal_multipart_deinit(&m);
  return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  digest whole, cut;
  char boundary[PEAL_MULTIPART_BOUNDARY];
  size_t boundary_len = 0;
  if (!len || len > 65536)
    return 0;
  peal_slice body = {(const char *)data + 1, len - 1};
  peal_err first = read_all(body, body.len + 1, &whole);
  peal_err second = read_all(body, 1u + data[0] % 32u, &cut);
  must(first == second && whole.value == cut.value &&
       whole.bytes == cut.bytes && whole.begun == cut.begun);
  if (peal_multipart_boundary(body, boundary, &boundary_len))
    must(boundary_len >= 1 && boundary_len <= sizeof(boundary));
  return 0;
}
