/* SPDX-License-Identifier: MIT */
#include "engine/sid.h"

#include <string.h>

#include "net/crypto.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "abcdefghijklmnopqrstuvwxyz0123456789-_";

peal_err peal_sid_make(char out[PEAL_SID_LEN + 1], unsigned worker,
                       unsigned worker_count) {
  peal_err err = peal_crypto_id(out);
  if (err || worker_count == 1)
    return err;
  out[0] = digits[worker >> 6 & 63];
  out[1] = digits[worker & 63];
  return PEAL_OK;
}

static int value_of(char c) {
  const char *at = c ? strchr(digits, c) : NULL;
  return at ? (int)(at - digits) : -1;
}

int peal_sid_worker(peal_slice sid, unsigned worker_count) {
  if (sid.len < 2)
    return -1;
  int high = value_of(sid.ptr[0]), low = value_of(sid.ptr[1]);
  int worker = high < 0 || low < 0 ? -1 : high << 6 | low;
  return worker < (int)worker_count ? worker : -1;
}

bool peal_sid_is_one(peal_slice sid) {
  for (size_t i = 0; i < sid.len; i++)
    if (value_of(sid.ptr[i]) < 0)
      return false;
  return sid.len == PEAL_SID_LEN;
}

unsigned peal_sid_any_worker(peal_slice sid, unsigned worker_count) {
  unsigned sum = 0;
  for (size_t i = 0; i < sid.len; i++)
    sum = sum * 31 + (unsigned char)sid.ptr[i];
  return sum % worker_count;
}
