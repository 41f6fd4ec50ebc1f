/* SPDX-License-Identifier: MIT */
#pragma once
/* val_flags: what stands in the flags of a value: that it is raw text, that its
 * keys have lengths, that it is lost. */
#include <peal/val.h>

/* A flag of values that a decoder made: encoding it would give the very bytes
 * it was decoded from, and those are still there:
 *   a string is what stands between its two quotes;
 *   an array or object has a peal_val_impl_text in front of its items or pairs.
 * No binary is among them. `extra` is a seal: whoever makes a value of his own
 * out of such a one, with other bytes or a shorter length, breaks it. Of other
 * items one in 4096 would fit it by chance, for what is in front of them is no
 * text: so that says, too, in front of what it stands. */
#define PEAL_VAL_IMPL_RAW 1u

typedef struct peal_val_impl_text {
  _Alignas(8) const char *ptr; /* borrowed */
  uint32_t len;                /* bytes */
  uint32_t height : 8; /* of its nesting: 1 if nothing is nested in it */
  uint32_t owner : 24; /* of the items behind it */
} peal_val_impl_text;

static inline uint32_t peal_val_impl_owner(const void *items) {
  return (uint32_t)((uint64_t)(uintptr_t)items * 0x9e3779b97f4a7c15u >> 40);
}

static inline uint16_t peal_val_impl_seal(peal_val value) {
  return (uint16_t)((uintptr_t)value.as.bytes + 3 * (uintptr_t)value.len);
}

/* For arrays and objects that are raw. */
static inline const peal_val_impl_text *peal_val_impl_text_of(peal_val value) {
  /* By a number: of a string literal the compiler would say that nothing is in
   * front of it, though none is ever raw. */
  uintptr_t at = (uintptr_t)value.as.bytes - sizeof(peal_val_impl_text);
  return (const peal_val_impl_text *)at;
}

static inline bool peal_val_impl_is_raw(peal_val value) {
  return (value.flags & PEAL_VAL_IMPL_RAW) &&
         value.extra == peal_val_impl_seal(value) &&
         (value.type == PEAL_STRING || peal_val_impl_text_of(value)->owner ==
                                           peal_val_impl_owner(value.as.bytes));
}

/* A flag of objects that were made here and some key of which has a NUL byte
 * inside: behind the pairs stand the lengths of all keys, a uint32_t each. Whoever
 * changes such a value breaks its seal: then keys end at their first NUL. */
#define PEAL_VAL_IMPL_KEYED 2u

/* The lengths of the keys; NULL: as far as the terminator. */
static inline const uint32_t *peal_val_impl_key_lens(peal_val object) {
  if (!(object.flags & PEAL_VAL_IMPL_KEYED) ||
      object.extra != peal_val_impl_seal(object))
    return NULL;
  return (const uint32_t *)(const void *)(object.as.pairs + object.len);
}

/* The object with lengths behind its pairs. */
static inline peal_val peal_val_impl_keyed(peal_val object) {
  object.flags |= PEAL_VAL_IMPL_KEYED;
  object.extra = peal_val_impl_seal(object);
  return object;
}

/* A flag of what a builder gives that has failed: undefined, with the error in
 * `integer`. Whoever encodes or copies it fails with that. */
#define PEAL_VAL_IMPL_LOST 4u

static inline peal_val peal_val_impl_lost(peal_err err) {
  return (peal_val){.flags = PEAL_VAL_IMPL_LOST, .as.integer = err};
}

/* PEAL_OK, unless it is lost. */
static inline peal_err peal_val_impl_err(peal_val value) {
  return value.type == PEAL_UNDEFINED && value.flags == PEAL_VAL_IMPL_LOST
             ? (peal_err)value.as.integer
             : PEAL_OK;
}
