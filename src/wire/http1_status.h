/* SPDX-License-Identifier: MIT */
#pragma once
/* http1_status: the texts of the status codes (RFC9110 15). */

/* "Not Found" for 404; "" if unknown. Thread: pure. */
const char *peal_http1_status_text(unsigned status);
