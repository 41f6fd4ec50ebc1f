/* SPDX-License-Identifier: MIT */
/* client_glib: a client in the main loop of GLib, as a desktop program has it. A
 * timer of GLib says the seconds since the start to a chat (examples/chat);
 * SIGTERM ends the program. Its argument is the URL. */
#include <signal.h>
#include <stdio.h>

#include <glib-unix.h>
#include <glib.h>

#include <peal/peal.h>

/* Worker 0 as a source of events. */
typedef struct peal_source {
  GSource base;
  peal_workers *workers;
  GMainLoop *loop;
  gpointer tag; /* of the descriptor */
} peal_source;

static gboolean prepare(GSource *base, gint *timeout_ms) {
  *timeout_ms = peal_workers_timeout_ms(((peal_source *)base)->workers);
  return *timeout_ms == 0;
}

static gboolean check(GSource *base) {
  peal_source *it = (peal_source *)base;
  return g_source_query_unix_fd(base, it->tag) != 0 ||
         peal_workers_timeout_ms(it->workers) == 0;
}

static gboolean dispatch(GSource *base, GSourceFunc fn, gpointer user) {
  peal_source *it = (peal_source *)base;
  (void)fn;
  (void)user;
  if (peal_workers_step(it->workers, 0) == PEAL_OK)
    return G_SOURCE_CONTINUE;
  g_main_loop_quit(it->loop);
  return G_SOURCE_REMOVE;
}

static void add_source(peal_workers *workers, GMainLoop *loop) {
  static GSourceFuncs funcs = {
      .prepare = prepare, .check = check, .dispatch = dispatch};
  GSource *base = g_source_new(&funcs, sizeof(peal_source));
  peal_source *it = (peal_source *)base;
  it->workers = workers;
  it->loop = loop;
  it->tag = g_source_add_unix_fd(base, peal_workers_fd(workers), G_IO_IN);
  g_source_attach(base, NULL);
  g_source_unref(base);
}

static gboolean on_tick(gpointer client) {
  static int seconds;
  char text[32];
  snprintf(text, sizeof text, "tick %d", ++seconds);
  /* Outside a step: what is for any thread. */
  peal_client_emit(peal_client_of(client, NULL), "chat",
                   PEAL_ARGS(peal_str(text)));
  return G_SOURCE_CONTINUE;
}

static gboolean on_term(gpointer client) {
  peal_client_stop(client);
  return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv) {
  peal_client *client;
  peal_client_problem why;
  if (peal_client_new(
          &client, &(peal_client_opts){.url = argc > 1 ? argv[1] : NULL}, &why))
    return fprintf(stderr, "%s\n", why.text), 1;
  peal_workers *workers = peal_client_workers(client);
  if (peal_workers_begin(workers))
    return 1;
  GMainLoop *loop = g_main_loop_new(NULL, FALSE);
  add_source(workers, loop);
  g_timeout_add(1000, on_tick, client);
  g_unix_signal_add(SIGTERM, on_term, client);
  g_main_loop_run(loop);
  g_main_loop_unref(loop);
  int code = peal_workers_end(workers);
  peal_client_free(client);
  return code;
}
