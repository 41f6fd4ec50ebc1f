/* SPDX-License-Identifier: MIT */
#pragma once
/* risk: vital signs become a score (news2.h), are kept, shown, and from high on
 * make an alert. */
#include "hospital.h"

PEAL_MUST_CHECK peal_err risk_register(hospital *app);
