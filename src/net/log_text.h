/* SPDX-License-Identifier: MIT */
#pragma once
/* log_text: makes a log line of text that a peer may have sent: nothing of it
 * may end the line or talk to the terminal. */
#include <stddef.h>

/* Bytes of control characters (C0, DEL, C1 as UTF-8) and bytes that are not
 * UTF-8 (a terminal may take them for C1, ECMA-48 5.3) become '?'. */
void peal_log_text_clean(char *text, size_t len);
