/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_figures: what a server has done each second (reference:
 * aggregatedEvents), from counters that run anyway. */
#include "admin/admin_impl.h"

/* As of now, all workers. Thread: any. */
void peal_admin_figures_read(const peal_admin *admin, peal_admin_counts *out);
/* Add to `out` an entry for each figure that has grown between the two; `wall_ms`
 * is when. */
void peal_admin_figures_add(peal_items *out, peal_build *build,
                            const peal_admin_counts *before,
                            const peal_admin_counts *now, int64_t wall_ms);
/* Its name in the memory of this worker's turn: it may end meanwhile. "": no
 * memory. */
const char *peal_admin_figures_name(const peal_nsp *nsp);
/* Sockets of a namespace, all workers. Thread: any. */
int64_t peal_admin_figures_sockets(const peal_nsp *nsp);
/* The reason as the reference's engine calls it. */
const char *peal_admin_figures_reason(unsigned reason);
