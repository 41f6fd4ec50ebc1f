/* SPDX-License-Identifier: MIT */
#include "proto/sio_held.h"

#include <assert.h>

#include "base/err_site.h"
#include "base/mem.h"

/* -- memory ----------------------------------------------------------------- */

/* Where the table of attachments begins, behind the text. */
static size_t table_at(size_t text_len) {
  return (sizeof(peal_sio_held) + text_len + 7) & ~(size_t)7;
}

size_t peal_sio_held_cost(size_t text_len, uint32_t wanted) {
  return table_at(text_len) + wanted * sizeof(peal_slice);
}

size_t peal_sio_held_bytes(const peal_sio_held *held) {
  size_t bytes = peal_sio_held_cost(held->text_len, held->wanted);
  for (uint32_t i = 0; i < held->kept; i++)
    bytes += held->attachments[i].len;
  return bytes;
}

size_t peal_sio_held_payload(const peal_sio_held *held) {
  size_t bytes = held->text_len;
  for (uint32_t i = 0; i < held->kept; i++)
    bytes += held->attachments[i].len;
  return bytes;
}

peal_sio_held *peal_sio_held_new(const peal_mem *mem, peal_slice text,
                                 uint32_t wanted) {
  peal_sio_held *held =
      peal_mem_alloc(mem, peal_sio_held_cost(text.len, wanted));
  if (!held)
    return NULL;
  *held = (peal_sio_held){.wanted = wanted, .text_len = text.len};
  held->attachments = (peal_slice *)(void *)((char *)held + table_at(text.len));
  if (text.len)
    memcpy(held->text, text.ptr, text.len);
  return held;
}

void peal_sio_held_free(const peal_mem *mem, peal_sio_held *held) {
  if (!held)
    return;
  for (uint32_t i = 0; i < held->kept - held->last_is_lent; i++)
    peal_mem_free(mem, (void *)(uintptr_t)held->attachments[i].ptr);
  peal_mem_free(mem, held);
}

peal_err peal_sio_held_attach(const peal_mem *mem, peal_sio_held *held,
                              peal_slice data) {
  assert(held->kept < held->wanted);
  char *copy = peal_mem_alloc(mem, data.len ? data.len : 1);
  if (!copy)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  if (data.len)
    memcpy(copy, data.ptr, data.len);
  held->attachments[held->kept++] = (peal_slice){copy, data.len};
  return PEAL_OK;
}

void peal_sio_held_lend(peal_sio_held *held, peal_slice data) {
  assert(held->kept + 1 == held->wanted);
  held->attachments[held->kept++] = data;
  held->last_is_lent = true;
}

peal_slice peal_sio_held_text(const peal_sio_held *held) {
  return (peal_slice){held->text, held->text_len};
}

/* -- rings ------------------------------------------------------------------ */

void peal_sio_held_push(peal_sio_held **ring, peal_sio_held *held) {
  peal_sio_held *newest = *ring;
  held->next = newest ? newest->next : held;
  if (newest)
    newest->next = held;
  *ring = held;
}

peal_sio_held *peal_sio_held_oldest(peal_sio_held *ring) {
  return ring->next;
}

peal_sio_held *peal_sio_held_shift(peal_sio_held **ring) {
  if (!*ring)
    return NULL;
  peal_sio_held *oldest = (*ring)->next;
  if (oldest == *ring)
    *ring = NULL;
  else
    (*ring)->next = oldest->next;
  return oldest;
}

void peal_sio_held_move(peal_sio_held **ring, peal_sio_held **from) {
  if (!*from)
    return;
  if (*ring) {
    peal_sio_held *oldest = (*ring)->next;
    (*ring)->next = (*from)->next;
    (*from)->next = oldest;
  }
  *ring = *from;
  *from = NULL;
}
