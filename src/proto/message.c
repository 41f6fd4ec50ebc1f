/* SPDX-License-Identifier: MIT */
#include "proto/message.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "proto/role.h"

/* One block: this, the table of parts, their bytes. */
struct peal_message {
  atomic_uint refs;
  uint32_t count;
  const peal_mem *mem;
  peal_account_worker *account; /* cost_of() is charged to it; NULL: not yet */
  peal_account_server *common;  /* or to it, if it crosses; NULL: to nobody */
  size_t len;                   /* of all parts */
  peal_bytes *bytes;            /* one reference; NULL: they lie here */
  _Atomic(peal_message_form *) forms; /* the last that was added */
  bool binary;                        /* the first part is one */
  bool crosses;                       /* may be held by several threads */
  peal_slice parts[];
};

/* Where the bytes begin. */
static char *data_of(peal_message *message) {
  return (char *)(message->parts + message->count);
}

/* Room for `count` parts of `len` bytes in all. */
static inline peal_message *alloc(size_t count, size_t len, const peal_mem *mem,
                                  peal_account_server *common) {
  size_t size;
  mem = peal_mem_or_libc(mem);
  if (count > UINT32_MAX || len > SIZE_MAX / 2 ||
      __builtin_add_overflow(count * sizeof(peal_slice),
                             len + sizeof(peal_message), &size))
    return NULL;
  if (common && peal_account_server_charge(common, size))
    return NULL;
  peal_message *message = peal_mem_alloc(mem, size);
  if (!message) {
    if (common)
      peal_account_server_release(common, size);
    return NULL;
  }
  atomic_init(&message->refs, 1);
  message->count = (uint32_t)count;
  message->mem = mem;
  message->account = NULL;
  message->common = common;
  message->len = len;
  message->bytes = NULL;
  atomic_init(&message->forms, NULL);
  message->binary = false;
  message->crosses = mem == peal_mem_libc();
  return message;
}

/* Returns where the next part goes. */
static char *put(peal_message *message, size_t index, char *at,
                 peal_slice data) {
  message->parts[index] = (peal_slice){at, data.len};
  if (data.len)
    memcpy(at, data.ptr, data.len);
  return at + data.len;
}

/* What most messages are. */
static peal_message *new_text(peal_slice text, const peal_mem *mem,
                              peal_account_server *common) {
  peal_message *message = alloc(1, text.len, mem, common);
  if (message)
    (void)put(message, 0, data_of(message), text);
  return message;
}

static inline peal_message *make(peal_slice text, const peal_slice *attachments,
                                 size_t count, const peal_mem *mem,
                                 peal_account_server *common) {
  size_t len = text.len;
  if (!count)
    return new_text(text, mem, common);
  for (size_t i = 0; i < count; i++)
    if (__builtin_add_overflow(len, attachments[i].len, &len))
      return NULL;
  peal_message *message =
      count < SIZE_MAX ? alloc(count + 1, len, mem, common) : NULL;
  if (!message)
    return NULL;
  char *at = put(message, 0, data_of(message), text);
  for (size_t i = 0; i < count; i++)
    at = put(message, i + 1, at, attachments[i]);
  return message;
}

peal_message *peal_message_new(peal_slice text, const peal_slice *attachments,
                               size_t count, const peal_mem *mem) {
  return make(text, attachments, count, mem, NULL);
}

peal_message *peal_message_new_crossing(peal_slice text,
                                        const peal_slice *attachments,
                                        size_t count,
                                        peal_account_server *account) {
  return make(text, attachments, count, peal_mem_libc(), account);
}

static peal_message *as_binary(peal_message *message) {
  if (message)
    message->binary = true;
  return message;
}

/* What stays on its worker is counted without read-modify-writes. */
static unsigned refs_of(const peal_message *message) {
  return atomic_load_explicit(&message->refs, memory_order_relaxed);
}

peal_message *peal_message_new_bytes(peal_bytes *bytes, bool is_binary,
                                     const peal_mem *mem) {
  peal_message *message = alloc(1, 0, mem, NULL);
  if (!message)
    return NULL;
  message->bytes = peal_bytes_ref(bytes);
  message->parts[0] = peal_bytes_slice(bytes);
  message->len = message->parts[0].len;
  message->binary = is_binary;
  return message;
}

peal_message *peal_message_new_binary(peal_slice data, const peal_mem *mem) {
  return as_binary(peal_message_new(data, NULL, 0, mem));
}

peal_message *peal_message_new_binary_crossing(peal_slice data,
                                               peal_account_server *account) {
  return as_binary(peal_message_new_crossing(data, NULL, 0, account));
}

static size_t cost_of(const peal_message *message) {
  return sizeof *message + message->count * sizeof(peal_slice) + message->len;
}

peal_err peal_message_charge(peal_message *message,
                             peal_account_worker *account) {
  if (message->account)
    return PEAL_OK;
  peal_err err = peal_account_worker_charge(account, cost_of(message));
  if (!err)
    message->account = account;
  return err;
}

bool peal_message_is_of(const peal_message *message, const peal_mem *mem) {
  return message->mem == mem;
}

static void set_refs(peal_message *message, unsigned refs) {
  atomic_store_explicit(&message->refs, refs, memory_order_relaxed);
}

peal_message *peal_message_ref(peal_message *message) {
  if (message->crosses)
    atomic_fetch_add_explicit(&message->refs, 1, memory_order_relaxed);
  else
    set_refs(message, refs_of(message) + 1);
  return message;
}

/* Was it the last one? Whoever gives that back is alone with it: then the
 * atomic read-modify-write is saved. */
static bool drop_ref(peal_message *message) {
  unsigned refs = atomic_load_explicit(&message->refs, memory_order_acquire);
  if (refs == 1)
    return true;
  if (message->crosses)
    return atomic_fetch_sub_explicit(&message->refs, 1, memory_order_acq_rel) ==
           1;
  set_refs(message, refs - 1);
  return false;
}

/* -- forms ----------------------------------------------------------------- */

static peal_err charge_form(const peal_message *message, size_t bytes) {
  if (message->account)
    return peal_account_worker_charge(message->account, bytes);
  return message->common ? peal_account_server_charge(message->common, bytes)
                         : PEAL_OK;
}

static void release_form(const peal_message *message, size_t bytes) {
  if (!bytes)
    return;
  if (message->account)
    peal_account_worker_release(message->account, bytes);
  else
    peal_account_server_release(message->common, bytes);
}

const peal_message_form *peal_message_form_get(const peal_message *message,
                                               size_t part, unsigned kind) {
  const peal_message_form *form =
      atomic_load_explicit(&message->forms, memory_order_acquire);
  while (form && (form->kind != kind || form->part != part))
    form = form->next;
  return form;
}

peal_message_form *peal_message_form_new(const peal_message *message,
                                         size_t part, unsigned kind,
                                         size_t room) {
  size_t bytes = sizeof(peal_message_form) + room;
  if (charge_form(message, bytes))
    return NULL;
  bool is_charged = message->account || message->common;
  peal_message_form *form = peal_mem_alloc(message->mem, bytes);
  if (form)
    *form = (peal_message_form){.charged = is_charged ? bytes : 0,
                                .part = (uint32_t)part,
                                .kind = (uint16_t)kind};
  else if (is_charged)
    release_form(message, bytes);
  return form;
}

void peal_message_form_drop(const peal_message *message,
                            peal_message_form *form) {
  release_form(message, form->charged);
  peal_mem_free(message->mem, form);
}

/* What is too much for it is given back. */
static peal_message_form *fit(const peal_message *message,
                              peal_message_form *form, size_t len) {
  size_t bytes = sizeof(peal_message_form) + len;
  form->len = len;
  peal_message_form *less = peal_mem_resize(message->mem, form, bytes);
  if (!less)
    return form;
  if (less->charged) {
    release_form(message, less->charged - bytes);
    less->charged = bytes;
  }
  return less;
}

/* Workers that hold the same message may be here at the same time: forms are
 * added and never taken away, and of two alike the second goes. */
const peal_message_form *peal_message_form_add(peal_message *message,
                                               peal_message_form *form,
                                               size_t len) {
  form = fit(message, form, len);
  form->next = atomic_load_explicit(&message->forms, memory_order_acquire);
  do {
    const peal_message_form *there =
        peal_message_form_get(message, form->part, form->kind);
    if (there) {
      peal_message_form_drop(message, form);
      return there;
    }
  } while (!atomic_compare_exchange_weak_explicit(&message->forms, &form->next,
                                                  form, memory_order_acq_rel,
                                                  memory_order_acquire));
  return form;
}

static void free_forms(const peal_message *message, peal_message_form *form) {
  while (form) {
    peal_message_form *next = form->next;
    peal_message_form_drop(message, form);
    form = next;
  }
}

void peal_message_unref(peal_message *message) {
  if (!message || !drop_ref(message))
    return;
  peal_message_form *forms =
      PEAL_ROLE_HAS_DEFLATE
          ? atomic_load_explicit(&message->forms, memory_order_relaxed)
          : NULL;
  if (forms) /* few have any */
    free_forms(message, forms);
  if (message->account)
    peal_account_worker_release(message->account, cost_of(message));
  if (message->common)
    peal_account_server_release(message->common, cost_of(message));
  peal_bytes_unref(message->bytes);
  peal_mem_free(message->mem, message);
}

void peal_message_patch(peal_message *message, size_t at, peal_slice data) {
  assert(!message->bytes && at + data.len <= message->parts[0].len);
  memcpy(data_of(message) + at, data.ptr, data.len);
}

void peal_message_set_binary(peal_message *message) {
  message->binary = true;
}

size_t peal_message_count(const peal_message *message) {
  return message->count;
}

peal_slice peal_message_part(const peal_message *message, size_t index) {
  assert(index < message->count);
  return message->parts[index];
}

bool peal_message_is_binary(const peal_message *message, size_t index) {
  return index > 0 || message->binary;
}

size_t peal_message_len(const peal_message *message) {
  return message->len;
}
