/* SPDX-License-Identifier: MIT */
/* acks: answers in both directions: at once, later from a background task,
 * from one client with a time limit, and from everyone.
 *
 *   example-acks [port]
 *
 *   socket.emit("add", 2, 3, ack)               ack(5)
 *   socket.emit("primes", 100000, ack)          ack(9592), counted elsewhere
 *   socket.emit("ask me", ack)                  the server asks "question";
 *                                               ack({answer}) or ack({error})
 *   socket.emit("roll call", ack)               every client is asked "here?";
 *                                               ack({asked, answers}) */
#include <stdlib.h>

#include <peal/peal.h>

static void on_add(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  peal_ack(event, PEAL_ARGS(peal_double(
                      peal_val_double(peal_event_arg(event, 0), 0) +
                      peal_val_double(peal_event_arg(event, 1), 0))));
}

/* -- later, from a task ---------------------------------------------------- */

typedef struct count_job {
  peal_reply *reply;
  int64_t limit;
  int64_t found;
} count_job;

/* Runs on a thread of the pool: it may take its time. */
static void count_primes(void *user) {
  count_job *job = user;
  for (int64_t n = 2; n < job->limit; n++) {
    int64_t d = 2;
    while (d * d <= n && n % d)
      d++;
    job->found += d * d > n;
  }
}

/* Runs on the socket's worker again. A client that has gone is no error. */
static void on_counted(peal_worker *worker, peal_err err, void *user) {
  count_job *job = user;
  (void)worker;
  peal_reply_send(job->reply,
                  PEAL_ARGS(err ? peal_null() : peal_int(job->found)));
  free(job);
}

static void on_primes(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)user;
  int64_t limit = peal_val_int(peal_event_arg(event, 0), 0);
  peal_reply *reply = peal_ack_later(event);
  if (!reply)
    return;
  count_job *job = calloc(1, sizeof *job);
  if (job)
    *job =
        (count_job){.reply = reply, .limit = limit < 1000000 ? limit : 1000000};
  if (!job || peal_task_run(peal_socket_worker(socket), count_primes,
                            on_counted, job)) {
    free(job);
    peal_reply_send(reply, PEAL_ARGS(peal_null()));
  }
}

/* -- the server asks ------------------------------------------------------- */

static void on_answer(peal_socket *socket, peal_err err, peal_args args,
                      void *user) {
  (void)socket;
  peal_val answer = args.count ? args.items[0] : peal_null();
  peal_reply_send(user, err ? PEAL_ARGS(PEAL_OBJECT(
                                  {"error", peal_str(peal_err_message(err))}))
                            : PEAL_ARGS(PEAL_OBJECT({"answer", answer})));
}

static void on_ask_me(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)user;
  peal_reply *reply = peal_ack_later(event);
  if (reply && peal_emit_ack(socket, "question",
                             PEAL_ARGS(peal_str("what is your name?")), 300,
                             on_answer, reply))
    peal_reply_drop(reply);
}

/* -- the server asks everyone ---------------------------------------------- */

static void on_all_answered(const peal_acks *acks, void *user) {
  peal_reply_send(user, PEAL_ARGS(PEAL_OBJECT(
                            {"asked", peal_int((int64_t)acks->expected)},
                            {"answers", peal_array(acks->responses.items,
                                                   acks->responses.count)})));
}

static void on_roll_call(peal_socket *socket, const peal_event *event,
                         void *user) {
  (void)user;
  peal_reply *reply = peal_ack_later(event);
  if (reply && peal_nsp_emit_ack(peal_socket_nsp(socket), NULL, "here?",
                                 PEAL_NO_ARGS, 300, on_all_answered, reply))
    peal_reply_drop(reply);
}

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(&(peal_server_opts){
      .port = argc > 1 ? atoi(argv[1]) : 3000, .cors.origins = "*"});
  peal_nsp *nsp = peal_server_of(server, "/");
  peal_on(nsp, "add", on_add, NULL);
  peal_on(nsp, "primes", on_primes, NULL);
  peal_on(nsp, "ask me", on_ask_me, NULL);
  peal_on(nsp, "roll call", on_roll_call, NULL);
  int code = peal_server_run(server);
  peal_server_free(server);
  return code;
}
