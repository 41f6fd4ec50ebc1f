/* SPDX-License-Identifier: MIT */
/* sio_client_check: what always holds in a client's machine. */
#include "proto/sio_client.h"
#include "proto/sio_conn.h"
#include "proto/sio_out.h"

typedef struct tally {
  size_t bytes, sending;
  uint32_t count, known, due, ages;
} tally;

static void add(tally *sum, const peal_sio_out *out) {
  sum->bytes += out->is_counted ? out->cost : 0;
  sum->count += out->is_counted;
  sum->sending += out->is_sending ? out->message_cost : 0;
  sum->known += out->is_known;
  sum->due += out->due.is_in;
  sum->ages += peal_list_is_linked(&out->age);
}

static bool add_all(tally *sum, const peal_list *list, bool waits) {
  for (peal_list *at = list->next; at != list; at = at->next) {
    const peal_sio_out *out = peal_sio_out_of(at);
    if (out->is_counted != (waits || out->is_retry) || !out->message == waits)
      return false;
    add(sum, out);
  }
  return true;
}

static bool check_nsp(const peal_sio_client_nsp *nsp, tally *sum) {
  const peal_sio_out *first = nsp->in_flight;
  bool online = nsp->client->stage == PEAL_SIO_CLIENT_ONLINE;
  if (!online && nsp->phase != PEAL_SIO_CLIENT_OUT)
    return false;
  if ((nsp->link != 0) != (nsp->phase >= PEAL_SIO_CLIENT_JOINING))
    return false;
  if (nsp->told && nsp->phase != PEAL_SIO_CLIENT_IN)
    return false;
  if (first && !peal_list_is_linked(&first->news.at))
    add(sum, first);
  return add_all(sum, &nsp->buffer, true) && add_all(sum, &nsp->retries, true);
}

static uint32_t length(const peal_list *list) {
  uint32_t count = 0;
  for (const peal_list *at = list->next; at != list; at = at->next)
    count++;
  return count;
}

bool peal_sio_client_check(const peal_sio_client *client) {
  tally sum = {0};
  for (peal_sio_client_nsp *nsp = peal_sio_client_nsp_next(client, NULL); nsp;
       nsp = peal_sio_client_nsp_next(client, nsp)) {
    if (!check_nsp(nsp, &sum))
      return false;
    for (peal_list *at = nsp->awaited.next; at != &nsp->awaited; at = at->next)
      add(&sum, peal_sio_out_of(at));
  }
  for (peal_list *at = client->sends.next; at != &client->sends; at = at->next)
    add(&sum, peal_sio_out_of(at));
  return sum.bytes == client->buffered_bytes &&
         sum.count == client->buffered_count &&
         sum.sending == client->sending_bytes &&
         sum.known == client->id_count &&
         sum.due == peal_due_check(&client->due) &&
         sum.ages == length(&client->ages) &&
         (client->stage != PEAL_SIO_CLIENT_ONLINE ||
          peal_sio_conn_check(&client->conn));
}
