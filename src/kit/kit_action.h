/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_action: what can be asked for, in memory that ends with the program. */
#include <peal/kit_answer.h>

void peal_kit_action_free_all(peal_kit *kit);
