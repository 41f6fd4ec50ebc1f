/* SPDX-License-Identifier: MIT */
#ifndef PEAL_NET_SYSTEM_H
#define PEAL_NET_SYSTEM_H
/* system: what POSIX does not have and the layers above want all the same. */
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

/* Of errno, in English; any thread. */
const char *peal_system_error(int number);

/* Such as ECONNREFUSED, or "?". */
const char *peal_system_error_name(int number);

/* Zeroes that no compiler leaves out. */
void peal_system_wipe(void *data, size_t len);

/* What the calling thread is called in lists of threads; 15 bytes at most. */
void peal_system_name_thread(const char *name);

/* The first place of a text in bytes, or NULL. */
const char *peal_system_find(const char *in, size_t len, const char *what);

/* Reads what memory has of a file; -1 where it would wait for a disk. */
ssize_t peal_system_read_cached(int fd, void *to, size_t len, int64_t offset);

/* Opens a folder to open files below it; -1 and errno. */
int peal_system_open_folder(const char *path);

/* Opens what is below the folder and leads nowhere else; -1 and errno, which is
 * ENOSYS where the kernel cannot say. */
int peal_system_open_below(int folder, const char *path, int flags);

#endif
