/* SPDX-License-Identifier: MIT */
#pragma once
/* log_text: makes a log line of text that a peer may have sent: nothing of it
 * may end the line or talk to the terminal. */
#include <stdbool.h>
#include <stddef.h>

/* Bytes of control characters (C0, DEL, C1 as UTF-8) and bytes that are not
 * UTF-8 (a terminal may take them for C1, ECMA-48 5.3) become '?'. */
void peal_log_text_clean(char *text, size_t len);
/* Bytes of the character at `text` (`left` not 0), 0 if it is none. */
size_t peal_log_text_char(const char *text, size_t left);
/* Is this character of `len` bytes one that moves the cursor, ends a line or
 * does something else than to be seen: U+0000 to U+001F, U+007F to U+009F? */
bool peal_log_text_is_control(const char *text, size_t len);
