/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_say: lines on stderr: what is wrong, and what is going on. */
#include <peal/base.h>

/* "peal emit: …". `command` NULL: "peal: …". */
void cli_say(const char *command, const char *format, ...) PEAL_PRINTF(2, 3);
