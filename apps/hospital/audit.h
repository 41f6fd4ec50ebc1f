/* SPDX-License-Identifier: MIT */
#pragma once
/* audit: the journal for people: who has done what, newest first. */
#include "hospital.h"

PEAL_MUST_CHECK peal_err audit_register(hospital *app);
