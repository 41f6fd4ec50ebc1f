/* SPDX-License-Identifier: MIT */
#pragma once
/* web_date: HTTP dates (RFC9110 5.6.7), in seconds since 1970. */
#include <peal/base.h>

/* "Sun, 06 Nov 1994 08:49:37 GMT", terminated. Thread: pure. */
void peal_web_date_print(char out[30], int64_t seconds);
/* All three forms that RFC9110 tells to accept. Thread: pure. */
bool peal_web_date_parse(peal_slice text, int64_t *seconds);
