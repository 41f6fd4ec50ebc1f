/* SPDX-License-Identifier: MIT */
#pragma once
/* web_limits: ceilings of the web layer, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* A collected request body in bytes, unless the route says otherwise. */
#define PEAL_LIMIT_HTTP_BODY_BYTES 1000000u
