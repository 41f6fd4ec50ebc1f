/* SPDX-License-Identifier: MIT */
#pragma once
/* peal: everything a Socket.IO server or client needs, in one include.
 *
 *   base.h     slices, errors, memory, shared bytes, the log
 *   val.h      values: what events carry
 *   worker.h   threads with a loop each, timers, tasks on the pool
 *   http.h     the HTTP server that the rest stands on
 *   ws.h       plain WebSocket endpoints, without Socket.IO
 *   server.h   namespaces, sockets, rooms, events (with engine.h)
 *   namespaces.h  those that come and go while it runs
 *   rooms.h    which rooms there are, and what becomes of them
 *   session.h  values of a client that outlive its socket
 *   handle.h   references to sockets, and what hangs on one
 *   events.h   wildcards, middleware of events, errors, a call that waits
 *   trace.h    events one by one: what they are and cost
 *   client.h   a client: its connection, namespaces, events (with event.h)
 *   simple.h   a client whose calls wait
 *   outbox.h   events of a client that must not be lost
 *
 * <peal/device.h> is a client for small devices, in a library of its own.
 *
 * Beside it, for who wants them (a library built with PEAL_WEB=OFF has them
 * not): <peal/web.h> (routes, static files, metrics), <peal/store.h> (SQLite)
 * and <peal/config.h>. Each header may be included alone and first.
 *
 * Example: examples/chat/main.c */
#include <peal/base.h>
#include <peal/client.h>
#include <peal/events.h>
#include <peal/handle.h>
#include <peal/http.h>
#include <peal/namespaces.h>
#include <peal/outbox.h>
#include <peal/rooms.h>
#include <peal/server.h>
#include <peal/session.h>
#include <peal/simple.h>
#include <peal/trace.h>
#include <peal/val.h>
#include <peal/worker.h>
#include <peal/ws.h>
