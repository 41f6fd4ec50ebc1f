/* SPDX-License-Identifier: MIT */
#pragma once
/* parser: how packets of Socket.IO become messages of Engine.IO, and back: the
 * default one, MessagePack's, and those of an application. */
#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A way to write packets; the same on both sides (reference: option
 * `parser`). */
typedef struct peal_parser peal_parser;

#ifdef __cplusplus
}
#endif
