/* SPDX-License-Identifier: MIT */
#pragma once
/* tls_tickets: the keys that session tickets are sealed with. They are drawn,
 * not kept anywhere, and change: who learns one can read hours, not years. */
#include <openssl/ssl.h>
#include <uv.h>

#include <peal/base.h>

typedef struct peal_tls_ticket_key {
  unsigned char name[16], cipher[32], mac[32];
  uint64_t since_s; /* monotonic; 0: none */
} peal_tls_ticket_key;

typedef struct peal_tls_tickets {
  uv_mutex_t lock;
  peal_tls_ticket_key now, before;
} peal_tls_tickets;

/* Returns false if the system refuses. */
bool peal_tls_tickets_init(peal_tls_tickets *tickets);
void peal_tls_tickets_deinit(peal_tls_tickets *tickets);
/* `ctx` seals with them; they outlive it. */
void peal_tls_tickets_use(peal_tls_tickets *tickets, SSL_CTX *ctx);
