/* SPDX-License-Identifier: MIT */
#include "base/mem_block.h"

#include <assert.h>
#include <string.h>

/* What base/arena needs, and what a head takes. */
#define ALIGN 16u
#define USED_BIT 1u

/* In front of each piece; sizes are multiples of ALIGN, heads included. */
typedef struct piece {
  _Alignas(ALIGN) size_t size_and_bit;
} piece;

static size_t size_of(const piece *at) {
  return at->size_and_bit & ~(size_t)USED_BIT;
}

static bool is_used(const piece *at) {
  return (at->size_and_bit & USED_BIT) != 0;
}

static piece *first_of(const peal_mem_block *block) {
  return (piece *)(void *)block->begin;
}

/* NULL behind the last one. */
static piece *next_of(const peal_mem_block *block, piece *at) {
  char *next = (char *)at + size_of(at);
  return next < block->end ? (piece *)(void *)next : NULL;
}

/* With its free neighbours behind it. */
static void join(const peal_mem_block *block, piece *at) {
  piece *next;
  while (!is_used(at) && (next = next_of(block, at)) && !is_used(next))
    at->size_and_bit += size_of(next);
}

/* Only the first `size` bytes stay with it. */
static void split(const peal_mem_block *block, piece *at, size_t size) {
  size_t rest = size_of(at) - size;
  if (rest < sizeof(piece) + ALIGN)
    return;
  at->size_and_bit = size | (at->size_and_bit & USED_BIT);
  piece *next = next_of(block, at);
  next->size_and_bit = rest;
  join(block, next);
}

/* 0: it cannot be had. */
static size_t whole(const peal_mem_block *block, size_t size) {
  size_t room = (size_t)(block->end - block->begin);
  if (size > room || room < sizeof(piece))
    return 0;
  size_t bytes = sizeof(piece) + (size + ALIGN - 1) / ALIGN * ALIGN;
  return bytes <= room ? bytes : 0;
}

static void count(peal_mem_block *block, size_t before, size_t now) {
  block->used += now - before;
  if (block->used > block->most)
    block->most = block->used;
}

static void *block_alloc(void *user, size_t size) {
  peal_mem_block *block = user;
  size_t bytes = whole(block, size ? size : 1);
  if (!bytes)
    return NULL;
  for (piece *at = first_of(block); at; at = next_of(block, at)) {
    join(block, at);
    if (is_used(at) || size_of(at) < bytes)
      continue;
    split(block, at, bytes);
    at->size_and_bit |= USED_BIT;
    count(block, 0, size_of(at));
    return at + 1;
  }
  return NULL;
}

static void block_release(void *user, void *ptr) {
  peal_mem_block *block = user;
  if (!ptr)
    return;
  piece *at = (piece *)ptr - 1;
  assert(is_used(at));
  at->size_and_bit &= ~(size_t)USED_BIT;
  count(block, size_of(at), 0);
  join(block, at);
}

/* In its place, if what is behind it is free. */
static bool grow(peal_mem_block *block, piece *at, size_t bytes) {
  piece *next = next_of(block, at);
  if (!next || is_used(next))
    return false;
  join(block, next);
  if (size_of(at) + size_of(next) < bytes)
    return false;
  at->size_and_bit += size_of(next);
  return true;
}

static void *block_resize(void *user, void *ptr, size_t size) {
  peal_mem_block *block = user;
  if (!ptr)
    return block_alloc(user, size);
  piece *at = (piece *)ptr - 1;
  size_t bytes = whole(block, size ? size : 1), before = size_of(at);
  if (!bytes)
    return NULL;
  if (before >= bytes || grow(block, at, bytes)) {
    split(block, at, bytes);
    count(block, before, size_of(at));
    return ptr;
  }
  void *moved = block_alloc(user, size);
  if (!moved)
    return NULL;
  memcpy(moved, ptr, before - sizeof(piece));
  block_release(user, ptr);
  return moved;
}

void peal_mem_block_init(peal_mem_block *block, void *memory, size_t bytes) {
  size_t skip = (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
  size_t room = memory && bytes > skip ? (bytes - skip) / ALIGN * ALIGN : 0;
  if (room <= sizeof(piece))
    room = 0;
  *block =
      (peal_mem_block){.mem = {block_alloc, block_resize, block_release, block},
                       .begin = room ? (char *)memory + skip : NULL};
  block->end = room ? block->begin + room : NULL;
  if (room)
    *first_of(block) = (piece){.size_and_bit = room};
}

bool peal_mem_block_check(const peal_mem_block *block) {
  size_t used = 0, seen = 0;
  if (!block->begin)
    return block->used == 0;
  for (piece *at = first_of(block); at; at = next_of(block, at)) {
    if (size_of(at) < sizeof(piece) || size_of(at) % ALIGN)
      return false;
    seen += size_of(at);
    used += is_used(at) ? size_of(at) : 0;
  }
  return seen == (size_t)(block->end - block->begin) && used == block->used;
}
