/* SPDX-License-Identifier: MIT */
#pragma once
/* err_site: where in the source an error was made, in builds with asserts:
 *
 *   return PEAL_FAIL(PEAL_ERR_WS_LEN);
 *
 * notes file and line for this thread; whoever writes a line about the error
 * adds peal_err_site_text(err). Without asserts the macro is its argument and
 * the text is empty. Functions that give a message of their own
 * (peal_err_info) say by it where they are. */
#include <peal/base.h>

/* Bytes of a text with its terminator, at most. */
#define PEAL_ERR_SITE_TEXT 96

#ifndef NDEBUG
#define PEAL_FAIL(err) peal_err_site_note((err), __FILE__, __LINE__)
#else
#define PEAL_FAIL(err) (err)
#endif

/* Note where `err` was made. Returns `err`. */
peal_err peal_err_site_note(peal_err err, const char *file, unsigned line);
/* " (folder/file:line)" of the last error noted in this thread, if it was
 * `err`; else "". Written to `out`, which is returned. */
const char *peal_err_site_text(peal_err err, char out[PEAL_ERR_SITE_TEXT]);
