/* SPDX-License-Identifier: MIT */
#pragma once
/* driver_do: what the driver is told to do (tests/interop/README.md). */
#include <peal/client.h>

/* Where clients live: on this worker, or (NULL) each on a thread of its own. */
void driver_do_on(peal_worker *worker);
/* Perform a command; `open` only by driver_do_line. */
void driver_do(peal_val command);
/* Perform the command of a line. Takes `doc`. */
void driver_do_line(peal_doc *doc);
