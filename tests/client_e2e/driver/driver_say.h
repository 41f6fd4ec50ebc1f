/* SPDX-License-Identifier: MIT */
#pragma once
/* driver_say: reports, one line of JSON each, from any thread. */
#include <peal/val.h>

void driver_say(peal_val report);
