/* SPDX-License-Identifier: MIT */
#pragma once
/* tls_limits: ceilings of encrypted connections, with unit and reason. */

/* Bytes that a peer makes us hold with its certificates, at most: a chain with
 * large keys has some 8 KiB. */
#define PEAL_LIMIT_TLS_CERTS 32768
/* Certificates of one peal_tls. */
#define PEAL_LIMIT_TLS_NAMES 64u
/* Bytes of plain text in a record (RFC8446 5.1), and what its frame, tag and
 * padding add at most. */
#define PEAL_LIMIT_TLS_RECORD 16384u
#define PEAL_LIMIT_TLS_FRAME 512u
/* Cipher text read at a time: with the record that has come in part it is less
 * than the worker's receive buffer, so that all of it can be told at once. */
#define PEAL_LIMIT_TLS_READ (PEAL_LIMIT_READ_BYTES - 20480u)
/* The same where TLS carries TLS. */
#define PEAL_LIMIT_TLS_READ_BELOW (PEAL_LIMIT_TLS_READ - 20480u)
/* Records that are encrypted before they are handed to the kernel. What it does
 * not take waits as cipher text: at most so much of a connection, and as much
 * again of answers that the peer makes OpenSSL give. */
#define PEAL_LIMIT_TLS_BATCH 4u
/* Cipher text that may wait, with answers that the peer makes us give. */
#define PEAL_LIMIT_TLS_HELD                                                    \
  (2 * PEAL_LIMIT_TLS_BATCH * (PEAL_LIMIT_TLS_RECORD + PEAL_LIMIT_TLS_FRAME))
/* What is charged besides while hands are shaken: OpenSSL makes room for a first
 * message of 128 KiB when its length has come. */
#define PEAL_LIMIT_TLS_SHAKE_BYTES 163840u
/* What is charged for a connection: OpenSSL's own share of one that idles, as it
 * was measured. */
#define PEAL_LIMIT_TLS_BYTES 14336u
/* Ticket keys change after this long; tickets of the one before are taken. */
#define PEAL_LIMIT_TLS_TICKET_S (6u * 3600u)
