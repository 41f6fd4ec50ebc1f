/* SPDX-License-Identifier: MIT */
#pragma once
/* wards: patients, the triage queue, beds, and what people prefer to see. */
#include "hospital.h"

PEAL_MUST_CHECK peal_err wards_register(hospital *app);
