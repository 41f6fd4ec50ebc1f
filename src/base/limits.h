/* SPDX-License-Identifier: MIT */
#pragma once
/* limits: ceilings of values and of writes, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* JSON nesting. */
#define PEAL_LIMIT_JSON_DEPTH 128u
/* Pieces of one write to the system. */
#define PEAL_LIMIT_IOVECS 64u
