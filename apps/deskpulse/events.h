/* SPDX-License-Identifier: MIT */
#pragma once
/* events: who may watch, and how viewers are greeted. */
#include "desk.h"

/* Register everything on the namespace, before the run. */
PEAL_MUST_CHECK peal_err events_register(desk *app);
