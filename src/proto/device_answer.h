/* SPDX-License-Identifier: MIT */
#pragma once
/* device_answer: does a server accept the opening handshake of a WebSocket
 * (RFC6455 4.1)? A device asks for nothing else over HTTP, so it needs of
 * wire/http1 no more than this.
 * In the flow: bytes -> [device_answer] -> proto/device. */
#include <peal/base.h>

/* The answer's head at the start of `in`, which grows from call to call. `sum`
 * is the digest of what was asked (proto/ws_ask), NULL: not checked.
 * Returns: PEAL_OK and *len = bytes of the head; PEAL_ERR_AGAIN: it is not
 * whole; PEAL_ERR_ANSWER: it says no, or is none. Thread: pure. */
PEAL_MUST_CHECK peal_err peal_device_answer_take(peal_slice in,
                                                 const unsigned char *sum,
                                                 size_t *len);
