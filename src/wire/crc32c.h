/* SPDX-License-Identifier: MIT */
#pragma once
/* crc32c: the checksum of Castagnoli's polynomial, as iSCSI and file systems
 * use it (RFC3720 B.4): finds what a disk has damaged, hides nothing from
 * anybody. All Thread: pure. */
#include <peal/base.h>

/* The checksum of what `crc` is that of, and `data` behind it; 0 is that of
 * nothing. */
uint32_t peal_crc32c(uint32_t crc, peal_slice data);
