/* SPDX-License-Identifier: MIT */
#pragma once
/* driver_open: a client, from the options of an `open`, in the reference's
 * names. */
#include <peal/client.h>

/* NULL, and reported, if it cannot be had. `worker` NULL: one of its own, which
 * runs when peal_client_start is called. */
peal_client *driver_open_client(peal_val command, peal_worker *worker);
