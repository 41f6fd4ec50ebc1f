/* SPDX-License-Identifier: MIT */
#pragma once
/* role: which end of the connection a machine is. It is an option of each; a
 * build for small devices (PEAL_SMALL) has clients alone, and the compiler
 * leaves out what only servers do. */
#ifdef PEAL_SMALL
#define PEAL_ROLE_IS_CLIENT(opts) ((void)(opts), true)
#else
#define PEAL_ROLE_IS_CLIENT(opts) ((opts)->client)
#endif
