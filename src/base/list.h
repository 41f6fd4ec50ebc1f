/* SPDX-License-Identifier: MIT */
#pragma once
/* list: doubly linked, intrusive, circular with a head node. A node that is
 * in no list points to itself (after _init) and may be removed again. */
#include <stdbool.h>
#include <stddef.h>

typedef struct peal_list {
  struct peal_list *next;
  struct peal_list *prev;
} peal_list;

/* The struct that holds `member`. */
#define PEAL_LIST_OF(node, type, member)                                       \
  ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void peal_list_init(peal_list *node) {
  node->next = node;
  node->prev = node;
}

static inline bool peal_list_is_empty(const peal_list *head) {
  return head->next == head;
}

/* True if the (initialised) node is in a list. */
static inline bool peal_list_is_linked(const peal_list *node) {
  return node->next != node;
}

static inline void peal_list_push(peal_list *head, peal_list *node) {
  node->prev = head->prev;
  node->next = head;
  head->prev->next = node;
  head->prev = node;
}

static inline void peal_list_remove(peal_list *node) {
  node->prev->next = node->next;
  node->next->prev = node->prev;
  peal_list_init(node);
}

/* The oldest node, taken out; NULL if the list is empty. */
static inline peal_list *peal_list_shift(peal_list *head) {
  peal_list *node = head->next;
  if (node == head)
    return NULL;
  peal_list_remove(node);
  return node;
}

/* Move all nodes of `from` to the end of `to`. */
static inline void peal_list_move(peal_list *to, peal_list *from) {
  if (peal_list_is_empty(from))
    return;
  from->next->prev = to->prev;
  to->prev->next = from->next;
  from->prev->next = to;
  to->prev = from->prev;
  peal_list_init(from);
}
