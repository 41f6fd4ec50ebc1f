/* SPDX-License-Identifier: MIT */
#pragma once
/* doors: who may use a route, and how often. */
#include "hospital.h"

typedef enum doors_who {
  DOORS_ALL, /* whoever is signed in */
  DOORS_STAFF,
  DOORS_DOCTORS, /* and admins */
  DOORS_ADMINS,
} doors_who;

/* Routes and events of who may; changes are counted by person. `actions` lives
 * as long as the program. */
PEAL_MUST_CHECK peal_err doors_add(hospital *app, doors_who who,
                                   const peal_kit_action *actions,
                                   size_t count);
