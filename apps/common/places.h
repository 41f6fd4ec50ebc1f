/* SPDX-License-Identifier: MIT */
#pragma once
/* places: where things are: the programs beside this one, the page and the
 * browser client in the share folder, the data folder that only one program
 * may use. */
#include <stdbool.h>
#include <stddef.h>

/* The path of `name` in this program's own folder. */
bool places_sibling(char *out, size_t cap, const char *name);
/* The folder `name` of the share folder: beside this program's folder in a
 * build or an installation that was moved, else where it was installed. */
bool places_share(char *out, size_t cap, const char *name);
/* Make the folder (mode 0700) and those above it if they are missing. On
 * failure errno says why. */
bool places_make_dir(const char *dir);
/* Hold the folder until the program ends. Returns a descriptor, or -1: errno
 * EWOULDBLOCK means that another program holds it. */
int places_lock(const char *dir);
