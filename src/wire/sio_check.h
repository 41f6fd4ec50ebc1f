/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_check: can these values be an event? What the encoder would say, without
 * encoding: for events that are encoded on another thread. */
#include <peal/val.h>

/* Returns: PEAL_OK, PEAL_ERR_RESERVED, PEAL_ERR_DEPTH, PEAL_ERR_LIMIT (more
 * than UINT16_MAX binaries), the error of a value that is one. Thread: pure. */
PEAL_MUST_CHECK peal_err peal_sio_check_event(peal_slice event, peal_args args);
/* A namespace: with its slash, without a comma, which ends it in a packet, and
 * without control characters: polling separates packets by one. Of any
 * length. */
bool peal_sio_check_nsp(peal_slice name);
/* Of one value; `levels`: how deep it may be nested. */
PEAL_MUST_CHECK peal_err peal_sio_check_value(peal_val value, unsigned levels);
