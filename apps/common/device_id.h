/* SPDX-License-Identifier: MIT */
#pragma once
/* device_id: what may be the name of a device: it stands in logs, on pages and
 * in addresses, and two that look alike must not be two devices. */
#include <peal/base.h>

enum { DEVICE_ID_BYTES = 65 }; /* with the terminator */

/* Text of 1 to 64 bytes, valid UTF-8, not of blanks alone; without control
 * characters and those that are not seen or turn the direction of what stands
 * beside them. Ids are compared byte by byte: two spellings of one letter (NFC
 * and NFD) are two ids. Thread: pure. */
bool device_id_is_good(peal_slice id);
/* Ids of simulated devices start with SIM. Thread: pure. */
bool device_id_is_simulated(peal_slice id);
