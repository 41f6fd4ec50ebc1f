/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_limits: the ceilings of the admin side. */

#define PEAL_ADMIN_REASONS 10u /* of peal_reason */
#define PEAL_LIMIT_ADMIN_TOLD_PER_S 1000u
#define PEAL_LIMIT_ADMIN_TOLD_BYTES_PER_S (4u << 20) /* per worker */
#define PEAL_LIMIT_ADMIN_SOCKETS 10000u              /* in one picture */
#define PEAL_LIMIT_ADMIN_QUEUE_BYTES (32u << 20)     /* of one who looks */
#define PEAL_LIMIT_ADMIN_SESSIONS 256u /* at one time; the oldest goes */
#define PEAL_LIMIT_ADMIN_SESSION_MS (24u * 3600u * 1000u) /* reference: a day */
#define PEAL_LIMIT_ADMIN_HASHING 2u  /* passwords on the pool at one time */
#define PEAL_LIMIT_ADMIN_WAITING 16u /* to be hashed; others are refused */
#define PEAL_LIMIT_ADMIN_CREDENTIAL_BYTES 256u /* of a name, of a password */
#define PEAL_LIMIT_ADMIN_FREE_FAILURES 5u      /* of an address, in a row */
#define PEAL_LIMIT_ADMIN_PENALTY_MS 60000u     /* at most, behind those */
#define PEAL_LIMIT_ADMIN_VIEWERS 64u /* of the status page at one time */
#define PEAL_LIMIT_ADMIN_ASKS 64u    /* stats.json that wait */
#define PEAL_LIMIT_ADMIN_TOP_ROOMS 20u
#define PEAL_LIMIT_ADMIN_ROOMS 4096u /* of a worker, told apart from others' */
#define PEAL_LIMIT_ADMIN_NODES 64u
#define PEAL_ADMIN_STATS_MS 2000u   /* reference */
#define PEAL_ADMIN_PICTURE_MS 1000u /* between two, at least */
