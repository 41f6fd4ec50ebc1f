/* SPDX-License-Identifier: MIT */
#pragma once
/* web_open: open a file below a folder and nowhere else. Blocks: on a pool
 * thread only. */
#include <peal/base.h>

/* A folder to be given to peal_web_open_at; or -errno. */
int peal_web_open_folder(const char *path);
/* `path` is relative; symbolic links are followed as long as they stay below
 * the folder. Never waits for a FIFO. A descriptor, or -errno (-EXDEV: it
 * leaves the folder). */
int peal_web_open_at(int folder, const char *path);
/* May these parts name a public file: none empty, none that begins with a
 * dot, no slash inside? Thread: pure. */
bool peal_web_open_is_public(const peal_slice *parts, size_t count);
