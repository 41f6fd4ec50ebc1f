/* SPDX-License-Identifier: MIT */
#pragma once
/* stream_recv: what has come is read into the worker's buffer and told to the
 * owner. */
#include "net/stream_core.h"

/* Read the turn's share. */
void peal_stream_recv_waiting(peal_stream *stream);
/* The peer's FIN has come while reading is paused. If nothing is unread in
 * front of it, this is the end; otherwise it is told in its turn. */
void peal_stream_recv_end_while_paused(peal_stream *stream);
/* Everything there is, and then the error that stands behind it. */
void peal_stream_recv_error(peal_stream *stream);
