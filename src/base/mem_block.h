/* SPDX-License-Identifier: MIT */
#pragma once
/* mem_block: an allocator inside of one block of memory that somebody hands in:
 * for small devices, where nothing is to be asked of the system once it runs.
 *
 *   | size | used ... | size | free ... | size | used ... |
 *
 * Pieces lie side by side and are found in order; the first free one that is
 * large enough is taken, neighbours that are free become one. Each call walks
 * over the pieces: meant for some hundred of them. */
#include <peal/base.h>

typedef struct peal_mem_block {
  peal_mem mem; /* to be handed on */
  char *begin, *end;
  size_t used, most; /* bytes, heads included; the most there ever were */
} peal_mem_block;

/* The block is borrowed for life; less than 64 bytes of it hold nothing. */
void peal_mem_block_init(peal_mem_block *block, void *memory, size_t bytes);
/* Do the pieces fill it? For tests. */
bool peal_mem_block_check(const peal_mem_block *block);
