/* SPDX-License-Identifier: MIT */
#include "cli_commands.h"

#include <string.h>

#include "cli_runs.h"

const cli_command cli_commands[] = {
    {CLI_LISTEN, "listen", "URL [EVENT...]", "print the events that come",
     "Connects and prints each event, or those of the names that are given: a\n"
     "line of JSON each when piped. Reconnects when the connection is lost.\n"
     "Ctrl-C ends it.",
     "peal listen https://example.com/chat message --count 1", 1, CLI_WORDS_MAX,
     cli_listen_run},
    {CLI_EMIT, "emit", "URL EVENT [VALUE...]", "send an event",
     "Connects, sends the event with its values, and leaves when it has been\n"
     "sent: that it has arrived only --ack proves, which waits until the\n"
     "server has acknowledged it and prints what that said.\n\n"
     "With --redis URL it needs no server: peal emit --redis URL EVENT\n"
     "[VALUE...] is heard by the clients of all servers (of Peal, Node or\n"
     "Python) that share this Redis, or of those in a --room.",
     "peal emit http://localhost:3000 chat '{\"text\": \"hi\"}' --ack", 2,
     CLI_WORDS_MAX, cli_emit_run},
    {CLI_CALL, "call", "URL EVENT [VALUE...]",
     "send an event and print its acknowledgement",
     "As emit --ack, but prints the value alone (several as an array), for\n"
     "scripts: bytes as they are if stdout is no terminal and the answer is\n"
     "one binary. Waits 10 s at most unless --timeout says otherwise.",
     "peal call http://localhost:3000 echo 1", 2, CLI_WORDS_MAX, cli_emit_run},
    {CLI_CONNECT, "connect", "URL", "talk to a server, line by line",
     "Type EVENT VALUE... to send an event, /help for what else there is. Tab\n"
     "completes commands and the events that were seen; the arrows bring back\n"
     "earlier lines, also of earlier days. From a pipe or a file the same\n"
     "lines are read; the end of it waits for the answers and leaves.",
     "peal connect http://localhost:3000", 1, 1, cli_connect_run},
    {CLI_PROBE, "probe", "URL", "find out why a connection fails",
     "Goes the way of a connection step by step: name, TCP, TLS and the\n"
     "certificate, handshake, polling, namespace, WebSocket, heartbeat; says\n"
     "how long each took, what is wrong, and what to do about it.",
     "peal probe https://example.com --origin https://app.example.com", 1, 1,
     cli_probe_run},
    {CLI_BENCH, "bench", "URL [EVENT [VALUE...]]",
     "measure a server under load",
     "Opens connections, sends the event (default: echo with a short text) on\n"
     "each and measures the time until it is acknowledged. It speaks to the\n"
     "server that you name and to no other: it is for servers of your own.",
     "peal bench http://localhost:3000 -C 100 --rate 5000 -d 10s", 1,
     CLI_WORDS_MAX, cli_bench_run},
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
