/* SPDX-License-Identifier: MIT */
#pragma once
/* stream_send: what waits is pulled from the owner and leaves. */
#include "net/stream_core.h"

/* Pull and send the turn's share. */
void peal_stream_send_waiting(peal_stream *stream);
