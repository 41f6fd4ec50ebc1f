/* SPDX-License-Identifier: MIT */
#pragma once
/* hospital: the program's one object, handed to every handler. Its parts are
 * made before the run and freed after it, so that handlers need no checks. */
#include <stdatomic.h>
#include <stdint.h>

#include <peal/kit.h>
#include <peal/kit_child.h>
#include <peal/kit_people.h>

#include "settings.h"

struct escalation;
struct journal;
struct notices;
struct replica;
struct unread;

/* Roles, as their bits in peal_kit_person.role. */
enum {
  HOSPITAL_VIEWER = 1,
  HOSPITAL_NURSE = 2,
  HOSPITAL_DOCTOR = 4,
  HOSPITAL_ADMIN = 8,
  HOSPITAL_DOCTORS = HOSPITAL_DOCTOR | HOSPITAL_ADMIN,
  HOSPITAL_STAFF = HOSPITAL_NURSE | HOSPITAL_DOCTORS,
};

typedef struct hospital {
  peal_kit house;
  settings conf;
  peal_kit_people *people;
  peal_kit_people_gate staff, doctors, admins; /* who may use a route */
  peal_web_limit *person_limit;  /* changes of one person, by their name */
  struct journal *journal;       /* everything that changes goes through it */
  struct escalation *escalation; /* critical alerts that nobody takes */
  struct notices *notices;       /* what is told by webhook, mail, SMS */
  struct replica *replica;       /* the other nodes; NULL: alone */
  struct unread *unread;         /* how many alerts are active */
  peal_kit_child demo;           /* the simulated wards */
  char demo_password[64];

  /* Since the start. */
  _Atomic uint64_t alerts, alerts_sent, escalated, notified, notify_failed,
      catch_ups;
} hospital;

enum { HOSPITAL_ROOM_BYTES = 128, HOSPITAL_PATIENT_ID_BYTES = 64 };

/* "patient_7" and such: `what` is a name of at most 96 bytes. Thread: pure. */
void hospital_room(char out[HOSPITAL_ROOM_BYTES], const char *kind,
                   peal_slice what);
/* To rooms of this node's sockets, on all workers; false after it was logged.
 * Thread: any. */
bool hospital_emit(hospital *app, const peal_to *to, const char *event,
                   peal_val value);
/* Something did not reach the screens of this node: they are disconnected, come
 * back, and are sent what they have missed. Thread: any. */
void hospital_resync(hospital *app);
/* Who asks, by HTTP or by event; NULL if it was nobody. In the handler. */
const peal_kit_person *hospital_who(const peal_kit_ask *ask);
/* Their username in lower case: what records are called by. Thread: pure. */
void hospital_key(char out[PEAL_KIT_USERNAME_BYTES],
                  const peal_kit_person *who);
/* Now, as ISO text. */
void hospital_now(char out[25]);
