/* SPDX-License-Identifier: MIT */
#include "proto/ws_deflate.h"

#include "wire/deflate_terms.h"
#include "wire/ws_frame.h"

static size_t len_of(char prefix, peal_slice data) {
  return data.len + (prefix ? 1u : 0u);
}

bool peal_ws_deflate_is_worth(const peal_ws_deflate_rules *rules, size_t len) {
  const peal_deflate_verbs *verbs = rules->verbs;
  return len >= verbs->threshold_bytes && len <= verbs->max_bytes && len > 1 &&
         rules->bits >= PEAL_DEFLATE_TERMS_BITS_MIN;
}

size_t peal_ws_deflate_room(size_t len) {
  return len - 1u + PEAL_DEFLATE_VERBS_TAIL;
}

/* -- shared ---------------------------------------------------------------- */

/* An empty form says that it becomes no shorter. */
static const peal_message_form *make_form(const peal_ws_deflate_rules *rules,
                                          const peal_ws_shape *shape,
                                          peal_message *message, size_t part,
                                          unsigned kind) {
  const peal_deflate_verbs *verbs = rules->verbs;
  size_t room = peal_ws_deflate_room(len_of(shape->prefix, shape->body));
  peal_message_form *form = peal_message_form_new(message, part, kind, room);
  if (!form)
    return NULL;
  size_t len = verbs->deflate(verbs->user, NULL, rules->bits, shape->prefix,
                              shape->body, form->data, room);
  return peal_message_form_add(message, form, len);
}

void peal_ws_deflate_shape(const peal_ws_deflate_rules *rules,
                           peal_ws_shape *shape, peal_message *message,
                           size_t part, bool make) {
  if (!peal_ws_deflate_is_worth(rules, len_of(shape->prefix, shape->body)))
    return;
  unsigned kind = (unsigned)(uint8_t)shape->prefix << 8 | rules->bits;
  const peal_message_form *form = peal_message_form_get(message, part, kind);
  if (!form && make)
    form = make_form(rules, shape, message, part, kind);
  if (form && form->len)
    *shape = (peal_ws_shape){.opcode = shape->opcode | PEAL_WS_RSV1,
                             .body = {form->data, form->len}};
}

/* -- of one connection ------------------------------------------------------ */

static size_t context_bytes(const peal_ws_deflate_rules *rules) {
  return rules->verbs->context_bytes(rules->verbs->user, rules->bits);
}

static void release(const peal_ws_deflate_rules *rules) {
  if (rules->account)
    peal_account_release(rules->account, context_bytes(rules));
}

static void make_context(const peal_ws_deflate_rules *rules, void **context) {
  const peal_deflate_verbs *verbs = rules->verbs;
  if (*context || (rules->account &&
                   peal_account_charge(rules->account, context_bytes(rules))))
    return;
  *context = verbs->context_new(verbs->user, rules->bits);
  if (!*context)
    release(rules);
}

size_t peal_ws_deflate_own(const peal_ws_deflate_rules *rules, void **context,
                           char prefix, peal_slice data, char *out,
                           size_t room) {
  const peal_deflate_verbs *verbs = rules->verbs;
  if (context)
    make_context(rules, context);
  if (context && !*context) /* no memory, or no room in the account */
    return 0;
  return verbs->deflate(verbs->user, context ? *context : NULL, rules->bits,
                        prefix, data, out, room);
}

void peal_ws_deflate_drop(const peal_ws_deflate_rules *rules, void **context) {
  if (!*context)
    return;
  rules->verbs->context_free(rules->verbs->user, *context);
  *context = NULL;
  release(rules);
}
