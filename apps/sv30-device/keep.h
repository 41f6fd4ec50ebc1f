/* SPDX-License-Identifier: MIT */
#pragma once
/* keep: small files that are there whole or not at all, and that survive the
 * power. On any thread; they block. */
#include <stddef.h>

#include <peal/val.h>

/* Make a folder, and those above it. */
bool keep_make_dir(const char *path);
/* In place of what was there; errno says why not. */
bool keep_write(const char *path, peal_val value);
/* A line of JSON behind what is there: whole, or not at all; errno says why
 * not. */
bool keep_append(const char *path, peal_val value);
/* The document in a file of at most `max` bytes. NULL: it is not there, or is
 * no JSON; `why` (of `cap` bytes) says which. The caller's: peal_doc_free. */
peal_doc *keep_read(const char *path, size_t max, char *why, size_t cap);
