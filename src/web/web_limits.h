/* SPDX-License-Identifier: MIT */
#pragma once
/* web_limits: ceilings of the web layer, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* A collected request body in bytes, unless the route says otherwise. */
#define PEAL_LIMIT_HTTP_BODY_BYTES 1000000u

/* JSON answers of so many bytes are compressed, unless the application says
 * otherwise: about what leaves in one packet whatever is saved. */
#define PEAL_LIMIT_WEB_COMPRESS_BYTES 1024u
