/* SPDX-License-Identifier: MIT */
#include "proto/cluster_state.h"

#include "base/mem.h"

void *peal_cluster_state_alloc(peal_cluster_machine *machine, size_t size) {
  peal_account *account = machine->opts.account;
  if (account && peal_account_charge(account, size))
    return NULL;
  void *ptr = peal_mem_zalloc(machine->opts.mem, size);
  if (!ptr && account)
    peal_account_release(account, size);
  return ptr;
}

void peal_cluster_state_free(peal_cluster_machine *machine, void *ptr,
                             size_t size) {
  if (ptr && machine->opts.account)
    peal_account_release(machine->opts.account, size);
  peal_mem_free(machine->opts.mem, ptr);
}

uint64_t peal_cluster_state_hash(peal_slice name) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < name.len; i++)
    hash = (hash ^ (unsigned char)name.ptr[i]) * 1099511628211u;
  return hash ? hash : 1;
}

/* splitmix64 */
uint64_t peal_cluster_state_roll(peal_cluster_machine *machine) {
  uint64_t z = machine->dice += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
