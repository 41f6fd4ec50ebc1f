/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_limits: ceilings of plain WebSocket endpoints, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* Groups of one connection, and the bytes of a group's name. Option; fixed. */
#define PEAL_LIMIT_WS_GROUPS 10000u
#define PEAL_LIMIT_WS_GROUP_NAME_BYTES 1024u
/* Subprotocols of one endpoint. */
#define PEAL_LIMIT_WS_PROTOCOLS 64u
/* Milliseconds over which a peer that is to be closed has to take what waits
 * for it, at PEAL_LIMIT_TAKE_PACE; then the rest is dropped. */
#define PEAL_LIMIT_WS_LEAVE_MS 10000u
