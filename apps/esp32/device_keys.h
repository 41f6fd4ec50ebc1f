/* SPDX-License-Identifier: MIT */
#pragma once
/* device_keys: which device must show which key. Keys are random, the store
 * has their hashes. A device that has a key must send it as X-Device-Key; one
 * whose key was revoked is refused until it is given another; one that never
 * had any is let in unless keys are required of all.
 *
 * Keys are managed by the same program run beside the server
 * (--add-device-key ID), which looks again every two seconds. */
#include "dash.h"

typedef struct device_keys device_keys;

/* Load the keys. Blocks: before the run. Returns NULL after logging why. */
device_keys *device_keys_new(dash *app);
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
/* Does it have one, valid or revoked? Thread: any. */
bool device_keys_has(device_keys *keys, peal_slice id);
/* A key that lasts as long as this run, for the simulated devices. Borrowed.
 * NULL if there are no random numbers. */
const char *device_keys_for_simulation(device_keys *keys);

/* The command line: --add-device-key, --revoke-device-key, --list-device-keys
 * on an open store. Returns the exit code. */
int device_keys_manage(peal_store *store, const settings *conf);
