/* SPDX-License-Identifier: MIT */
#pragma once
/* vision_form: the words of the two model interfaces: where the request goes,
 * its JSON, and where the text stands in the answer. Pure; the only place of
 * the vision modules that knows JSON. */
#include <peal/base.h>

#include "vision.h"

/* "https://..." that is asked when no address is configured. Static text. */
const char *vision_form_base_url(vision_kind kind);

/* Write the full address into `out`.
 * Returns: false if it does not fit. Thread: pure. */
bool vision_form_url(char *out, size_t cap, vision_kind kind,
                     const char *base_url, const char *model);

/* The header that carries the key, without it: "x-goog-api-key: ". Static. */
const char *vision_form_key_header(vision_kind kind);

/* Returns: the request body, shared; NULL if memory is out. Thread: any. */
peal_bytes *vision_form_request(vision_kind kind, const char *model,
                                const char *prompt, const char *mime,
                                peal_slice picture);

/* Find the text in the answer `json`, make it one line without control
 * characters and cut it to `max` bytes, which cuts no character in two.
 * Returns: VISION_OK and *text taken by the caller: free(); VISION_ERR_ANSWER,
 * VISION_ERR_MEMORY. Thread: any. */
vision_err vision_form_answer(vision_kind kind, peal_slice json, size_t max,
                              char **text);
