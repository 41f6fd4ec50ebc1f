/* SPDX-License-Identifier: MIT */
#pragma once
/* screens: sockets: who may connect, their rooms, what they join and what they
 * have missed: README.md. */
#include "hospital.h"

PEAL_MUST_CHECK peal_err screens_register(hospital *app);
