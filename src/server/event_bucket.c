/* SPDX-License-Identifier: MIT */
#include "server/event_bucket.h"

peal_err peal_event_bucket_open(peal_socket *socket, peal_event_bucket **out) {
  void *block;
  *out = peal_event_bucket_of(socket);
  if (*out)
    return PEAL_OK;
  peal_err err =
      peal_belongings_alloc(socket, sizeof(peal_event_bucket), 0, &block);
  if (err)
    return err;
  *out = peal_belongings_of(socket)->bucket = block;
  (*out)->is_new = true;
  return PEAL_OK;
}

void peal_event_bucket_end(peal_socket *socket) {
  peal_event_bucket *bucket = peal_event_bucket_of(socket);
  if (!bucket)
    return;
  peal_belongings_of(socket)->bucket = NULL;
  peal_belongings_release(socket, bucket, sizeof *bucket);
}
