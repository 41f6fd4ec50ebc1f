/* SPDX-License-Identifier: MIT */
#pragma once
/* duty: which alerts the sockets of the staff are sent: rooms by their
 * preferences.
 *
 *   duty_all               no preferences: every alert
 *   duty_critical_*        of this severity, of every ward
 *   duty_critical_North    of this severity and ward
 *
 * Who is off duty is in none of them, and not in staff_on_duty. */
#include "hospital.h"

#define DUTY_ALL "duty_all"

/* The room of a severity and ward; ward "*": of those who see all wards. */
void duty_room(char out[HOSPITAL_ROOM_BYTES], peal_slice severity,
               peal_slice ward);
/* A new socket of somebody who may be on duty: in a connect handler. It gets
 * every alert until its preferences have been read. */
PEAL_MUST_CHECK peal_err duty_seat(hospital *app, peal_socket *socket);
/* The preferences or the availability of this person are others: their sockets
 * on this node are seated anew. Thread: any. */
void duty_refresh(hospital *app, peal_slice username);
