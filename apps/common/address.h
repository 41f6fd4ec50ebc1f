/* SPDX-License-Identifier: MIT */
#pragma once
/* address: whom an address stands for when it is counted: itself, or of IPv6
 * the network of 64 bits, as every host there may choose the rest. */
#include <peal/base.h>

enum { ADDRESS_BYTES = 46 };

/* Write the text that is counted; what is no address stays as it is, cut.
 * Thread: pure. */
void address_network(char out[ADDRESS_BYTES], peal_slice address);
