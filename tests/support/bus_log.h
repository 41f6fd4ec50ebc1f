/* SPDX-License-Identifier: MIT */
#pragma once
/* bus_log: a message of the bus in words, for wire cases; and what every dialect
 * must keep whatever comes. */
#include "proto/bus.h"
#include "wire_case.h"

/* One dialect under test. Both may fail. */
typedef struct bus_dialect {
  const char *stem; /* of tests/wire */
  /* Decode the bytes of a case. */
  peal_err (*decode)(peal_bus_msg *out, const wire_case *test, peal_slice in,
                     peal_arena *arena);
  /* Encode it in the same form. */
  void (*encode)(peal_buf *out, const peal_bus_msg *msg, const wire_case *test,
                 peal_arena *arena);
  /* Look at what else the case says of the message; NULL: nothing. */
  void (*check)(const peal_bus_msg *msg, const wire_case *test);
} bus_dialect;

/* Run the cases of the dialect. What is marked "exact" must be encoded as it
 * came; everything else that can be encoded must be decoded to the same again.
 * Every beginning of it is decoded, too, and every allocation of it fails in
 * turn. Returns as wire_case_run. */
int bus_log_run(const bus_dialect *dialect);
/* The words of a message. */
void bus_log_add(wire_log *log, const peal_bus_msg *msg);
/* What is true of whatever a dialect has decoded. */
void bus_log_check(const peal_bus_msg *msg, peal_arena *arena);
