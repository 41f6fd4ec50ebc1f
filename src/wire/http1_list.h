/* SPDX-License-Identifier: MIT */
#pragma once
/* http1_list: the lists in field values (RFC9110 5.6.1): pieces between
 * commas, semicolons or the like, without the blanks around them. */
#include <peal/base.h>

/* Without the blanks (RFC9110 5.6.3: space and tab) around it. Thread: pure. */
peal_slice peal_http1_list_trim(peal_slice text);
/* The piece before the next `separator`, trimmed and taken off the list, whose
 * ptr is NULL behind the last. An empty list has one empty piece, NULL has
 * none. Returns false at the end. Thread: pure. */
bool peal_http1_list_next(peal_slice *list, char separator, peal_slice *out);
