/* SPDX-License-Identifier: MIT */
#pragma once
/* comer: a raw client that comes back: it remembers its session and how far it
 * has got, as the reference's does. */
#include "server_fixture.h"

typedef struct comer {
  sio_client io;
  char sid[40], pid[80], offset[40];
  bool recovered;
} comer;

/* The text behind `"name":"`. */
static inline bool member(const char *json, const char *name, char *out,
                          size_t size) {
  char key[40];
  snprintf(key, sizeof key, "\"%s\":\"", name);
  const char *at = strstr(json, key);
  if (!at)
    return false;
  at += strlen(key);
  size_t len = strcspn(at, "\"");
  if (len >= size)
    return false;
  memcpy(out, at, len);
  out[len] = '\0';
  return true;
}

/* As the reference's client: the last argument, if it is a text. */
static inline void note(comer *who, const char *packet) {
  size_t len = strlen(packet);
  const char *end = packet + len - 2;
  if (len < 4 || strcmp(end, "\"]") != 0)
    return;
  const char *at = end - 1;
  while (at > packet && *at != '"')
    at--;
  snprintf(who->offset, sizeof who->offset, "%.*s", (int)(end - at - 1),
           at + 1);
}

static inline bool is_event(const sio_packet *packet) {
  return packet && !packet->binary &&
         (packet->data[1] == '2' || packet->data[1] == '5') &&
         packet->data[0] == '4';
}

typedef void (*seen_fn)(const char *packet, void *user);

/* CONNECT, and what comes before the answer. */
static inline bool comer_join(comer *who, const char *more, seen_fn fn,
                              void *user) {
  char packet[400];
  const sio_packet *got;
  if (who->pid[0] && who->offset[0])
    snprintf(packet, sizeof packet, "40{\"pid\":\"%s\",\"offset\":\"%s\"%s}",
             who->pid, who->offset, more);
  else if (who->pid[0])
    snprintf(packet, sizeof packet, "40{\"pid\":\"%s\"%s}", who->pid, more);
  else
    snprintf(packet, sizeof packet, "40");
  if (!sio_client_send(&who->io, packet))
    return false;
  while ((got = sio_client_next(&who->io, 10000))) {
    char pid[80] = "";
    if (is_event(got)) {
      note(who, got->data);
      if (fn)
        fn(got->data, user);
      continue;
    }
    if (strncmp(got->data, "40{", 3) != 0)
      return false;
    bool ok = member(got->data, "sid", who->sid, sizeof who->sid) &&
              member(got->data, "pid", pid, sizeof pid);
    who->recovered = !strcmp(pid, who->pid);
    memcpy(who->pid, pid, sizeof pid);
    return ok;
  }
  return false;
}

static inline bool comer_open(comer *who, unsigned port, sio_via via,
                              seen_fn fn, void *user) {
  return sio_client_open(&who->io, port, via) && comer_join(who, "", fn, user);
}

static inline void to_trace(const char *packet, void *user) {
  (void)user;
  const char *at = strstr(packet, "[\"");
  trace_add("%.*s", (int)(strrchr(packet, ',') - at), at);
}

/* The next event, as "[name,args" without its offset. */
static inline void expect_event(comer *who, const char *text) {
  const sio_packet *got = sio_client_next(&who->io, 10000);
  assert_true(is_event(got));
  note(who, got->data);
  const char *at = strstr(got->data, "[\"");
  assert_non_null(at);
  char copy[300];
  snprintf(copy, sizeof copy, "%.*s", (int)(strrchr(at, ',') - at), at);
  assert_string_equal(copy, text);
}
