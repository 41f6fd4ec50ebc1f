/* SPDX-License-Identifier: MIT */
/* kit_gate: may this device send now? */
#include <stdlib.h>

#include <peal/kit_devices.h>

struct peal_kit_gate {
  peal_kit *kit;
  peal_kit_presence *presence;
  peal_web_limit *devices, *addresses;
};

peal_kit_gate *peal_kit_gate_new(peal_kit *kit,
                                 const peal_kit_gate_opts *opts) {
  peal_kit_gate *gate = calloc(1, sizeof *gate);
  if (gate == NULL)
    return NULL;
  gate->kit = kit;
  gate->presence = opts->presence;
  gate->devices = peal_web_limit_new(&(peal_web_limit_opts){
      .count = opts->device_rate, .burst = opts->device_burst});
  gate->addresses = peal_web_limit_new(&(peal_web_limit_opts){
      .count = opts->address_rate, .burst = opts->address_burst});
  if (gate->devices != NULL && gate->addresses != NULL)
    return gate;
  peal_kit_gate_free(gate);
  return NULL;
}

void peal_kit_gate_free(peal_kit_gate *gate) {
  if (gate == NULL)
    return;
  peal_web_limit_free(gate->devices);
  peal_web_limit_free(gate->addresses);
  free(gate);
}

bool peal_kit_gate_id(peal_slice id, peal_kit_refusal *why) {
  if (peal_kit_device_id_is_good(id))
    return true;
  peal_kit_refusal_set(
      why, 422, "device_id",
      "device_id must be text of 1 to 64 bytes that can be seen: no "
      "control, no invisible characters, not blanks alone");
  return false;
}

bool peal_kit_gate_check(peal_kit_gate *gate, peal_kit_guest *guest,
                         peal_kit_refusal *why) {
  uint64_t retry_ms = 0;
  if (!peal_kit_gate_id(guest->id, why))
    return false;
  peal_kit_device_keys_verdict found = peal_kit_device_keys_ask(
      gate->kit->keys, guest->address, guest->id, guest->key, &retry_ms);
  guest->has_shown_key = found == PEAL_KIT_DEVICE_KEYS_SHOWN;
  if (guest->has_shown_key || found == PEAL_KIT_DEVICE_KEYS_NONE)
    return true;
  if (found == PEAL_KIT_DEVICE_KEYS_WAIT)
    peal_kit_refusal_set(why, 429, NULL, "too many wrong keys of this device");
  else
    peal_kit_refusal_set(why, 401, NULL,
                         guest->key.len > 0
                             ? "the X-Device-Key of this device is not right"
                             : "this device must send its X-Device-Key");
  why->retry_ms = retry_ms;
  return false;
}

static bool refuse_rate(peal_kit_refusal *why, uint64_t retry_ms,
                        const char *message) {
  peal_kit_refusal_set(why, 429, NULL, "%s", message);
  why->retry_ms = retry_ms > 0 ? retry_ms : 1;
  return false;
}

/* Of an address first: one that invents ids must not have new buckets. */
static bool take_tokens(peal_kit_gate *gate, const peal_kit_guest *guest,
                        const char *network, peal_kit_refusal *why) {
  uint64_t retry_ms = 0, now_ms = peal_worker_now_ms(peal_worker_self());
  if (!guest->has_shown_key &&
      !peal_web_limit_take(gate->addresses, peal_slice_of(network), now_ms,
                           &retry_ms))
    return refuse_rate(why, retry_ms,
                       "too many requests of this address at once");
  return peal_web_limit_take(gate->devices, guest->id, now_ms, &retry_ms) ||
         refuse_rate(why, retry_ms, "too many requests of this device at once");
}

bool peal_kit_gate_enter(peal_kit_gate *gate, peal_kit_guest *guest,
                         int64_t *stamp, peal_kit_refusal *why) {
  char network[PEAL_KIT_ADDRESS_BYTES];
  peal_kit_address_network(network, guest->address);
  if (!peal_kit_gate_check(gate, guest, why) ||
      !take_tokens(gate, guest, network, why))
    return false;
  if (gate->presence == NULL) {
    *stamp = peal_kit_clock_ms(gate->kit);
    return true;
  }
  peal_err err = peal_kit_presence_heard(
      gate->presence, guest->id, guest->has_shown_key ? "" : network, stamp);
  if (err == PEAL_OK)
    return true;
  if (err == PEAL_ERR_LIMIT)
    return refuse_rate(why, 60000, "there are too many devices");
  peal_kit_refusal_set(why, 503, NULL, "%s", peal_kit_words(err));
  return false;
}
