/* SPDX-License-Identifier: MIT */
#include "engine/quota.h"

#include <string.h>

#include <arpa/inet.h>

#include "base/mem.h"
#include "engine/engine_limits.h"
#include "net/address.h"

peal_err peal_quota_init(peal_quota *quota, uint32_t max,
                         uint32_t max_per_address, const peal_mem *mem) {
  uint32_t trials = max_per_address < PEAL_LIMIT_ADDRESS_TRIALS
                        ? max_per_address
                        : PEAL_LIMIT_ADDRESS_TRIALS;
  atomic_init(&quota->count, 0);
  quota->max = max;
  mem = peal_mem_or_libc(mem);
  peal_err err =
      peal_address_count_init(&quota->addresses, max_per_address, mem);
  if (!err)
    err = peal_address_count_init(&quota->trials, trials, mem);
  return err;
}

void peal_quota_deinit(peal_quota *quota) {
  if (quota->addresses.mem) /* it has been initialised */
    peal_address_count_deinit(&quota->addresses);
  if (quota->trials.mem)
    peal_address_count_deinit(&quota->trials);
}

/* What counts as one peer: an IPv4 address, or the /64 of an IPv6 one (RFC4291
 * 2.5.4: the rest is the interface's own). False if it is none: who comes over
 * a Unix socket is a proxy as a rule, which speaks for many. */
static bool network_of(peal_slice address, uint8_t ip[16]) {
  char text[PEAL_ADDRESS_MAX] = "";
  memset(ip, 0, 16);
  if (address.len >= sizeof text)
    return false;
  if (address.len)
    memcpy(text, address.ptr, address.len);
  if (inet_pton(AF_INET, text, ip + 12) == 1) {
    ip[10] = ip[11] = 0xff;
    return true;
  }
  if (inet_pton(AF_INET6, text, ip) != 1)
    return false;
  memset(ip + 8, 0, 8);
  return true;
}

static peal_err take_one(peal_quota *quota) {
  unsigned before =
      atomic_fetch_add_explicit(&quota->count, 1, memory_order_relaxed);
  if (!quota->max || before < quota->max)
    return PEAL_OK;
  atomic_fetch_sub_explicit(&quota->count, 1, memory_order_relaxed);
  return PEAL_ERR_LIMIT;
}

peal_err peal_quota_take(peal_quota *quota, peal_slice address, uint32_t *tag) {
  uint8_t ip[16];
  peal_err err = take_one(quota);
  if (err)
    return err;
  *tag = 0;
  if (!network_of(address, ip))
    return PEAL_OK;
  err = peal_address_count_add(&quota->addresses, ip, tag);
  if (err)
    atomic_fetch_sub_explicit(&quota->count, 1, memory_order_relaxed);
  return err;
}

void peal_quota_give(peal_quota *quota, uint32_t tag) {
  peal_address_count_remove(&quota->addresses, tag);
  atomic_fetch_sub_explicit(&quota->count, 1, memory_order_relaxed);
}

peal_err peal_quota_try(peal_quota *quota, peal_slice address, uint32_t *tag) {
  uint8_t ip[16];
  *tag = 0;
  return network_of(address, ip)
             ? peal_address_count_add(&quota->trials, ip, tag)
             : PEAL_OK;
}

void peal_quota_tried(peal_quota *quota, uint32_t tag) {
  peal_address_count_remove(&quota->trials, tag);
}
