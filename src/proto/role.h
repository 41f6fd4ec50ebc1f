/* SPDX-License-Identifier: MIT */
#pragma once
/* role: which end of the connection a machine is. It is an option of each; a
 * build for small devices (PEAL_SMALL) has clients alone, over a WebSocket
 * alone, with the default parser, and without compression, conflation keys,
 * retries and Engine.IO 3: the compiler leaves out the rest. */
#ifdef PEAL_SMALL
#define PEAL_ROLE_IS_CLIENT(opts) ((void)(opts), true)
#define PEAL_ROLE_HAS_POLLING false
#define PEAL_ROLE_HAS_KEYS false
#define PEAL_ROLE_HAS_RETRIES false
#define PEAL_ROLE_IS_EIO3(session) ((void)(session), false)
#define PEAL_ROLE_IS_SIO2(conn) ((void)(conn), false)
#define PEAL_ROLE_HAS_DEFLATE false
#define PEAL_ROLE_PARSER(opts) ((void)(opts), (const peal_parser *)0)
#else
#define PEAL_ROLE_IS_CLIENT(opts) ((opts)->client)
#define PEAL_ROLE_HAS_POLLING true
#define PEAL_ROLE_HAS_KEYS true
#define PEAL_ROLE_HAS_RETRIES true
#define PEAL_ROLE_IS_EIO3(session) ((session)->eio3)
#define PEAL_ROLE_IS_SIO2(conn) ((conn)->sio2)
#define PEAL_ROLE_HAS_DEFLATE true
#define PEAL_ROLE_PARSER(opts) ((opts)->parser)
#endif
