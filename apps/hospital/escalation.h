/* SPDX-License-Identifier: MIT */
#pragma once
/* escalation: critical alerts that nobody acknowledges go up: nurse -> doctor ->
 * all. When each is due stands in the store (alerts.due_ms), so a restart
 * forgets none and nobody counts twice; the timer is set to the earliest, and
 * what is due is found by an index.
 *
 *   stored --due--> level 1: doctors --due--> level 2: everybody
 *      |                |
 *      +-- acknowledged or resolved: no more due */
#include "hospital.h"

typedef struct escalation escalation;

/* Before the run; NULL: memory is out. */
escalation *escalation_new(hospital *app);
void escalation_free(escalation *all);
/* All on worker 0. */
void escalation_start(escalation *all);
void escalation_stop(escalation *all);
/* There is a new alert, or one has gone up: perhaps it is the first that is
 * due. */
void escalation_new_alert(escalation *all, peal_val alert);
