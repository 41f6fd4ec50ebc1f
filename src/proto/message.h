/* SPDX-License-Identifier: MIT */
#pragma once
/* message: what is emitted, once for all its receivers: a text or a binary, and
 * its binary attachments, immutable and shared.
 * In the flow: wire/sio_packet -> [message] -> proto/eio_queue.
 *
 * It is encoded once per wire form that some receiver needs and referenced by
 * every queue; what travels to another worker is the same record. Messages
 * from a worker's own allocator must not leave that worker: their references
 * are counted without atomics. */
#include <peal/base.h>

#include "base/account.h"

typedef struct peal_message peal_message;

/* Copies. `attachments` are `count` binaries that follow the text; `mem` NULL:
 * libc. Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_message *peal_message_new(peal_slice text,
                                               const peal_slice *attachments,
                                               size_t count,
                                               const peal_mem *mem);
/* The same, for one that several workers may hold: its memory, libc's, is
 * charged to `account` before it is allocated, and given back with the last
 * reference, on whatever thread. NULL also at the account's ceiling. */
PEAL_MUST_CHECK peal_message *peal_message_new_crossing(
    peal_slice text, const peal_slice *attachments, size_t count,
    peal_account_server *account);
/* One binary message of Engine.IO. */
PEAL_MUST_CHECK peal_message *peal_message_new_binary(peal_slice data,
                                                      const peal_mem *mem);
/* The same with bytes that are shared already: they are referenced. Not for
 * more than one worker. NULL if memory is out. */
PEAL_MUST_CHECK peal_message *peal_message_new_bytes(peal_bytes *bytes,
                                                     bool is_binary,
                                                     const peal_mem *mem);
/* The same for one that crosses. */
PEAL_MUST_CHECK peal_message *peal_message_new_binary_crossing(
    peal_slice data, peal_account_server *account);
/* Charge its memory, once for all its receivers, until it is freed. Only where
 * it was made: its last reference must be given back on the account's thread.
 * Returns: PEAL_OK (also if it is charged already), PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_message_charge(peal_message *message,
                                             peal_account_worker *account);
/* Was it made by this allocator? */
bool peal_message_is_of(const peal_message *message, const peal_mem *mem);
peal_message *peal_message_ref(peal_message *message);
void peal_message_unref(peal_message *message);

/* Put `data` into the text, in the place of as many bytes. Only by who has made
 * it, before anybody else looks at it. */
void peal_message_patch(peal_message *message, size_t at, peal_slice data);

/* Its first part is no text. Only by who has made it, as the above. */
void peal_message_set_binary(peal_message *message);

/* Engine.IO messages that it consists of: 1 and the attachments. */
size_t peal_message_count(const peal_message *message);
/* Borrowed. */
peal_slice peal_message_part(const peal_message *message, size_t index);
bool peal_message_is_binary(const peal_message *message, size_t index);
/* Of all parts together. */
size_t peal_message_len(const peal_message *message);

/* A form of a part: other bytes that say the same, made when the first
 * receiver needs them, and shared by all who need the same kind. It lives as
 * long as the message. */
typedef struct peal_message_form {
  struct peal_message_form *next;
  size_t charged; /* to what the message is charged to; 0: to nothing */
  size_t len;
  uint32_t part;
  uint16_t kind; /* of who makes them */
  char data[];
} peal_message_form;

/* NULL: nobody has made it yet. */
const peal_message_form *peal_message_form_get(const peal_message *message,
                                               size_t part, unsigned kind);
/* Room for one of at most `room` bytes, to be filled and then added or dropped.
 * NULL: no memory, or it cannot be charged. */
peal_message_form *peal_message_form_new(const peal_message *message,
                                         size_t part, unsigned kind,
                                         size_t room);
void peal_message_form_drop(const peal_message *message,
                            peal_message_form *form);
/* Taken, with its first `len` bytes. Returns it, or the one that another
 * thread has added before. */
const peal_message_form *peal_message_form_add(peal_message *message,
                                               peal_message_form *form,
                                               size_t len);
