/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_devices: who a device is: what may be its name, and which key it must
 * show.
 *
 * Keys are random, the store has their hashes. A device that has a key must send
 * it; one whose key was revoked is refused until it is given another; one that
 * never had any is let in unless keys are required of all. They are managed by
 * the same program run beside the server (--add-device-key ID), which looks
 * again every two seconds. */
#include <peal/kit_auth.h>
#include <peal/kit_program.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- ids --------------------------------------------------------------------- */

enum { PEAL_KIT_DEVICE_ID_BYTES = 65 }; /* with the terminator */

/* May this be the name of a device? It stands in logs, on pages and in
 * addresses, and two that look alike must not be two devices: text of 1 to 64
 * bytes, valid UTF-8, not of blanks alone; without control
 * characters and those that are not seen or turn the direction of what stands
 * beside them. Ids are compared byte by byte: two spellings of one letter (NFC
 * and NFD) are two ids. Thread: pure. */
PEAL_API bool peal_kit_device_id_is_good(peal_slice id);
/* Ids of simulated devices start with SIM. Thread: pure. */
PEAL_API bool peal_kit_device_id_is_simulated(peal_slice id);

/* -- keys -------------------------------------------------------------------- */

enum { PEAL_KIT_DEVICE_KEY_BYTES = 2 * 24 + 1 }; /* with the terminator */

/* The statement that ends a key: id, the time. */
#define PEAL_KIT_DEVICE_KEYS_REVOKE                                            \
  "UPDATE device_keys SET is_revoked = 1, changed = max(changed + 1, ?2)"      \
  " WHERE device_id = ?1 RETURNING device_id"

/* The keys of all devices, as the store had them last. */
typedef struct peal_kit_device_keys peal_kit_device_keys;

/* Look again; at most one look is under way. On a worker. */
PEAL_API void peal_kit_device_keys_refresh(peal_kit_device_keys *keys);

typedef enum peal_kit_device_keys_verdict {
  PEAL_KIT_DEVICE_KEYS_SHOWN, /* the key is that of the device */
  PEAL_KIT_DEVICE_KEYS_NONE,  /* the device has none, and needs none */
  PEAL_KIT_DEVICE_KEYS_REFUSED, /* it has another one, or was refused, or needs one */
  PEAL_KIT_DEVICE_KEYS_WAIT, /* too many wrong keys came for it from there */
} peal_kit_device_keys_verdict;

/* May a request from `address` with this key (or none) speak for device `id`?
 * *retry_ms (may be NULL) is set with PEAL_KIT_DEVICE_KEYS_WAIT. On a worker. */
PEAL_API PEAL_MUST_CHECK peal_kit_device_keys_verdict
peal_kit_device_keys_ask(peal_kit_device_keys *keys, peal_slice address,
                         peal_slice id, peal_slice key, uint64_t *retry_ms);
/* Whose key is it? `id` is set with PEAL_KIT_DEVICE_KEYS_SHOWN. For devices that tell
 * nothing but their key. On a worker. */
PEAL_API PEAL_MUST_CHECK peal_kit_device_keys_verdict
peal_kit_device_keys_who(peal_kit_device_keys *keys, peal_slice address,
                         peal_slice key, char id[PEAL_KIT_DEVICE_ID_BYTES]);
/* Is the key with this hash still that of the device? Thread: any. */
PEAL_API bool peal_kit_device_keys_is_of(
    peal_kit_device_keys *keys, peal_slice id,
    const uint8_t hash[PEAL_KIT_DIGEST_BYTES]);
/* Does it have one, valid or revoked? Thread: any. */
PEAL_API bool peal_kit_device_keys_has(peal_kit_device_keys *keys,
                                       peal_slice id);
/* A key that lasts as long as this run, for the simulated devices. Borrowed.
 * NULL if there are no random numbers. */
PEAL_API const char *peal_kit_device_keys_for_simulation(
    peal_kit_device_keys *keys);

/* A new key for `id`, which is good: in `out` at once, valid when it is stored:
 * `fn` as of peal_store_write. Without `fn` it is stored when this returns:
 * before the run only. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_device_keys_store(
    peal_kit *h, const char *id, char out[PEAL_KIT_DEVICE_KEY_BYTES],
    peal_store_fn fn, void *user);
#ifdef __cplusplus
}
#endif
