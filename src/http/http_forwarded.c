/* SPDX-License-Identifier: MIT */
#include "http/http_forwarded.h"

#include <string.h>

#include "wire/forwarded.h"
#include "wire/http1_target.h"

/* The elements of all fields of a name, from the right: several fields are one
 * list (RFC9110 5.3). */
typedef struct walk {
  const peal_http_req *req;
  const char *name;
  size_t field; /* those before it are left */
  peal_slice list;
} walk;

static walk walk_of(const peal_http_req *req, const char *name) {
  return (walk){.req = req, .name = name, .field = req->field_count};
}

static bool next(walk *it, peal_slice *element) {
  while (!peal_forwarded_cut(&it->list, element)) {
    peal_slice value = {0};
    do {
      if (!it->field)
        return false;
    } while (!peal_slice_is_nocase(
        peal_http_req_header_at(it->req, --it->field, &value), it->name));
    it->list = value;
  }
  return true;
}

/* -- the chain ------------------------------------------------------------- */

typedef struct chain {
  const peal_http_proxies *proxies;
  peal_http_forwarded *out;
  size_t hops; /* elements that were appended by who is trusted */
} chain;

/* The next element counts if who appended it, the last one known, is trusted.
 * Returns false if nothing before `node` does. */
static bool follow(chain *it, peal_slice node) {
  uint8_t ip[16];
  it->hops++;
  if (!peal_forwarded_node(ip, node))
    return false;
  it->out->client = (peal_address){.known = true};
  memcpy(it->out->client.ip, ip, sizeof(ip));
  return true;
}

static bool may_follow(const chain *it) {
  return peal_http_proxies_trust(it->proxies, &it->out->client);
}

static void set_host(peal_http_forwarded *out, peal_slice host) {
  if (host.len && peal_http1_target_is_authority(host))
    out->host = host;
}

static void set_proto(peal_http_forwarded *out, peal_slice proto) {
  if (proto.len)
    out->secure = peal_slice_is_nocase(proto, "https") ||
                  peal_slice_is_nocase(proto, "wss");
}

/* -- X-Forwarded-For, -Host, -Proto ---------------------------------------- */

/* What the farthest of the trusted proxies appended; if fewer did than there
 * are, the first that is there. */
static peal_slice farthest(const peal_http_req *req, const char *name,
                           size_t hops) {
  walk it = walk_of(req, name);
  peal_slice element, found = {0};
  while (hops-- && next(&it, &element))
    found = element;
  return found;
}

static void read_x(chain *it, const peal_http_req *req) {
  walk list = walk_of(req, "x-forwarded-for");
  peal_slice element;
  while (may_follow(it) && next(&list, &element))
    if (!follow(it, element))
      break;
  size_t hops = it->hops ? it->hops : 1;
  set_host(it->out, farthest(req, "x-forwarded-host", hops));
  set_proto(it->out, farthest(req, "x-forwarded-proto", hops));
}

/* -- Forwarded ------------------------------------------------------------- */

static void read_rfc7239(chain *it, const peal_http_req *req) {
  walk list = walk_of(req, "forwarded");
  peal_slice element;
  while (may_follow(it) && next(&list, &element)) {
    set_host(it->out, peal_forwarded_param(element, "host"));
    set_proto(it->out, peal_forwarded_param(element, "proto"));
    if (!follow(it, peal_forwarded_param(element, "for")))
      break;
  }
}

/* -- which of them --------------------------------------------------------- */

static bool has(const peal_http_req *req, const char *name) {
  return peal_http_req_header(req, name).ptr != NULL;
}

/* A proxy writes one kind and may leave the other as the client sent it. */
static bool is_rfc7239(const peal_http_req *req) {
  switch (req->home->server->opts.forwarded) {
  case PEAL_FORWARDED_X:
    return false;
  case PEAL_FORWARDED_RFC7239:
    return true;
  case PEAL_FORWARDED_EITHER:
    break;
  }
  return !has(req, "x-forwarded-for") && has(req, "forwarded");
}

void peal_http_forwarded_read(peal_http_req *req) {
  *req->forwarded =
      (peal_http_forwarded){.client = req->address, .secure = req->secure};
  chain it = {.proxies = &req->home->server->proxies, .out = req->forwarded};
  if (is_rfc7239(req))
    read_rfc7239(&it, req);
  else
    read_x(&it, req);
}

bool peal_http_forwarded_is_there(const peal_http_req *req) {
  return has(req, "x-forwarded-for") || has(req, "x-forwarded-host") ||
         has(req, "forwarded");
}

/* -- what it says ---------------------------------------------------------- */

peal_slice peal_http_req_address(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  peal_http_forwarded *forwarded = req->forwarded;
  if (!forwarded)
    return peal_http_req_peer(req);
  if (!forwarded->text[0])
    peal_address_text(&forwarded->client, forwarded->text);
  return (peal_slice){forwarded->text, strlen(forwarded->text)};
}

peal_slice peal_http_req_host(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return req->forwarded && req->forwarded->host.ptr
             ? req->forwarded->host
             : peal_http_req_header(req, "host");
}

bool peal_http_req_is_secure(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return req->forwarded ? req->forwarded->secure : req->secure;
}
