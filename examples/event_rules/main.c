/* SPDX-License-Identifier: MIT */
/* event_rules: what stands between an event and its handlers.
 *
 *   example-event_rules [port]
 *
 *   socket.emit("add", 2, 3, ack)     ack(5)
 *   socket.emit("add", 2, "x", ack)   the handler fails, and the error handler
 *                                     answers: ack({error: "two numbers"})
 *   socket.emit("secret", ack)        a middleware refuses: ack({error:
 *                                     "sign in first"})
 *   socket.emit("sign in", "tea")     ... until one has signed in
 *   socket.emit("whatever", ack)      ack("no such thing: whatever")
 *   socket.emit("ask me", ack)        a thread asks the client "how many?" and
 *                                     waits; ack(what it said)
 *
 * A client may send 100 events a second. PEAL_TRACE=all shows each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/peal.h>

static const peal_socket_key signed_in = {0};

/* -- errors: one place for all handlers ------------------------------------- */

static void on_error(peal_socket *socket, const peal_event *event, peal_err err,
                     const char *message, void *user) {
  (void)user;
  fprintf(stderr, "%s: %s (%s)\n", peal_socket_id(socket), message,
          peal_err_name(err));
  if (event)
    peal_ack(event, PEAL_ARGS(PEAL_OBJECT({"error", peal_str(message)})));
}

static void on_add(peal_socket *socket, const peal_event *event, void *user) {
  peal_val a = peal_event_arg(event, 0), b = peal_event_arg(event, 1);
  (void)socket;
  (void)user;
  if (!peal_val_is(a, PEAL_INT) || !peal_val_is(b, PEAL_INT)) {
    peal_event_fail(event, PEAL_ERR_USAGE, "two numbers");
    return;
  }
  peal_ack(event, PEAL_ARGS(peal_int(peal_val_int(a, 0) + peal_val_int(b, 0))));
}

/* -- middleware: for every event of the namespace ---------------------------- */

static void check(peal_socket *socket, const peal_event *event,
                  peal_event_next *next, void *user) {
  (void)user;
  if (peal_slice_is(peal_event_name(event), "secret") &&
      !peal_socket_key_get(socket, &signed_in))
    peal_event_next_refuse(next, "sign in first");
  else
    peal_event_next_ok(next);
}

static void on_sign_in(peal_socket *socket, const peal_event *event,
                       void *user) {
  static char yes[] = "yes";
  const char *word = peal_event_str(event, 0);
  (void)user;
  if (word && !strcmp(word, "tea"))
    (void)peal_socket_key_set(socket, &signed_in, yes);
}

static void on_secret(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)socket;
  (void)user;
  peal_ack(event, PEAL_ARGS(peal_str("42")));
}

/* -- whatever has no handler -------------------------------------------------- */

static void on_other(peal_socket *socket, const peal_event *event, void *user) {
  char text[80];
  (void)socket;
  (void)user;
  snprintf(text, sizeof text, "no such thing: %.*s",
           PEAL_SFMT(peal_event_name(event)));
  peal_ack(event, PEAL_ARGS(peal_str(text)));
}

/* -- a thread that waits for a client ------------------------------------------ */

typedef struct question {
  peal_socket_ref ref;
  peal_reply *reply;
} question;

static void wait_for_it(void *user) { /* on a thread of the pool */
  question *it = user;
  peal_doc *answer;
  peal_err err =
      peal_ref_call(it->ref, "how many?", PEAL_NO_ARGS, 5000, &answer);
  peal_val first = peal_val_at(peal_doc_val(answer), 0);
  peal_reply_send(it->reply,
                  PEAL_ARGS(err ? peal_str(peal_err_message(err)) : first));
  peal_doc_free(answer);
  free(it);
}

static void on_ask_me(peal_socket *socket, const peal_event *event,
                      void *user) {
  question *it = calloc(1, sizeof *it);
  (void)user;
  if (!it)
    return;
  it->ref = peal_ref_of(socket);
  it->reply = peal_ack_later(event);
  if (!peal_task_run(peal_socket_worker(socket), wait_for_it, NULL, it))
    return;
  peal_reply_drop(it->reply);
  free(it);
}

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(&(peal_server_opts){
      .port = argc > 1 ? atoi(argv[1]) : 3000,
      .cors.origins = "*",
      .event_rate = {.per_s = 100, .policy = PEAL_RATE_ERROR}});
  peal_nsp *nsp = peal_server_of(server, "/");
  peal_on_error(peal_server_wildcard(server), on_error, NULL);
  peal_use_event(nsp, check, NULL);
  peal_on(nsp, "add", on_add, NULL);
  peal_on(nsp, "sign in", on_sign_in, NULL);
  peal_on(nsp, "secret", on_secret, NULL);
  peal_on(nsp, "ask me", on_ask_me, NULL);
  peal_on_wildcard(nsp, on_other, NULL);
  int code = peal_server_run(server);
  peal_server_free(server);
  return code;
}
