/* SPDX-License-Identifier: MIT */
#pragma once
/* limits: every ceiling of the library, with unit and reason. What an option
 * overrides says so; the rest are fixed. */

/* -- HTTP (wire/http1, http/) ------------------------------------------- */
/* The head in bytes: what Node accepts by default. Option. */
#define PEAL_LIMIT_HTTP_HEAD_BYTES 16384u
/* The request target in bytes; long query strings of polling are below 1 K. */
#define PEAL_LIMIT_HTTP_TARGET_BYTES 8192u
/* Header fields per message: bounds the table of slices. */
#define PEAL_LIMIT_HTTP_FIELDS 100u
/* A collected request body in bytes, unless the route says otherwise. */
#define PEAL_LIMIT_HTTP_BODY_BYTES 1000000u
/* Bodies being collected, of all requests of a server together. Option. */
#define PEAL_LIMIT_HTTP_COLLECTED_BYTES (256u << 20)
/* What peers may make a server hold, everything together: heads, early input,
 * collected bodies, answers that wait, and what engine/ charges. Option. */
#define PEAL_LIMIT_HTTP_HELD_BYTES (1u << 30)
/* A chunk-size line with its extensions, in bytes. */
#define PEAL_LIMIT_HTTP_CHUNK_LINE_BYTES 256u
/* Requests that may wait in one connection behind an unanswered one: read
 * stops there (a connection's pipeline is answered in order). */
#define PEAL_LIMIT_HTTP_PIPELINE_BYTES 65536u
/* Milliseconds for the whole head, for progress of a body, between requests.
 * Options. */
#define PEAL_LIMIT_HTTP_HEAD_MS 10000u
#define PEAL_LIMIT_HTTP_BODY_MS 30000u
#define PEAL_LIMIT_HTTP_IDLE_MS 5000u
/* A response that the peer does not read: milliseconds without progress. */
#define PEAL_LIMIT_HTTP_WRITE_MS 30000u
/* A body that nobody reads, in bytes: up to here it is read and dropped to
 * keep the connection, beyond the connection ends behind the answer. */
#define PEAL_LIMIT_HTTP_DRAIN_BYTES 65536u
/* Bytes per second that a body must bring over each of its time limits:
 * trickling is no progress. */
#define PEAL_LIMIT_HTTP_BODY_PACE 64u
/* Bytes per second that a peer must take of an answer over each of its time
 * limits: less than a modem of 1990 is no reader, it holds memory. */
#define PEAL_LIMIT_HTTP_WRITE_PACE 512u
/* A streamed answer: bytes that wait for the peer. Above the first the writer
 * is asked to wait, below the second to go on, above the third it is
 * refused. */
#define PEAL_LIMIT_HTTP_STREAM_HIGH_BYTES (256u << 10)
#define PEAL_LIMIT_HTTP_STREAM_LOW_BYTES (64u << 10)
#define PEAL_LIMIT_HTTP_STREAM_BYTES (8u << 20)
/* Memory of a request for its handler (peal_http_req_alloc), in bytes. */
#define PEAL_LIMIT_HTTP_REQ_BYTES (16u << 20)

/* -- WebSocket, Engine.IO ------------------------------------------------ */
/* A message or a polling body in bytes (`maxPayload`): the reference's
 * maxHttpBufferSize. Option. */
#define PEAL_LIMIT_PAYLOAD_BYTES 1000000u
/* Frames of one fragmented message: this many, and one more for each
 * FRAME_BYTES bytes that it has: bounds floods of empty and tiny fragments,
 * not the size of what honest peers send. Option. */
#define PEAL_LIMIT_WS_FRAMES 4096u
#define PEAL_LIMIT_WS_FRAME_BYTES 16u
/* Pongs that wait for a peer that does not read; the newest are kept. */
#define PEAL_LIMIT_WS_PONGS 16u
/* Packets of one polling body: more than a full body of the default size can
 * have as the smallest events (`42["a"]`), which a client may send at once. */
#define PEAL_LIMIT_EIO_PACKETS 131072u
/* Bytes queued for one session: above the soft one volatile events are
 * dropped, at the hard one the policy of the socket decides. Option. */
#define PEAL_LIMIT_QUEUE_SOFT_BYTES (1u << 20)
#define PEAL_LIMIT_QUEUE_BYTES (8u << 20)

/* Bytes that the kernel holds unsent for a client that gets conflated events:
 * what it holds cannot be replaced any more. */
#define PEAL_LIMIT_KEYED_AHEAD_BYTES 16384u
/* Sessions of one address (IPv6: its /64) at one time. Option. */
#define PEAL_LIMIT_ADDRESS_SESSIONS 10000u
/* Milliseconds in which a session that began over polling must be used: the
 * client's second request follows the first at once. Option. */
#define PEAL_LIMIT_FIRST_USE_MS 10000u
/* A polling answer above this many bytes is not compressed on the worker:
 * that would keep all others waiting. */
#define PEAL_LIMIT_COMPRESS_INLINE_BYTES 16384u

/* -- Socket.IO ------------------------------------------------------------ */
/* Attachments of one packet: the reference's maxAttachments. Option. */
#define PEAL_LIMIT_SIO_ATTACHMENTS 10u
/* Bytes of one packet with its attachments, as a multiple of the payload. */
#define PEAL_LIMIT_SIO_PACKET_FACTOR 10u
/* Milliseconds until announced attachments must have come. */
#define PEAL_LIMIT_SIO_ATTACH_MS 10000u
/* Namespaces of one client (charged; option of the machine), and a namespace's
 * name in bytes. */
#define PEAL_LIMIT_SIO_NAMESPACES 1000u
#define PEAL_LIMIT_SIO_NSP_BYTES 256u
/* Acknowledgements a server socket may wait for at one time. */
#define PEAL_LIMIT_SIO_ACKS 1024u
/* Rooms one socket may be in. Option. */
#define PEAL_LIMIT_ROOMS 10000u
/* A room's name in bytes: clients often choose them. */
#define PEAL_LIMIT_ROOM_NAME_BYTES 1024u
/* `auth` of one socket in bytes of JSON, kept as long as the socket. Option. */
#define PEAL_LIMIT_SIO_AUTH_BYTES 65536u
/* JSON nesting. */
#define PEAL_LIMIT_JSON_DEPTH 128u

/* -- workers --------------------------------------------------------------- */
/* Workers of one server: threads, each with a loop and its buffers. */
#define PEAL_LIMIT_WORKERS 256u
/* The worker's receive buffer: one for all its connections. */
#define PEAL_LIMIT_READ_BYTES 65536u
/* The worker's scratch for small outgoing pieces, in bytes. */
#define PEAL_LIMIT_SCRATCH_BYTES 65536u
/* Pieces of one write to the system. */
#define PEAL_LIMIT_IOVECS 64u
