/* SPDX-License-Identifier: MIT */
#pragma once
/* board: what the device program asks of the machine it runs on: one TCP
 * connection, a clock, dice. Written twice: for any POSIX system, and for a
 * bare ARM program whose only system calls are these (board_arm). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t board_now_ms(void);
uint32_t board_dice(void *user);
/* To 127.0.0.1. Returns a descriptor, or -1. */
int board_connect(unsigned port);
void board_close(int fd);
/* Bytes read or written; 0: none now (reading: the end is -1). */
int board_read(int fd, void *data, size_t len);
int board_write(int fd, const void *data, size_t len);
/* Wait until it is readable, or writable if `writes`, but no longer. */
void board_wait(int fd, bool writes, int timeout_ms);
void board_print(const char *text);
