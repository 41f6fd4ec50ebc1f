/* SPDX-License-Identifier: MIT */
#pragma once
/* proto_limits: ceilings of the machines, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* Requests that may wait in one connection behind an unanswered one: read
 * stops there (a connection's pipeline is answered in order). */
#define PEAL_LIMIT_HTTP_PIPELINE_BYTES 65536u
/* A body that nobody reads, in bytes: up to here it is read and dropped to
 * keep the connection, beyond the connection ends behind the answer. */
#define PEAL_LIMIT_HTTP_DRAIN_BYTES 65536u
/* Bytes per second that a body must bring over each of its time limits:
 * trickling is no progress. Option. */
#define PEAL_LIMIT_HTTP_BODY_PACE 64u
/* Bytes per second that a peer must take of an answer over each of its time
 * limits: less than a modem of 1990 is no reader, it holds memory. */
#define PEAL_LIMIT_HTTP_WRITE_PACE 512u
/* A message or a polling body in bytes (`maxPayload`): the reference's
 * maxHttpBufferSize. Option. */
#define PEAL_LIMIT_PAYLOAD_BYTES 1000000u
/* Frames of one fragmented message: this many, and one more for each
 * FRAME_BYTES bytes that it has: bounds floods of empty and tiny fragments,
 * not the size of what honest peers send. Option. */
#define PEAL_LIMIT_WS_FRAMES 4096u
#define PEAL_LIMIT_WS_FRAME_BYTES 16u
/* Bytes per second that an unfinished message or frame must bring over each
 * time limit of so many milliseconds, if it does not end: one that trickles
 * holds memory for ever. The time: option of the machine. */
#define PEAL_LIMIT_WS_MESSAGE_PACE 64u
#define PEAL_LIMIT_WS_MESSAGE_MS 30000u
/* Pongs that wait for a peer that does not read; the newest are kept. */
#define PEAL_LIMIT_WS_PONGS 16u
/* Packets of one polling body: more than a full body of the default size can
 * have as the smallest events (`42["a"]`), which a client may send at once. */
#define PEAL_LIMIT_EIO_PACKETS 131072u
/* Bytes queued for one session: above the soft one volatile events are
 * dropped, at the hard one the policy of the socket decides. Option. */
#define PEAL_LIMIT_QUEUE_SOFT_BYTES (1u << 20)
#define PEAL_LIMIT_QUEUE_BYTES (8u << 20)
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
/* Bytes that wait in a client for a connection or for their turn: as much as a
 * connection's own queue takes. Option. */
#define PEAL_LIMIT_SIO_BUFFER_BYTES (8u << 20)
/* A name that a server gives a client (sid, pid, offset) in bytes: theirs have
 * 20 to 40. */
#define PEAL_LIMIT_SIO_ID_BYTES 256u
/* Attachments that one event or acknowledgement may have: as a server's. */
#define PEAL_LIMIT_SIO_BINARIES 65535u
/* Records of emitted events that a client keeps for the next ones. */
#define PEAL_LIMIT_SIO_SPARE 8u
/* Milliseconds for which nodes of a cluster wait for their clients'
 * acknowledgements, where none was said: a node may die without a word. */
#define PEAL_LIMIT_CLUSTER_ASK_MS 60000u
/* Clients that one node may say it asks. */
#define PEAL_LIMIT_CLUSTER_CLIENTS 100000000u
/* Namespaces that a cluster's machine hears: as many as a server has. */
#define PEAL_LIMIT_CLUSTER_NAMESPACES 65536u
/* A room with its namespace, in bytes: one that is longer has no presence. */
#define PEAL_LIMIT_CLUSTER_KEY_BYTES 2048u
/* Milliseconds until a node is asked again for all of its rooms. */
#define PEAL_LIMIT_CLUSTER_ASK_AGAIN_MS 2000u
/* Rooms, and bytes of their names, of one message about them; and such messages
 * from one gathering of changes to the next. */
#define PEAL_LIMIT_CLUSTER_ROOMS 256u
#define PEAL_LIMIT_CLUSTER_ROOM_BYTES 32768u
#define PEAL_LIMIT_CLUSTER_ROOM_MESSAGES 64u
/* Milliseconds between coming up and taking over to relay: whoever does
 * already has answered by then. */
#define PEAL_LIMIT_CLUSTER_RELAY_MS 1000u
/* The largest number that all dialects carry exactly. */
#define PEAL_LIMIT_CLUSTER_INT ((UINT64_C(1) << 53) - 1)
/* Milliseconds until a stream that refuses (it is full) is tried again. */
#define PEAL_LIMIT_CLUSTER_ADD_AGAIN_MS 1000u
/* Milliseconds between two signs of life that are asked for. */
#define PEAL_LIMIT_CLUSTER_ALIVE_MS 50u
/* Milliseconds until what could not be told for lack of memory is tried again;
 * and lateness of a tick beyond which the process has stood still: what the
 * others have said meanwhile has not been read yet. */
#define PEAL_LIMIT_CLUSTER_STARVED_MS 100u
#define PEAL_LIMIT_CLUSTER_LATE_MS 1000u
