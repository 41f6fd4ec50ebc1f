/* SPDX-License-Identifier: MIT */
#pragma once
/* socket_queue: what the kernel holds of a socket's outgoing bytes.
 *
 *   sent by us | unsent: waits in the kernel | in flight | acked by the peer
 *              |<------------ unacked ------------------>|                   */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t peal_socket_queue_unacked(int fd);
/* Not even sent yet. */
size_t peal_socket_queue_unsent(int fd);
/* The lower half of a count of the bytes that the peer has acknowledged: it
 * changes when the peer takes something. For sockets that count nothing
 * (Unix): a number that changes when what is unacked does. */
uint32_t peal_socket_queue_acked(int fd);
/* Poll as writable only while less than `bytes` are unsent; 0: the kernel's
 * own idea. Returns false if this is no TCP socket. */
bool peal_socket_queue_set_lowat(int fd, uint32_t bytes);
