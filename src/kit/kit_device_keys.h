/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_device_keys: what makes the part that knows the keys. */
#include <peal/kit_devices.h>

/* Load the keys. Blocks: before the run. Returns NULL after logging why. */
peal_kit_device_keys *peal_kit_device_keys_new(peal_kit *h);
void peal_kit_device_keys_free(peal_kit_device_keys *keys);
/* The command line: --add-device-key, --revoke-device-key, --list-device-keys
 * on an open store. Returns the exit code. */
int peal_kit_device_keys_manage(peal_kit *h);
