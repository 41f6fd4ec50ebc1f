/* SPDX-License-Identifier: MIT */
#pragma once
/* parser: how packets of Socket.IO become messages of Engine.IO, and back. What
 * the reference calls `parser`: the default one, MessagePack's, and those of an
 * application.
 *
 *   packet ── encode ──> message [binary [binary …]]     text or binary, then
 *   packet <── decode ── message [binary [binary …]]     binaries alone
 *
 * Both ends must have the same one: nothing on the wire says which. It is an
 * option of the server (peal_server_opts.parser) and of the client
 * (peal_client_opts.parser).
 *
 * A parser of one's own is a table of two pure functions: what they are given
 * is all that they know, and they keep nothing from one call to the next. They
 * are called on all threads that emit, at the same time. */
#include <peal/base.h>
#include <peal/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Types of packets (reference: PacketType). */
typedef enum peal_parser_type {
  PEAL_PARSER_CONNECT = 0,
  PEAL_PARSER_DISCONNECT = 1,
  PEAL_PARSER_EVENT = 2,
  PEAL_PARSER_ACK = 3,
  PEAL_PARSER_CONNECT_ERROR = 4
} peal_parser_type;

/* One packet.
 *
 *   type           data
 *   CONNECT        an object, or undefined: `auth`, or what the server answers
 *   DISCONNECT     undefined
 *   EVENT          an array: the name, then the arguments
 *   ACK            an array: the arguments
 *   CONNECT_ERROR  an object, or a string */
typedef struct peal_parser_packet {
  peal_slice nsp; /* the namespace; begins with a slash */
  peal_val data;
  uint64_t id; /* of the acknowledgement: ACK, and EVENT if it wants one */
  uint32_t attachments; /* decode: binaries that are still to come */
  uint8_t type;         /* one of peal_parser_type */
  bool has_id;
} peal_parser_packet;

/* What has come: a message, and the binaries behind it that were asked for.
 * Borrowed until the packet's handlers have returned: values may point into
 * it. */
typedef struct peal_parser_in {
  peal_slice data; /* text is valid UTF-8 */
  bool binary;
  const peal_slice *attachments;
  size_t attachment_count;
} peal_parser_in;

/* What is to go. */
typedef struct peal_parser_out peal_parser_out;

typedef struct peal_parser {
  /* Write the messages of a packet (borrowed) by peal_parser_write and
   * peal_parser_end: at least one. Any error is that of whoever emits: of
   * peal_emit and kin, and of a CONNECT, which is refused by it.
   * Thread: any, and many at the same time. */
  peal_err (*encode)(const peal_parser_packet *packet, peal_parser_out *out,
                     void *user);
  /* The packet of a message. *out has type CONNECT, namespace "/" and no data
   * before. Values are made by functions of `build`, whose memory is the
   * packet's; or they point into `in`, or to constants. Of a message that has
   * binaries behind it, a first call, without them, says how many in
   * out->attachments, besides type and namespace; a second call has them. No
   * other packet may come in between. Any error ends the connection: a
   * server's "forced close", a client's "parse error". Thread: any, and many at the same time. */
  peal_err (*decode)(const peal_parser_in *in, peal_build *build,
                     peal_parser_packet *out, void *user);
  void *user; /* the last argument of both; borrowed for life */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[4];
} peal_parser;

/* What a parser of one's own says is looked at as if the other end had said it:
 * a type that is none, data of another shape, a name of an event that is reserved
 * or no name, values deeper than 128 or of no type, more binaries than
 * max_attachments end the connection, as with the parsers below. A name that is
 * a number becomes its text.
 *
 * Between the nodes of a cluster packets travel as JSON whatever the parser is,
 * so nodes may have different ones.
 *
 * With connection state recovery an event has its offset, a string of 8
 * characters, as its last argument, and it is written into the encoded message in
 * the end: it must stand in the first message byte for byte, and nothing that
 * looks like it ("AAAAAAAA") behind it. Emitting fails with PEAL_ERR_OPTION
 * otherwise. */

/* The default: JSON, binaries as attachments (Socket.IO protocol 5). Its two
 * functions may be called by others. Constant. Thread: pure. */
PEAL_API const peal_parser *peal_parser_json(void);
/* MessagePack: a packet is one binary message, binaries lie in it; the same bytes
 * as of the package socket.io-msgpack-parser 3. What it carries that JSON does not:
 * numbers that are not finite, and undefined in arrays. Integers of 64 bits
 * travel whole (JavaScript rounds them). A Date becomes the text that
 * JSON.stringify makes of it. Its two functions may be called by others.
 * Constant. Thread: pure. */
PEAL_API const peal_parser *peal_parser_msgpack(void);

/* Append to the message that is being written; copied. Thread: pure. */
PEAL_API void peal_parser_write(peal_parser_out *out, peal_slice bytes);
/* The same for a value, as JSON text: what stands in front of binaries as
 * placeholders is the caller's worry: they are base64 here. Thread: pure. */
PEAL_API void peal_parser_write_json(peal_parser_out *out, peal_val value);
/* The same as MessagePack. Thread: pure. */
PEAL_API void peal_parser_write_msgpack(peal_parser_out *out, peal_val value);
/* The message is complete; what is written from now on belongs to the next one.
 * `binary`: it is no text. Text is UTF-8 without U+001E, which separates packets
 * in polling. Only the first may be text.
 *
 * Nothing has to be asked for in between: after the first failure these functions
 * do nothing, and emitting fails with it. PEAL_ERR_UTF8: such a text;
 * PEAL_ERR_USAGE: a text behind another message, or no message at all;
 * PEAL_ERR_LIMIT: more than 65535 binaries; PEAL_ERR_NOMEM, PEAL_ERR_DEPTH.
 * Thread: pure. */
PEAL_API void peal_parser_end(peal_parser_out *out, bool binary);

/* The value of the MessagePack that fills `data` (borrowed by it: texts and
 * binaries lie there), as peal_build_json does of JSON. PEAL_ERR_SIO_PAYLOAD is
 * the builder's error if it is none. */
PEAL_API peal_val peal_parser_read_msgpack(peal_build *build, peal_slice data);

#ifdef __cplusplus
}
#endif
