/* SPDX-License-Identifier: MIT */
#pragma once
/* staff: accounts with what the hospital knows of them, and who is available.
 * The account is the kit's (people), the rest a record. */
#include "hospital.h"

/* The first administrator, and records for accounts that have none. Blocks:
 * before the run. False after saying why. */
bool staff_prepare(hospital *app);
PEAL_MUST_CHECK peal_err staff_register(hospital *app);
/* Somebody has signed in or out: a peal_kit_people_sign_fn; `user` is the
 * hospital. */
void staff_on_sign(const peal_kit_person *person, bool is_in, void *user);
