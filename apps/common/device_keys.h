/* SPDX-License-Identifier: MIT */
#pragma once
/* device_keys: which device must show which key. Keys are random, the store
 * has their hashes. A device that has a key must send it as X-Device-Key; one
 * whose key was revoked is refused until it is given another; one that never
 * had any is let in unless keys are required of all.
 *
 * Keys are managed by the same program run beside the server
 * (--add-device-key ID), which looks again every two seconds. */
#include "device_id.h"
#include "digest.h"
#include "house.h"

enum { DEVICE_KEY_BYTES = 2 * 24 + 1 }; /* with the terminator */

/* The statement that ends a key: id, the time. */
#define DEVICE_KEYS_REVOKE                                                     \
  "UPDATE device_keys SET is_revoked = 1, changed = max(changed + 1, ?2)"      \
  " WHERE device_id = ?1 RETURNING device_id"

typedef struct device_keys device_keys;

/* Load the keys. Blocks: before the run. Returns NULL after logging why. */
device_keys *device_keys_new(house *h);
void device_keys_free(device_keys *keys);
/* Look again; at most one look is under way. On a worker. */
void device_keys_refresh(device_keys *keys);

typedef enum device_keys_verdict {
  DEVICE_KEYS_SHOWN,   /* the key is that of the device */
  DEVICE_KEYS_NONE,    /* the device has none, and needs none */
  DEVICE_KEYS_REFUSED, /* it has another one, or was refused, or needs one */
  DEVICE_KEYS_WAIT,    /* too many wrong keys came for it from there */
} device_keys_verdict;

/* May a request from `address` with this key (or none) speak for device `id`?
 * *retry_ms (may be NULL) is set with DEVICE_KEYS_WAIT. On a worker. */
PEAL_MUST_CHECK device_keys_verdict device_keys_ask(device_keys *keys,
                                                    peal_slice address,
                                                    peal_slice id,
                                                    peal_slice key,
                                                    uint64_t *retry_ms);
/* Whose key is it? `id` is set with DEVICE_KEYS_SHOWN. For devices that tell
 * nothing but their key. On a worker. */
PEAL_MUST_CHECK device_keys_verdict device_keys_who(device_keys *keys,
                                                    peal_slice address,
                                                    peal_slice key,
                                                    char id[DEVICE_ID_BYTES]);
/* Is the key with this hash still that of the device? Thread: any. */
bool device_keys_is_of(device_keys *keys, peal_slice id,
                       const uint8_t hash[DIGEST_BYTES]);
/* Does it have one, valid or revoked? Thread: any. */
bool device_keys_has(device_keys *keys, peal_slice id);
/* A key that lasts as long as this run, for the simulated devices. Borrowed.
 * NULL if there are no random numbers. */
const char *device_keys_for_simulation(device_keys *keys);

/* A new key for `id`, which is good: in `out` at once, valid when it is stored:
 * `fn` as of peal_store_write. Without `fn` it is stored when this returns:
 * before the run only. */
PEAL_MUST_CHECK peal_err device_keys_store(house *h, const char *id,
                                           char out[DEVICE_KEY_BYTES],
                                           peal_store_fn fn, void *user);
/* The command line: --add-device-key, --revoke-device-key, --list-device-keys
 * on an open store. Returns the exit code. */
int device_keys_manage(house *h);
