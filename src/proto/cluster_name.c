/* SPDX-License-Identifier: MIT */
#include "proto/cluster_name.h"

#include <assert.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";
static const char word[] = "peal";
static const char hex_word[] = "7065616c";

#define WORD_LEN (sizeof word - 1)
#define HEX_WORD_LEN (sizeof hex_word - 1)

void peal_cluster_name_write(char *out, peal_slice uid, unsigned marks) {
  assert(uid.len == PEAL_CLUSTER_NAME_UID && marks && marks < 16);
  memcpy(out, word, WORD_LEN);
  out[WORD_LEN] = digits[marks];
  memcpy(out + WORD_LEN + 1, uid.ptr, uid.len);
}

void peal_cluster_name_write_host(char *out, peal_slice uid, unsigned marks) {
  assert(uid.len == PEAL_CLUSTER_NAME_UID && marks && marks < 16);
  memset(out, '0', PEAL_CLUSTER_NAME_HOST_LEN);
  memcpy(out, uid.ptr, uid.len);
  memcpy(out + uid.len, hex_word, HEX_WORD_LEN);
  out[uid.len + HEX_WORD_LEN] = digits[marks];
}

static unsigned marks_of(char digit) {
  const char *at = digit ? strchr(digits, digit) : NULL;
  return at ? (unsigned)(at - digits) : 0;
}

unsigned peal_cluster_name_marks(peal_slice name, peal_slice *uid) {
  if (name.len != PEAL_CLUSTER_NAME_LEN ||
      memcmp(name.ptr, word, WORD_LEN) != 0)
    return 0;
  if (uid)
    *uid = (peal_slice){name.ptr + WORD_LEN + 1, PEAL_CLUSTER_NAME_UID};
  return marks_of(name.ptr[WORD_LEN]);
}

unsigned peal_cluster_name_host_marks(peal_slice host, peal_slice *uid) {
  if (host.len != PEAL_CLUSTER_NAME_HOST_LEN ||
      memcmp(host.ptr + PEAL_CLUSTER_NAME_UID, hex_word, HEX_WORD_LEN) != 0)
    return 0;
  if (uid)
    *uid = (peal_slice){host.ptr, PEAL_CLUSTER_NAME_UID};
  return marks_of(host.ptr[PEAL_CLUSTER_NAME_UID + HEX_WORD_LEN]);
}
