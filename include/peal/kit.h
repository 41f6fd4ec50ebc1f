/* SPDX-License-Identifier: MIT */
#pragma once
/* kit: what a whole application needs around Peal, in one include: the program
 * that makes, runs and ends itself, who may come in, and the small things that
 * each would write again.
 *
 *   kit_program.h  configuration, log, data folder, store, faces, the run
 *   kit_answer.h   actions: one handler for HTTP and events, checks, answers
 *   kit_auth.h     the dashboard's password, sessions, names and sites
 *   kit_people.h   accounts with passwords, roles, tokens, sign-ins
 *   kit_devices.h  ids of devices, their keys, presence, rates
 *   kit_files.h    a bounded folder of files, with small pictures
 *   kit_history.h  histories by pages, as files, as series; CSV
 *   kit_sim.h      simulated devices, over HTTP and over sockets
 *   kit_calls.h    requests to other services, on the worker's loop
 *   kit_sse.h      server-sent events out of their answers
 *   kit_small.h    digests, random bytes, addresses, text, the time zone
 *
 * It is a static library of its own (peal-kit of pkg-config, Peal::peal_kit of
 * CMake), made of the public functions of Peal and needing its web layer; a
 * build with PEAL_KIT=OFF has it not. The promises of docs/abi.md are not
 * given for it: it is compiled into the program that uses it. Its functions
 * take no NULL for an object that they say nothing about.
 *
 * Example: apps/sv30-backend/main.c */
#include <peal/kit_answer.h>
#include <peal/kit_auth.h>
#include <peal/kit_calls.h>
#include <peal/kit_devices.h>
#include <peal/kit_files.h>
#include <peal/kit_history.h>
#include <peal/kit_password.h>
#include <peal/kit_people.h>
#include <peal/kit_program.h>
#include <peal/kit_sim.h>
#include <peal/kit_small.h>
#include <peal/kit_sse.h>
#include <peal/kit_token.h>
