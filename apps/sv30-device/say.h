/* SPDX-License-Identifier: MIT */
#pragma once
/* say: the device's log lines, "[SOCKETIO] …" on stdout, one each, as those who
 * read the original's logs know them. Thread: any. */
#include <peal/base.h>

void say(const char *format, ...) PEAL_PRINTF(1, 2);
