/* SPDX-License-Identifier: MIT */
#include "proto/ws_inflate.h"

#include <string.h>

#include "base/err_site.h"
#include "base/mem.h"

/* The first room for a message: so many times what came, and at least so much.
 * Text of events shrinks to a third or a fifth. */
#define FIRST_TIMES 4u
#define FIRST_BYTES 512u

/* -- blocks ---------------------------------------------------------------- */

static void release(peal_ws_inflate_block *block,
                    const peal_ws_inflate_rules *rules) {
  peal_mem_free(rules->mem, block->ptr);
  if (rules->account)
    peal_account_release(rules->account, block->cap);
  *block = (peal_ws_inflate_block){NULL, 0};
}

static peal_err grow(peal_ws_inflate_block *block,
                     const peal_ws_inflate_rules *rules, size_t cap) {
  size_t more = cap - block->cap;
  peal_err err =
      rules->account ? peal_account_charge(rules->account, more) : PEAL_OK;
  if (err)
    return err;
  char *ptr = block->ptr ? peal_mem_resize(rules->mem, block->ptr, cap)
                         : peal_mem_alloc(rules->mem, cap);
  if (!ptr) {
    if (rules->account)
      peal_account_release(rules->account, more);
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  }
  *block = (peal_ws_inflate_block){ptr, cap};
  return PEAL_OK;
}

void peal_ws_inflate_settle(peal_ws_inflate *inflate,
                            const peal_ws_inflate_rules *rules) {
  if (inflate->message.ptr)
    release(&inflate->message, rules);
}

void peal_ws_inflate_deinit(peal_ws_inflate *inflate,
                            const peal_ws_inflate_rules *rules) {
  peal_ws_inflate_settle(inflate, rules);
  if (inflate->window.ptr)
    release(&inflate->window, rules);
  inflate->window_len = 0;
}

bool peal_ws_inflate_is_idle(const peal_ws_inflate *inflate) {
  return !inflate->message.ptr && !inflate->window.ptr;
}

/* -- a message ------------------------------------------------------------- */

static size_t at_most(size_t a, size_t b) {
  return a < b ? a : b;
}

/* One byte more than a message may have: so it is seen that it has more. */
static peal_err make_room(peal_ws_inflate *inflate,
                          const peal_ws_inflate_rules *rules, size_t in_len) {
  size_t cap = inflate->message.cap;
  size_t first = in_len < rules->max_bytes / FIRST_TIMES ? in_len * FIRST_TIMES
                                                         : rules->max_bytes;
  size_t next = cap ? cap * 2 : first < FIRST_BYTES ? FIRST_BYTES : first;
  return grow(&inflate->message, rules, at_most(next, rules->max_bytes + 1));
}

/* All that it has to say, as long as that may be. */
static peal_err inflate_all(peal_ws_inflate *inflate,
                            const peal_ws_inflate_rules *rules, peal_slice in,
                            size_t *len) {
  const peal_deflate_verbs *verbs = rules->verbs;
  size_t room = 0, before;
  do {
    if (!room) {
      if (*len > rules->max_bytes)
        return PEAL_FAIL(PEAL_ERR_WS_TOO_BIG);
      peal_err err = make_room(inflate, rules, in.len);
      if (err)
        return err;
    }
    char *out = inflate->message.ptr + *len;
    room = inflate->message.cap - *len;
    before = in.len + room;
    peal_err err = verbs->inflate(verbs->user, &in, &out, &room);
    if (err)
      return err;
    *len = inflate->message.cap - room;
    if (room && in.len && in.len + room == before)
      return PEAL_FAIL(PEAL_ERR_WS_DEFLATE); /* it goes no further */
  } while (in.len || !room);
  return *len > rules->max_bytes ? PEAL_FAIL(PEAL_ERR_WS_TOO_BIG) : PEAL_OK;
}

/* -- the window ------------------------------------------------------------ */

static peal_err make_window(peal_ws_inflate *inflate,
                            const peal_ws_inflate_rules *rules, size_t len) {
  size_t cap = inflate->window.cap ? inflate->window.cap : FIRST_BYTES;
  while (cap < len)
    cap *= 2;
  cap = at_most(cap, rules->window_bytes);
  return cap > inflate->window.cap ? grow(&inflate->window, rules, cap)
                                   : PEAL_OK;
}

/* RFC7692 7.1.1: its last bytes are those of the messages so far. */
peal_err peal_ws_inflate_remember(peal_ws_inflate *inflate,
                                  const peal_ws_inflate_rules *rules,
                                  peal_slice made) {
  size_t fresh = at_most(made.len, rules->window_bytes);
  size_t old = at_most(inflate->window_len, rules->window_bytes - fresh);
  if (!fresh)
    return PEAL_OK;
  peal_err err = make_window(inflate, rules, old + fresh);
  if (err)
    return err;
  char *window = inflate->window.ptr;
  memmove(window, window + (inflate->window_len - old), old);
  memcpy(window + old, made.ptr + (made.len - fresh), fresh);
  inflate->window_len = old + fresh;
  return PEAL_OK;
}

peal_err peal_ws_inflate_message(peal_ws_inflate *inflate,
                                 const peal_ws_inflate_rules *rules,
                                 peal_slice in, peal_slice *out) {
  const peal_deflate_verbs *verbs = rules->verbs;
  size_t len = 0;
  *out = (peal_slice){NULL, 0};
  /* Not as RFC7692 7.2.3.6 has it, but what a flush of nothing gives. */
  if (!in.len)
    return PEAL_OK;
  peal_err err = verbs->begin(
      verbs->user, (peal_slice){inflate->window.ptr, inflate->window_len});
  if (!err)
    err = inflate_all(inflate, rules, in, &len);
  if (!err && !verbs->is_whole(verbs->user))
    err = PEAL_FAIL(PEAL_ERR_WS_DEFLATE);
  if (err)
    return err;
  *out = (peal_slice){inflate->message.ptr, len};
  return rules->window_bytes ? peal_ws_inflate_remember(inflate, rules, *out)
                             : PEAL_OK;
}
