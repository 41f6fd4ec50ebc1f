/* SPDX-License-Identifier: MIT */
#pragma once
/* nsp_end: the end of a namespace (nsp_life) on its way from worker to worker:
 * first who watches is told, then, when nobody holds it any more, each worker
 * gives back what it has of it. */
#include "server/server_impl.h"

/* peal_nsp.ending: what is to be done next. */
void peal_nsp_end_run(peal_worker *worker, peal_mail *mail);
