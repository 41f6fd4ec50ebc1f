/* SPDX-License-Identifier: MIT */
#pragma once
/* devices: whose each device is, what its key is, and whether it is there. In
 * memory for all workers; the store has it, too, and is looked at again every
 * second, as keys are made by the same program run beside the server. */
#include <peal/kit.h>

#include "care.h"

enum {
  DEVICES_KEY_BYTES = 2 * 24 + 1, /* with the terminator */
  DEVICES_ROOM_BYTES = PEAL_KIT_DEVICE_ID_BYTES + 8,
};

typedef struct devices devices;

/* A device that has shown its key. */
typedef struct devices_one {
  int64_t no, user_id;
  char id[PEAL_KIT_DEVICE_ID_BYTES];
  uint8_t hash[PEAL_KIT_DIGEST_BYTES]; /* of the key that it showed */
} devices_one;

/* Load them. Blocks: before the run. NULL after logging why. */
devices *devices_new(care *app);
void devices_free(devices *all);
/* Every second, on worker 0: who has fallen silent, who is new in the store, and
 * what was heard is stored. */
void devices_tick(devices *all);

/* Is it the key of this device? Wrong ones are counted, for the device and the
 * address that they come from. On a worker. */
PEAL_MUST_CHECK bool devices_ask(devices *all, peal_slice address,
                                 peal_slice id, peal_slice key,
                                 devices_one *out, peal_kit_refusal *why);
/* The same after another look at the store, unless memory knows this key for
 * this device: one that was made a moment ago by another process is good at
 * once. Calls `fn`, inside this call or later on this worker; the slices are
 * copied. */
typedef void (*devices_ready_fn)(void *user);
void devices_prepare(devices *all, peal_slice id, peal_slice key,
                     devices_ready_fn fn, void *user);
/* Is the key that it showed still its own, and does it belong to the same
 * person? Thread: any. */
bool devices_is_valid(devices *all, const devices_one *one);
/* Whose is it? 0: nobody's. Thread: any. */
int64_t devices_owner(devices *all, peal_slice id);

/* The id of the one with this number; false: it is not known. Thread: any. */
PEAL_MUST_CHECK bool devices_id(devices *all, int64_t no,
                                char out[PEAL_KIT_DEVICE_ID_BYTES]);

/* It has been heard: it is there. `battery` in percent, NAN: it did not say.
 * Its owner is told if that is news. Thread: any. */
void devices_heard(devices *all, const devices_one *one, double battery);
/* It has one socket more (+1) or less (-1): with one it is there, however silent
 * it is. Thread: any. */
void devices_socket(devices *all, const devices_one *one, int step);

/* The room of its sockets. Thread: pure. */
void devices_room(char out[DEVICES_ROOM_BYTES], const char *id);
/* Those of one person, in the order of their ids, as an array. */
peal_val devices_list(devices *all, int64_t user_id, peal_build *build);
/* How many, and how many of them are there. Thread: any. */
void devices_totals(devices *all, size_t *count, size_t *online);

/* A row of the store has changed: `id` belongs to `user_id` with the key of
 * `hash` now. For who has just written it. False: memory is out. */
PEAL_MUST_CHECK bool devices_put(devices *all, int64_t no, const char *id,
                                 int64_t user_id,
                                 const uint8_t hash[PEAL_KIT_DIGEST_BYTES],
                                 int64_t changed, bool is_revoked);
/* A new key, and its hash; false: no random numbers. Thread: any. */
PEAL_MUST_CHECK bool devices_make_key(char out[DEVICES_KEY_BYTES],
                                      uint8_t hash[PEAL_KIT_DIGEST_BYTES]);
