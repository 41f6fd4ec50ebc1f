/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_keys: where in a queue the message with a conflation key stands: keys to
 * positions, open addressing, of a fixed size. */
#include <peal/base.h>

#include "base/account.h"

typedef struct peal_eio_keys peal_eio_keys;

/* Room for twice as many keys as `count`, charged to `account` (NULL: not
 * counted). Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_eio_keys *peal_eio_keys_new(uint32_t count,
                                                 const peal_mem *mem,
                                                 peal_account_worker *account);
void peal_eio_keys_free(peal_eio_keys *keys);
/* May it hold this many? */
bool peal_eio_keys_fits(const peal_eio_keys *keys, uint32_t count);
/* False if the key is not there. */
bool peal_eio_keys_find(const peal_eio_keys *keys, uint64_t key, uint32_t *pos);
/* `key` is not 0 and not there yet. */
void peal_eio_keys_put(peal_eio_keys *keys, uint64_t key, uint32_t pos);
/* `key` is there. */
void peal_eio_keys_remove(peal_eio_keys *keys, uint64_t key);
void peal_eio_keys_clear(peal_eio_keys *keys);
uint32_t peal_eio_keys_count(const peal_eio_keys *keys);
