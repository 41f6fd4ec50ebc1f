/* SPDX-License-Identifier: MIT */
#pragma once
/* bell: alerts are made, listed, acknowledged, resolved: README.md. */
#include "hospital.h"

PEAL_MUST_CHECK peal_err bell_register(hospital *app);
