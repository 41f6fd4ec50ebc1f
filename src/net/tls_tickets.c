/* SPDX-License-Identifier: MIT */
#include "net/tls_tickets.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "net/tls_limits.h"

static uint64_t clock_s(void) {
  return uv_hrtime() / 1000000000u + 1; /* never 0 */
}

static bool draw(peal_tls_ticket_key *key, uint64_t now_s) {
  if (RAND_bytes(key->name, sizeof(key->name)) != 1 ||
      RAND_bytes(key->cipher, sizeof(key->cipher)) != 1 ||
      RAND_bytes(key->mac, sizeof(key->mac)) != 1)
    return false;
  key->since_s = now_s;
  return true;
}

/* The key to seal with; false if there is none. */
static bool current(peal_tls_tickets *tickets, peal_tls_ticket_key *out) {
  uint64_t now_s = clock_s();
  uv_mutex_lock(&tickets->lock);
  bool ok = tickets->now.since_s != 0;
  if (!ok || now_s - tickets->now.since_s >= PEAL_LIMIT_TLS_TICKET_S) {
    peal_tls_ticket_key drawn;
    ok = draw(&drawn, now_s);
    if (ok) {
      tickets->before = tickets->now;
      tickets->now = drawn;
    }
    OPENSSL_cleanse(&drawn, sizeof(drawn));
  }
  *out = tickets->now;
  uv_mutex_unlock(&tickets->lock);
  return ok;
}

/* The key of this name; *old: a new ticket is due. */
static bool find(peal_tls_tickets *tickets, const unsigned char *name,
                 peal_tls_ticket_key *out, bool *old) {
  uint64_t now_s = clock_s();
  uv_mutex_lock(&tickets->lock);
  const peal_tls_ticket_key *keys[] = {&tickets->now, &tickets->before};
  bool found = false;
  for (size_t i = 0; i < 2 && !found; i++) {
    found = keys[i]->since_s &&
            now_s - keys[i]->since_s < 2 * PEAL_LIMIT_TLS_TICKET_S &&
            CRYPTO_memcmp(keys[i]->name, name, sizeof(keys[i]->name)) == 0;
    if (found)
      *out = *keys[i];
    *old = i > 0;
  }
  uv_mutex_unlock(&tickets->lock);
  return found;
}

static bool set_mac(EVP_MAC_CTX *mac, peal_tls_ticket_key *key) {
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac,
                                        sizeof(key->mac)),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* What the callback of OpenSSL returns: -1 error, 0 no such key, 1 used,
 * 2 used, and the client gets a new ticket. */
static int seal(peal_tls_tickets *tickets, unsigned char *name,
                unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac) {
  peal_tls_ticket_key key;
  int done = -1;
  if (current(tickets, &key) && RAND_bytes(iv, 16) == 1 &&
      EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher, iv) &&
      set_mac(mac, &key)) {
    memcpy(name, key.name, sizeof(key.name));
    done = 1;
  }
  OPENSSL_cleanse(&key, sizeof(key));
  return done;
}

static int unseal(peal_tls_tickets *tickets, const unsigned char *name,
                  const unsigned char *iv, EVP_CIPHER_CTX *cipher,
                  EVP_MAC_CTX *mac) {
  peal_tls_ticket_key key;
  bool old = false;
  if (!find(tickets, name, &key, &old))
    return 0;
  bool ok = set_mac(mac, &key) &&
            EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher, iv);
  OPENSSL_cleanse(&key, sizeof(key));
  return !ok ? -1 : old ? 2 : 1;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
                     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int sealing) {
  peal_tls_tickets *tickets = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
  return sealing ? seal(tickets, name, iv, cipher, mac)
                 : unseal(tickets, name, iv, cipher, mac);
}

bool peal_tls_tickets_init(peal_tls_tickets *tickets) {
  *tickets = (peal_tls_tickets){0};
  return uv_mutex_init(&tickets->lock) == 0;
}

void peal_tls_tickets_deinit(peal_tls_tickets *tickets) {
  uv_mutex_destroy(&tickets->lock);
  OPENSSL_cleanse(&tickets->now, sizeof(tickets->now));
  OPENSSL_cleanse(&tickets->before, sizeof(tickets->before));
}

void peal_tls_tickets_use(peal_tls_tickets *tickets, SSL_CTX *ctx) {
  SSL_CTX_set_app_data(ctx, tickets);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
  SSL_CTX_set_timeout(ctx, (long)PEAL_LIMIT_TLS_TICKET_S);
}
