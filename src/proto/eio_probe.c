/* SPDX-License-Identifier: MIT */
#include "proto/eio_probe.h"

#include "base/mem.h"

#define NEVER UINT64_MAX
#define NOOP_MS 100u
#define FAREWELL_MS 2000u

peal_eio_probe *peal_eio_probe_new(const peal_mem *mem, bool is_client,
                                   uint64_t limit_at_ms) {
  mem = peal_mem_or_libc(mem);
  peal_eio_probe *probe = peal_mem_alloc(mem, sizeof *probe);
  if (probe)
    *probe = (peal_eio_probe){.limit_at_ms = limit_at_ms,
                              .noop_at_ms = NEVER,
                              .mem = mem,
                              .is_client = is_client};
  return probe;
}

void peal_eio_probe_free(peal_eio_probe *probe) {
  if (probe)
    peal_mem_free(probe->mem, probe);
}

static peal_eio_probe_step feed_client(peal_eio_probe *probe, peal_slice text,
                                       bool is_asked) {
  if (!peal_slice_is(text, "3probe") || probe->is_answered || !is_asked)
    return PEAL_EIO_PROBE_BROKEN;
  probe->is_answered = true;
  return PEAL_EIO_PROBE_ANSWERED;
}

peal_eio_probe_step peal_eio_probe_feed(peal_eio_probe *probe, peal_slice text,
                                        bool is_asked, uint64_t now_ms) {
  if (probe->is_client)
    return feed_client(probe, text, is_asked);
  if (peal_slice_is(text, "2probe")) {
    probe->is_answered = true;
    probe->noop_at_ms = now_ms + NOOP_MS;
    return PEAL_EIO_PROBE_ASKED;
  }
  /* reference 3.3: `5` is accepted without a probe, too. */
  return text.len && text.ptr[0] == '5' ? PEAL_EIO_PROBE_UPGRADE
                                        : PEAL_EIO_PROBE_BROKEN;
}

/* Every 100 ms of an upgrade; a GET that comes later in that time is released
 * at the next tick (reference 3.3). */
void peal_eio_probe_get(peal_eio_probe *probe, uint64_t now_ms) {
  if (!probe->is_client && probe->is_answered && probe->noop_at_ms == NEVER)
    probe->noop_at_ms = now_ms + NOOP_MS;
}

/* Nobody is woken for a GET that is not there: the next one starts the clock
 * again. */
bool peal_eio_probe_tick(peal_eio_probe *probe, bool waits, uint64_t now_ms) {
  if (now_ms < probe->noop_at_ms)
    return false;
  probe->noop_at_ms = NEVER;
  return waits;
}

bool peal_eio_probe_is_late(const peal_eio_probe *probe, uint64_t now_ms) {
  return now_ms >= probe->limit_at_ms;
}

void peal_eio_probe_hurry(peal_eio_probe *probe, uint64_t now_ms) {
  if (now_ms + FAREWELL_MS < probe->limit_at_ms)
    probe->limit_at_ms = now_ms + FAREWELL_MS;
}

uint64_t peal_eio_probe_deadline(const peal_eio_probe *probe) {
  return probe->limit_at_ms < probe->noop_at_ms ? probe->limit_at_ms
                                                : probe->noop_at_ms;
}
