/* SPDX-License-Identifier: MIT */
#pragma once
/* cookie_jar_date: when a cookie expires, read as agents read it (RFC6265
 * 5.1.1): whatever order and separators. */
#include <peal/base.h>

/* Seconds since 1970. False, *seconds undefined, if it is no date. Thread:
 * pure. */
bool peal_cookie_jar_date(peal_slice text, int64_t *seconds);
