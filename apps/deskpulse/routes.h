/* SPDX-License-Identifier: MIT */
#pragma once
/* routes: which address is whose. */
#include "desk.h"

/* Register everything, before the run. Errors are logged. */
PEAL_MUST_CHECK peal_err routes_register(desk *app);
