/* SPDX-License-Identifier: MIT */
#pragma once
/* care: the program's one object, handed to every handler. Its parts are made
 * before the run and freed after it, so that handlers need no checks. */
#include <stdatomic.h>
#include <stdint.h>

#include <peal/kit.h>
#include <peal/kit_child.h>

#include "settings.h"

struct chat;
struct devices;
struct patients;
struct peal_kit_people;
struct seats;

typedef struct care {
  peal_kit house;
  settings conf;
  peal_web_limit *device_limit;   /* readings of one device */
  peal_web_limit *person_limit;   /* changes by one person, by their room */
  struct peal_kit_people *people; /* accounts and their tokens */
  struct devices *devices;        /* whose they are, their keys, who is there */
  struct patients *patients;      /* what is known last of everybody */
  struct seats *seats;            /* sockets, by account and by address */
  struct chat *chat;              /* conversations with the assistant */
  peal_kit_child demo;            /* the simulated devices */
  char demo_key[64];              /* of all of them; of this run */

  /* Since the start. */
  _Atomic uint64_t readings, refused, alerts;
} care;

enum { CARE_ROOM_BYTES = 32 };

/* The room of a person's sockets, and what `room` says in answers: "user_7". */
void care_room(char out[CARE_ROOM_BYTES], int64_t user_id);
/* To the sockets of one person, on all workers; a failure is logged. Thread:
 * any. */
void care_emit(care *app, int64_t user_id, const char *event, peal_args args);
/* JSON that no cache keeps. */
void care_answer(peal_http_req *req, unsigned status, peal_val body);
