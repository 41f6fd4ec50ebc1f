/* SPDX-License-Identifier: MIT */
#include "engine/engine_chain.h"

#include "base/mem.h"
#include "net/run.h"

peal_err peal_engine_chain_add(const peal_engine *engine,
                               peal_engine_hook **chain,
                               const peal_engine_hook *like) {
  if (peal_run_has_begun(engine->workers))
    return PEAL_ERR_USAGE;
  peal_engine_hook *hook = peal_mem_alloc(engine->mem, sizeof *hook);
  if (!hook)
    return PEAL_ERR_NOMEM;
  *hook = *like;
  while (*chain)
    chain = &(*chain)->next;
  *chain = hook;
  return PEAL_OK;
}

void peal_engine_chain_free(const peal_engine *engine,
                            peal_engine_hook *chain) {
  while (chain) {
    peal_engine_hook *next = chain->next;
    peal_mem_free(engine->mem, chain);
    chain = next;
  }
}
