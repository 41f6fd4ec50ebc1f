/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_devices: who a device is: what may be its name, which key it must show,
 * whether it is heard, and how much it may send.
 *
 *   guest --> gate: id good? key right? within the rates of id and address?
 *                |
 *                +--> presence: online, last seen; silent for too long: offline
 *
 * Keys are random, the store has their hashes. A device that has a key must
 * send it; one whose key was revoked is refused until it is given another; one
 * that never had any is let in unless keys are required of all. They are
 * managed by the same program run beside the server (--add-device-key ID),
 * which looks again every two seconds. */
#include <peal/kit_answer.h>
#include <peal/kit_auth.h>
#include <peal/kit_program.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- ids ------------------------------------------------------------------- */

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

/* -- keys ------------------------------------------------------------------ */

enum { PEAL_KIT_DEVICE_KEY_BYTES = 2 * 24 + 1 }; /* with the terminator */

/* `changed` of a change is no less than this, whatever the clock says: by it the
 * program that runs sees that there is one. */
#define PEAL_KIT_DEVICE_KEYS_LATER                                             \
  "(SELECT ifnull(max(changed), 0) + 1 FROM device_keys)"
/* The statement that ends a key: id, the time. */
#define PEAL_KIT_DEVICE_KEYS_REVOKE                                            \
  "UPDATE device_keys SET is_revoked = 1,"                                     \
  " changed = max(?2, " PEAL_KIT_DEVICE_KEYS_LATER ")"                         \
  " WHERE device_id = ?1 RETURNING device_id"

/* The keys of all devices, as the store had them last. */
typedef struct peal_kit_device_keys peal_kit_device_keys;

/* Look again; at most one look is under way. On a worker. */
PEAL_API void peal_kit_device_keys_refresh(peal_kit_device_keys *keys);

typedef enum peal_kit_device_keys_verdict {
  PEAL_KIT_DEVICE_KEYS_SHOWN,   /* the key is that of the device */
  PEAL_KIT_DEVICE_KEYS_NONE,    /* the device has none, and needs none */
  PEAL_KIT_DEVICE_KEYS_REFUSED, /* it has another, was refused, or needs one */
  PEAL_KIT_DEVICE_KEYS_WAIT,    /* too many wrong keys came for it from there */
} peal_kit_device_keys_verdict;

/* May a request from `address` with this key (or none) speak for device `id`?
 * *retry_ms (may be NULL) is set with PEAL_KIT_DEVICE_KEYS_WAIT. On a
 * worker. */
PEAL_API PEAL_MUST_CHECK peal_kit_device_keys_verdict
peal_kit_device_keys_ask(peal_kit_device_keys *keys, peal_slice address,
                         peal_slice id, peal_slice key, uint64_t *retry_ms);
/* Whose key is it? `id` is set with PEAL_KIT_DEVICE_KEYS_SHOWN. For devices
 * that tell nothing but their key. On a worker. */
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

/* -- presence -------------------------------------------------------------- */

/* A device as it was heard. */
typedef struct peal_kit_presence_info {
  char id[PEAL_KIT_DEVICE_ID_BYTES];
  int64_t first_seen, last_seen; /* ms since 1970 */
  bool is_online;
} peal_kit_presence_info;

/* With the list locked: no other function of it. `more` is the application's
 * own memory of this device. */
typedef void (*peal_kit_presence_fn)(const peal_kit_presence_info *info,
                                     void *more, void *user);

typedef struct peal_kit_presence_opts {
  size_t max_devices; /* that are remembered; default 1000 */
  size_t
      max_network_devices; /* of them, that have shown no key and come from one
                                 address (IPv6: its /64); default 250 */
  int64_t offline_ms;      /* silent for so long; default 15000 */
  size_t more_bytes;       /* of the application's in each, zeroed */
  /* It has come online, or fallen silent. On the worker that noticed it. */
  void (*on_change)(const peal_kit_presence_info *info, void *user);
  /* It makes room for another; false: it has to stay. Locked, as above. */
  bool (*on_forget)(const peal_kit_presence_info *info, void *more, void *user);
  void *user;
} peal_kit_presence_opts;

/* Which devices there are, for all workers. */
typedef struct peal_kit_presence peal_kit_presence;

/* `opts` is copied. NULL: out of memory. */
PEAL_API peal_kit_presence *peal_kit_presence_new(
    peal_kit *kit, const peal_kit_presence_opts *opts);
PEAL_API void peal_kit_presence_free(peal_kit_presence *all);
/* Every second, on one worker: who has fallen silent. */
PEAL_API void peal_kit_presence_tick(peal_kit_presence *all);

/* It is known from an earlier run: before this one. Returns: PEAL_OK,
 * PEAL_ERR_LIMIT, PEAL_ERR_NOMEM, PEAL_ERR_USAGE (the id is too long). */
PEAL_API peal_err peal_kit_presence_known(peal_kit_presence *all, peal_slice id,
                                          int64_t first_seen,
                                          int64_t last_seen);
/* It has been heard, by a request: it is online. `network`
 * (peal_kit_address_network; "" where it has shown its key) answers for the ids
 * that are new: where there are too many of one, one more takes the place of
 * the silent or the newest of these. *stamp (may be NULL) is the time, later
 * than every stamp of this device before. Returns: as peal_kit_presence_known.
 * Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_presence_heard(
    peal_kit_presence *all, peal_slice id, const char *network, int64_t *stamp);
/* A heartbeat: it is online if it is known; others are not noted. Thread:
 * any. */
PEAL_API void peal_kit_presence_noticed(peal_kit_presence *all, peal_slice id);

/* Look at one, or change what is the application's. False: there is none.
 * Thread: any. */
PEAL_API bool peal_kit_presence_with(peal_kit_presence *all, peal_slice id,
                                     peal_kit_presence_fn fn, void *user);
/* The same for all, by id. Thread: any. */
PEAL_API void peal_kit_presence_each(peal_kit_presence *all,
                                     peal_kit_presence_fn fn, void *user);
/* How many, and how many of them online. Thread: any. */
PEAL_API void peal_kit_presence_totals(peal_kit_presence *all, size_t *count,
                                       size_t *online);

/* -- the gate -------------------------------------------------------------- */

/* Who wants to come in; all borrowed. */
typedef struct peal_kit_guest {
  peal_slice address, id, key; /* an empty key: it has shown none */
  bool has_shown_key;          /* filled in: it was the key of this id */
} peal_kit_guest;

/* Rows of an application's options: how much one device may send. `what` is
 * text such as "readings"; `rate` and `burst` are the defaults, as text. */
#define PEAL_KIT_RATE_KEYS(what, rate, burst)                                  \
  {.name = "device-rate",                                                      \
   .type = PEAL_CONFIG_INT,                                                    \
   .otherwise = rate,                                                          \
   .help = what " per second that one device may send",                        \
   .min = 1,                                                                   \
   .max = 1000000},                                                            \
  {                                                                            \
    .name = "device-burst", .type = PEAL_CONFIG_INT, .otherwise = burst,       \
    .help = "and so many at once", .min = 1, .max = 1000000                    \
  }

/* Requests a second, and how many at once. */
typedef struct peal_kit_gate_opts {
  unsigned device_rate, device_burst;
  unsigned address_rate, address_burst; /* of devices that show no key */
  peal_kit_presence *presence;          /* borrowed; NULL: not noted */
} peal_kit_gate_opts;

/* The one place that asks a device for its key and counts what it sends. */
typedef struct peal_kit_gate peal_kit_gate;

/* NULL: out of memory. The kit has a store. */
PEAL_API peal_kit_gate *peal_kit_gate_new(peal_kit *kit,
                                          const peal_kit_gate_opts *opts);
PEAL_API void peal_kit_gate_free(peal_kit_gate *gate);
/* May this be the name of a device? False: `why` says why not. Thread: pure. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_gate_id(peal_slice id,
                                               peal_kit_refusal *why);
/* Is the id good and the key right for it? On a worker. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_gate_check(peal_kit_gate *gate,
                                                  peal_kit_guest *guest,
                                                  peal_kit_refusal *why);
/* And is it within its rate, and its address? Takes one of its tokens; notes
 * that it was heard, with the time of that in *stamp. On a worker. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_gate_enter(peal_kit_gate *gate,
                                                  peal_kit_guest *guest,
                                                  int64_t *stamp,
                                                  peal_kit_refusal *why);

#ifdef __cplusplus
}
#endif
