/* SPDX-License-Identifier: MIT */
#pragma once
/* server_limits: ceilings of the server, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* Acknowledgements a server socket may wait for at one time. */
#define PEAL_LIMIT_SIO_ACKS 1024u
/* Rooms one socket may be in. Option. */
#define PEAL_LIMIT_ROOMS 10000u
/* Children of one parent that there may be at one time: clients choose their
 * names, and each takes some KiB. peal_nsp_set_max_children. */
#define PEAL_LIMIT_NSP_CHILDREN 10000u
/* A room's name in bytes: clients often choose them. */
#define PEAL_LIMIT_ROOM_NAME_BYTES 1024u
/* `auth` of one socket in bytes of JSON, kept as long as the socket. Option. */
#define PEAL_LIMIT_SIO_AUTH_BYTES 65536u
/* What recovery keeps in bytes, events and sessions together. Option. */
#define PEAL_LIMIT_RECOVERY_BYTES (64u << 20)
/* Requests to join that one client may give up, in its life, while their
 * middleware is at work: each leaves a socket that waits for the answer, and
 * asking once more costs the client two bytes. */
#define PEAL_LIMIT_SIO_GIVEN_UP 64u
/* Between two lines of the log about one client that sends too many events. */
#define PEAL_LIMIT_RATE_LOG_MS 60000u
/* Why an event was refused, in bytes with the end: it may wait for the end of
 * the turn. */
#define PEAL_LIMIT_REFUSAL_BYTES 128u
/* Answered questions of one worker about events: each event makes one for each
 * function that it is asked of. */
#define PEAL_LIMIT_EVENT_NEXTS_KEPT 4096u
/* Replies of one worker that were given and are remembered, to know a second
 * one: there may be many in a second, and their memory is charged. */
#define PEAL_LIMIT_REPLIES_KEPT 65536u
