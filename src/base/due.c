/* SPDX-License-Identifier: MIT */
#include "base/due.h"

static bool is_earlier(const peal_due *a, const peal_due *b) {
  if (a->at_ms != b->at_ms)
    return a->at_ms < b->at_ms;
  return (int32_t)(a->order - b->order) < 0;
}

/* Both are roots; either may be NULL. Returns the root of both. */
static peal_due *meld(peal_due *a, peal_due *b) {
  if (!a || !b)
    return a ? a : b;
  peal_due *parent = is_earlier(b, a) ? b : a;
  peal_due *child = parent == a ? b : a;
  child->sibling = parent->child;
  child->before = parent;
  if (parent->child)
    parent->child->before = child;
  parent->child = child;
  return parent;
}

/* The first of a row of siblings, as a root; *rest: those behind it. */
static peal_due *detach(peal_due *node, peal_due **rest) {
  *rest = node->sibling;
  node->sibling = NULL;
  node->before = NULL;
  return node;
}

/* Siblings in pairs from the left, then the pairs from the right. */
static peal_due *meld_row(peal_due *row) {
  peal_due *pairs = NULL, *root = NULL, *next;
  while (row) {
    peal_due *a = detach(row, &row);
    peal_due *b = row ? detach(row, &row) : NULL;
    peal_due *pair = meld(a, b);
    pair->sibling = pairs;
    pairs = pair;
  }
  for (; pairs; pairs = next) {
    next = pairs->sibling;
    pairs->sibling = NULL;
    root = meld(root, pairs);
  }
  return root;
}

void peal_due_add(peal_due_heap *heap, peal_due *node, uint64_t at_ms) {
  *node = (peal_due){.at_ms = at_ms, .order = ++heap->order, .is_in = true};
  heap->first = meld(heap->first, node);
}

/* Out of its row; its children stay with it. */
static void cut(peal_due *node) {
  if (node->before->child == node)
    node->before->child = node->sibling;
  else
    node->before->sibling = node->sibling;
  if (node->sibling)
    node->sibling->before = node->before;
}

void peal_due_remove(peal_due_heap *heap, peal_due *node) {
  if (!node->is_in)
    return;
  peal_due *below = meld_row(node->child);
  if (heap->first == node) {
    heap->first = below;
  } else {
    cut(node);
    heap->first = meld(heap->first, below);
  }
  *node = (peal_due){0};
}

uint64_t peal_due_first_ms(const peal_due_heap *heap) {
  return heap->first ? heap->first->at_ms : UINT64_MAX;
}

/* The node behind this one in the walk from parents to children. */
static const peal_due *walk(const peal_due *node) {
  if (node->child)
    return node->child;
  while (node && !node->sibling) {
    while (node->before && node->before->child != node)
      node = node->before;
    node = node->before;
  }
  return node ? node->sibling : NULL;
}

static bool is_right(const peal_due *node) {
  for (const peal_due *child = node->child, *before = node; child;
       before = child, child = child->sibling)
    if (child->before != before || is_earlier(child, node))
      return false;
  return node->is_in;
}

size_t peal_due_check(const peal_due_heap *heap) {
  size_t count = 0;
  if (heap->first && (heap->first->before || heap->first->sibling))
    return SIZE_MAX;
  for (const peal_due *node = heap->first; node; node = walk(node), count++)
    if (!is_right(node))
      return SIZE_MAX;
  return count;
}
