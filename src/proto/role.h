/* SPDX-License-Identifier: MIT */
#pragma once
/* role: which end of the connection a machine is. It is an option of each; a
 * build for small devices (PEAL_SMALL) has clients alone, over a WebSocket
 * alone, and without compression, conflation keys and retries: the compiler leaves out the
 * rest. */
#ifdef PEAL_SMALL
#define PEAL_ROLE_IS_CLIENT(opts) ((void)(opts), true)
#define PEAL_ROLE_HAS_POLLING false
#define PEAL_ROLE_HAS_KEYS false
#define PEAL_ROLE_HAS_RETRIES false
#define PEAL_ROLE_HAS_DEFLATE false
#else
#define PEAL_ROLE_IS_CLIENT(opts) ((opts)->client)
#define PEAL_ROLE_HAS_POLLING true
#define PEAL_ROLE_HAS_KEYS true
#define PEAL_ROLE_HAS_RETRIES true
#define PEAL_ROLE_HAS_DEFLATE true
#endif
