/* SPDX-License-Identifier: MIT */
#pragma once
/* zone: the time zone of the program. */
#include <stdbool.h>

/* A name of the time zone database such as Asia/Kolkata, or an offset such as
 * +05:30. It becomes that of the process: before any thread. False: it is
 * none. */
bool zone_set(const char *name);
