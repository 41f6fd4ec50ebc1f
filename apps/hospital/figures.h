/* SPDX-License-Identifier: MIT */
#pragma once
/* figures: how the program is, for people and for Prometheus. */
#include "hospital.h"

PEAL_MUST_CHECK peal_err figures_register(hospital *app);
