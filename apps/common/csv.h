/* SPDX-License-Identifier: MIT */
#pragma once
/* csv: text that grows, and values in it as cells of a file that spreadsheets
 * read (RFC 4180). */
#include <peal/val.h>

/* {0} is an empty one. Once `failed`, it takes nothing more: one look at the
 * end is enough. */
typedef struct csv {
  char *bytes;
  size_t len, cap;
  bool failed; /* memory is out, or it would be over 8 MiB */
} csv;

void csv_free(csv *t);
/* As it is. */
void csv_add(csv *t, const char *bytes, size_t len);
/* A cell: text in quotes where it needs them, numbers so that they are read
 * back as the same; anything else is an empty cell. */
void csv_add_value(csv *t, peal_val value);
