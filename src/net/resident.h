/* SPDX-License-Identifier: MIT */
#pragma once
/* resident: memory of this process that is in the machine's. */
#include <stdint.h>

/* In bytes; 0 where there is no /proc. Thread: any. */
uint64_t peal_resident_bytes(void);
