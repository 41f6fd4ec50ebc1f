/* SPDX-License-Identifier: MIT */
#pragma once
/* stream_finish: the end of a stream in good order: what waits leaves at a
 * decent pace, then FIN, then the peer's FIN. What comes meanwhile is read and
 * dropped, since closing with unread bytes sends a reset, which can overtake
 * our last bytes; but only so much of it. */
#include "net/stream_core.h"

/* What waits must leave: the peer acknowledges at least PACE bytes a second
 * over each WINDOW. 1500 bytes every 6 s are too few. */
#define PEAL_STREAM_FINISH_WINDOW_MS 30000u
#define PEAL_STREAM_FINISH_PACE 1024u
/* Bytes read and dropped. Behind them reading stops: the peer has its answer
 * before it, and what it still sends costs us nothing. */
#define PEAL_STREAM_FINISH_DRAIN_BYTES 65536u
/* After our FIN the peer has this long to close. */
#define PEAL_STREAM_FINISH_LINGER_MS 1000u

/* Everything has left: say so, and wait for the peer to say the same. */
void peal_stream_finish_fin(peal_stream *stream);
void peal_stream_finish_sent(peal_stream *stream, size_t len);
/* `len` bytes were read and dropped. */
void peal_stream_finish_drained(peal_stream *stream, size_t len);
