/* SPDX-License-Identifier: MIT */
#pragma once
/* nsp_open: letting sockets into a namespace that was made while the server
 * runs. It is closed at first, so that whoever made it can set it up: who comes
 * meanwhile waits. What was registered for it travels to the other workers as
 * mail, and so does the word that it is open, behind it. */
#include "server/server_impl.h"

/* On every worker, at once: nobody can know of it yet. */
void peal_nsp_open_all(peal_nsp *nsp);
/* On this worker at once, then on the others. */
void peal_nsp_open_now(peal_nsp *nsp);
/* The same at the end of the turn; without one at once. */
void peal_nsp_open_later(peal_nsp *nsp);
