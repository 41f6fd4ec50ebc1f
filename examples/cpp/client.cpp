// SPDX-License-Identifier: MIT
// cpp/client: a client in C++17: joins a chat (examples/chat), says a line,
// prints what the others say, and leaves when it hears "bye". Its arguments are
// the URL and the line.
#include <cstdio>
#include <string>

#include <peal/peal.h>

static std::string text_of(peal_val value) {
  peal_slice text = peal_val_str(value);
  return text.len ? std::string(text.ptr, text.len) : std::string();
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  peal_client_opts opts = {};
  opts.url = argv[1];
  peal_client_problem why;
  peal_client *client = nullptr;
  if (peal_client_new(&client, &opts, &why)) {
    std::fprintf(stderr, "%s\n", why.text);
    return 1;
  }
  peal_client_nsp *nsp = peal_client_of(client, nullptr);
  peal_client_on(
      nsp, "chat",
      [](peal_client_nsp *from, const peal_event *event, void *) {
        std::string said =
            text_of(peal_val_get(peal_event_arg(event, 0), "text"));
        std::printf("%s\n", said.c_str());
        std::fflush(stdout);
        if (said == "bye")
          peal_client_stop(peal_client_nsp_client(from));
      },
      nullptr);
  peal_client_emit_ack(
      nsp, nullptr, "chat", PEAL_ARGS(peal_str(argv[2])),
      [](peal_client_nsp *, peal_err err, peal_args args, void *) {
        std::printf("answer %s\n", err ? peal_err_message(err)
                                       : text_of(args.items[0]).c_str());
        std::fflush(stdout);
      },
      nullptr);
  int code = peal_client_run(client);
  peal_client_free(client);
  return code;
}
