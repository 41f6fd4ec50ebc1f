/* SPDX-License-Identifier: MIT */
#pragma once
/* sockets: who may connect (a person with a token, a device with its key), how
 * many of them, their rooms, and the events that are the program's own. */
#include "care.h"

PEAL_MUST_CHECK peal_err sockets_register(care *app);
