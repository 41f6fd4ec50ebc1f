/* SPDX-License-Identifier: MIT */
#pragma once
/* python_json: JSON as Python's json.dumps writes it: a blank behind each comma
 * and colon, and everything but ASCII escaped. */
#include <peal/val.h>

#include "base/buf.h"

/* Append; `mem` is for scratch. Otherwise as peal_json_encode. Thread: pure. */
void peal_python_json_encode(peal_buf *out, peal_val value,
                             const peal_mem *mem);
