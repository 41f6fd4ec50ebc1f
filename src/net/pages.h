/* SPDX-License-Identifier: MIT */
#pragma once
/* pages: memory that comes from the system by itself and goes back to it when
 * it is released, whatever lies beside it: for the spans of small blocks of a
 * worker whose program gave no allocator of its own. libc's heap would keep
 * what a flood of clients needed below the first block that stays. */
#include <peal/base.h>

/* Thread: any. Whole pages for each block: for large ones. */
const peal_mem *peal_pages(void);
