/* SPDX-License-Identifier: MIT */
#pragma once
/* routes: which address is whose. */
#include "dash.h"

/* Register everything on dash->web. Errors are
 * logged. */
PEAL_MUST_CHECK peal_err routes_register(dash *app);
