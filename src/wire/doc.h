/* SPDX-License-Identifier: MIT */
#pragma once
/* doc: values that are kept: a copy with its own memory, from values or from
 * JSON (peal_doc of <peal/val.h>). */
#include <peal/val.h>

/* What it takes. Thread: pure. */
size_t peal_doc_bytes(const peal_doc *doc);
