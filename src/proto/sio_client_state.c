/* SPDX-License-Identifier: MIT */
#include "proto/sio_client_state.h"

#include "base/err_site.h"
#include "base/mem.h"
#include "proto/proto_limits.h"

#define TEXT_STEP 32u /* a text's memory grows by so many bytes */

/* -- what is told ------------------------------------------------------------- */

void peal_sio_client_state_news_init(peal_sio_client_news *news,
                                     peal_sio_client_event_type type,
                                     peal_sio_client_nsp *nsp) {
  *news = (peal_sio_client_news){.type = (uint8_t)type, .nsp = nsp};
  peal_list_init(&news->at);
}

void peal_sio_client_state_tell(peal_sio_client *client,
                                peal_sio_client_news *news) {
  if (!peal_list_is_linked(&news->at))
    peal_list_push(&client->news, &news->at);
}

void peal_sio_client_state_tell_err(peal_sio_client *client,
                                    peal_sio_client_news *news,
                                    peal_client_reason reason, peal_err err) {
  news->reason = (uint8_t)reason;
  news->err = (int16_t)err;
  peal_sio_client_state_tell(client, news);
}

/* -- memory -------------------------------------------------------------------- */

const peal_mem *peal_sio_client_state_mem(const peal_sio_client *client) {
  return peal_mem_or_libc(client->opts->conn.mem);
}

peal_err peal_sio_client_state_charge(peal_sio_client *client, size_t bytes) {
  return client->account ? peal_account_charge(client->account, bytes)
                         : PEAL_OK;
}

void peal_sio_client_state_release(peal_sio_client *client, size_t bytes) {
  if (client->account)
    peal_account_release(client->account, bytes);
}

static peal_err make_room(peal_sio_client *client, peal_sio_client_text *kept,
                          size_t len) {
  size_t cap = (len + TEXT_STEP - 1) / TEXT_STEP * TEXT_STEP;
  peal_err err = peal_sio_client_state_charge(client, cap);
  if (err)
    return err;
  char *ptr = peal_mem_alloc(peal_sio_client_state_mem(client), cap);
  if (!ptr) {
    peal_sio_client_state_release(client, cap);
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  }
  peal_sio_client_state_forget(client, kept);
  *kept = (peal_sio_client_text){.ptr = ptr, .cap = (uint16_t)cap};
  return PEAL_OK;
}

peal_err peal_sio_client_state_keep(peal_sio_client *client,
                                    peal_sio_client_text *kept,
                                    peal_slice text) {
  peal_err err = PEAL_OK;
  if (text.len > PEAL_LIMIT_SIO_ID_BYTES)
    return PEAL_FAIL(PEAL_ERR_TOO_LONG);
  if (text.len > kept->cap)
    err = make_room(client, kept, text.len);
  if (err)
    return err;
  if (text.len)
    memcpy(kept->ptr, text.ptr, text.len);
  kept->len = (uint16_t)text.len;
  return PEAL_OK;
}

void peal_sio_client_state_forget(peal_sio_client *client,
                                  peal_sio_client_text *kept) {
  peal_sio_client_state_release(client, kept->cap);
  peal_mem_free(peal_sio_client_state_mem(client), kept->ptr);
  *kept = (peal_sio_client_text){0};
}

peal_slice peal_sio_client_state_slice(const peal_sio_client_text *text) {
  return (peal_slice){text->ptr, text->len};
}

/* -- dice and time ------------------------------------------------------------- */

/* A counter, mixed (Stafford's variant of MurmurHash3's finalizer): each seed
 * is as good as any other. */
uint32_t peal_sio_client_state_roll(peal_sio_client *client) {
  uint32_t bits = client->dice += 0x9e3779b9u;
  bits = (bits ^ bits >> 16) * 0x21f0aaadu;
  bits = (bits ^ bits >> 15) * 0x735a2d97u;
  return bits ^ bits >> 15;
}

uint64_t peal_sio_client_state_at(const peal_sio_client *client,
                                  uint32_t delay_ms) {
  return delay_ms == UINT32_MAX ? UINT64_MAX : client->now_ms + delay_ms;
}
