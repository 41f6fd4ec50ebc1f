/* SPDX-License-Identifier: MIT */
#include "admin/admin_figures.h"

#include "engine/engine.h"

void peal_admin_figures_read(const peal_admin *admin, peal_admin_counts *out) {
  const peal_server *server = admin->server;
  *out = (peal_admin_counts){0};
  for (unsigned i = 0; i < server->worker_count; i++) {
    const peal_figures *f = &server->locals[i].figures;
    const peal_engine_stats *e = peal_engine_stats_of(server->engine, i);
    out->connections += peal_figures_get(&e->sessions_total);
    out->packets_in += peal_figures_get(&f->packets_in);
    out->bytes_in += peal_figures_get(&f->bytes_in);
    out->packets_out +=
        peal_figures_get(&f->events_out) + peal_figures_get(&f->controls_out);
    out->bytes_out += peal_figures_get(&f->bytes_out) +
                      peal_figures_get(&f->control_bytes_out);
    for (size_t r = 0; r < PEAL_ADMIN_REASONS; r++)
      out->ended[r] += peal_figures_get(&admin->locals[i].ended[r]);
  }
}

const char *peal_admin_figures_name(const peal_nsp *nsp) {
  const char *name = peal_arena_str(&peal_worker_self()->turn,
                                    (peal_slice){nsp->name, nsp->name_len});
  return name ? name : "";
}

int64_t peal_admin_figures_sockets(const peal_nsp *nsp) {
  size_t count = 0;
  for (unsigned i = 0; i < nsp->server->worker_count; i++)
    count += peal_nsp_local_count(&nsp->locals[i]);
  return (int64_t)count;
}

/* engine.io has one word for all that the server does. */
const char *peal_admin_figures_reason(unsigned reason) {
  return reason == PEAL_REASON_FORCED_SERVER
             ? "forced close"
             : peal_reason_text((peal_reason)reason);
}

static void add(peal_items *out, peal_build *build, int64_t wall_ms,
                const char *type, const char *sub_type, uint64_t count) {
  if (!count)
    return;
  peal_val sub = sub_type ? peal_str(sub_type) : peal_undefined();
  peal_items_add(
      out, peal_build_keep(
               build, PEAL_OBJECT({"timestamp", peal_int(wall_ms)},
                                  {"type", peal_str(type)}, {"subType", sub},
                                  {"count", peal_int((int64_t)count)})));
}

void peal_admin_figures_add(peal_items *out, peal_build *build,
                            const peal_admin_counts *before,
                            const peal_admin_counts *now, int64_t wall_ms) {
  wall_ms -= wall_ms % 1000;
  add(out, build, wall_ms, "rawConnection", NULL,
      now->connections - before->connections);
  for (unsigned r = 0; r < PEAL_ADMIN_REASONS; r++)
    add(out, build, wall_ms, "rawDisconnection", peal_admin_figures_reason(r),
        now->ended[r] - before->ended[r]);
  add(out, build, wall_ms, "packetsIn", NULL,
      now->packets_in - before->packets_in);
  add(out, build, wall_ms, "packetsOut", NULL,
      now->packets_out - before->packets_out);
  add(out, build, wall_ms, "bytesIn", NULL, now->bytes_in - before->bytes_in);
  add(out, build, wall_ms, "bytesOut", NULL,
      now->bytes_out - before->bytes_out);
}
