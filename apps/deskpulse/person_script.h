/* SPDX-License-Identifier: MIT */
#pragma once
/* person_script: what the synthetic person does as time goes by: comes, sits,
 * slouches now and then, leans, goes away, has somebody behind. The same seed
 * does the same. Thread: pure. */
#include "person.h"

/* How they sit `t_ms` after the beginning, in which the room is empty. The first
 * 20 s are: nobody, coming, upright; the next 20 s slouched. */
person_pose person_script_at(uint64_t seed, uint64_t t_ms);
