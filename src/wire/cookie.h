/* SPDX-License-Identifier: MIT */
#pragma once
/* cookie: the values in a Cookie field (RFC6265 4.2). Thread: pure. */
#include <peal/base.h>

/* The value of the first pair of that name (case counts), without the quotes
 * it may stand in; borrowed. False, *value unchanged, if there is none. */
bool peal_cookie_find(peal_slice field, const char *name, peal_slice *value);
