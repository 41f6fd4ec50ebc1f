/* SPDX-License-Identifier: MIT */
#pragma once
/* routes: every endpoint of HTTP. */
#include "care.h"

PEAL_MUST_CHECK peal_err routes_register(care *app);
