/* SPDX-License-Identifier: MIT */
#pragma once
/* logger: where the library's log lines are made and handed to the log
 * callback, one call at a time.
 *
 *   write -> [log_repeat] -> [log_queue] -> a thread of its own -> callback
 *            sums up          bounded                             or stderr
 *
 * Between start and stop no writer waits for the callback: what does not fit
 * into the queue is dropped, and a line says how many. Before and after, lines
 * are written by the caller, so that errors of a beginning and of an end come
 * out in order before the process ends. */
#include <peal/base.h>

typedef struct peal_logger peal_logger;

PEAL_MUST_CHECK peal_logger *peal_logger_new(const peal_log_opts *opts);
/* Stops it, too. */
void peal_logger_free(peal_logger *logger);
/* The thread begins; if it cannot, callers go on to write. */
void peal_logger_start(peal_logger *logger);
/* What waits is written, for at most a second if stderr takes nothing or the
 * callback is slow; a call that has begun is waited for. */
void peal_logger_stop(peal_logger *logger);
bool peal_logger_wants(const peal_logger *logger, peal_log_level level);
/* `peer` and `sid` may be empty. Text over 1 KiB is cut; control characters
 * are replaced (net/log_text). Lines with the same `format` are summed up
 * within a second, but for those of level debug. What is written from inside a
 * log callback is left out. Thread: any. */
void peal_logger_write(peal_logger *logger, peal_log_level level,
                       const char *area, peal_slice peer, peal_slice sid,
                       const char *format, ...) PEAL_PRINTF(6, 7);
/* The same for lines of which each counts (the access log): never summed. */
void peal_logger_write_each(peal_logger *logger, peal_log_level level,
                            const char *area, peal_slice peer, peal_slice sid,
                            const char *format, ...) PEAL_PRINTF(6, 7);
