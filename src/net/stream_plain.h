/* SPDX-License-Identifier: MIT */
#pragma once
/* stream_plain: the transport of TCP and Unix sockets: the bytes as they are.
 */
#include "net/stream_verbs.h"

extern const peal_stream_verbs peal_stream_plain;
