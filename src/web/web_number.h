/* SPDX-License-Identifier: MIT */
#pragma once
/* web_number: decimal integers in paths, queries, headers. */
#include <peal/base.h>

/* [-]digits and nothing else, within int64_t. Thread: pure. */
bool peal_web_number_parse(peal_slice text, int64_t *out);
