/* SPDX-License-Identifier: MIT */
#pragma once
/* logger: formats lines for the log callback; one call at a time. */
#include <peal/base.h>

typedef struct peal_logger peal_logger;

PEAL_MUST_CHECK peal_logger *peal_logger_new(const peal_log_opts *opts);
void peal_logger_free(peal_logger *logger);
bool peal_logger_wants(const peal_logger *logger, peal_log_level level);
/* `peer` and `sid` may be empty. Text over 1 KiB is cut; control characters
 * are replaced. Thread: any. */
void peal_logger_write(peal_logger *logger, peal_log_level level,
                       const char *area, peal_slice peer, peal_slice sid,
                       const char *format, ...) PEAL_PRINTF(6, 7);
