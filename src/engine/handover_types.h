/* SPDX-License-Identifier: MIT */
#pragma once
/* handover_types: a handover and its figures, for those who only hold one. */
#include "engine/engine_types.h"

typedef struct peal_handover peal_handover;

/* Figures; Thread: any. */
typedef struct peal_handover_figures {
  _Atomic uint64_t sessions_given, sessions_taken, sessions_refused,
      sessions_kept;
  _Atomic uint64_t links_given, links_taken;
} peal_handover_figures;
