/* SPDX-License-Identifier: MIT */
#include "cli_commands.h"

#include <string.h>

#include "cli_runs.h"

const cli_command cli_commands[] = {
    {CLI_PROBE, "probe", "URL", "find out why a connection fails",
     "Goes the way of a connection step by step: name, TCP, TLS and the\n"
     "certificate, handshake, polling, namespace, WebSocket, heartbeat; says\n"
     "how long each took, what is wrong, and what to do about it.",
     "peal probe https://example.com --origin https://app.example.com", 1, 1,
     cli_probe_run},
    {CLI_SERVE, "serve", "", "a server to try things on",
     "Serves rooms, says what happens and answers everything:\n"
     "  echo VALUE...      comes back as it is, and as the acknowledgement\n"
     "  join ROOM          join a room; leave ROOM leaves it again\n"
     "  chat TEXT [ROOM]   everyone in the room (or all) gets\n"
     "                     chat {from, text, room}\n"
     "  members [ROOM]     acknowledged with the ids of those in it\n"
     "  ask EVENT VALUE... the server emits EVENT, and acknowledges with your\n"
     "                     acknowledgement\n"
     "  bye                the server disconnects you\n"
     "  drop               the server closes your connection\n"
     "  anything else      all others get it as it is\n"
     "It listens on this machine only unless --host says otherwise.",
     "peal serve --port 3000", 0, 0, cli_serve_run},
};

const size_t cli_commands_count = sizeof cli_commands / sizeof cli_commands[0];

const cli_command *cli_commands_find(const char *name) {
  for (size_t i = 0; i < cli_commands_count; i++)
    if (strcmp(cli_commands[i].name, name) == 0)
      return &cli_commands[i];
  return NULL;
}
