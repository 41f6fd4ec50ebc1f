/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_sites: which names this server answers to, and which pages may change
 * something here.
 *
 * A page of the internet can give its own name an address of this network (DNS
 * rebinding): its browser then takes this server for a part of that page, and
 * only the Host header tells. And any page may send a form across sites: the
 * browser says so in Sec-Fetch-Site or Origin. */
#include <peal/kit_program.h>

typedef struct peal_kit_sites peal_kit_sites;

/* `origins` (copied) are those of cors-origins. NULL: out of memory. */
peal_kit_sites *peal_kit_sites_new(peal_kit *h, const char *origins);
void peal_kit_sites_free(peal_kit_sites *s);

/* Before every route and file: 403 to a Host that is not ours, and to what
 * changes something for a page of another site. `user` is the peal_kit. */
peal_web_verdict peal_kit_sites_hook(peal_http_req *req, void *user);
/* The same for sessions of Socket.IO, whose server looks at the origin itself.
 * A peal_allow_fn; `user` is the peal_kit. */
void peal_kit_sites_on_allow(peal_http_req *req, peal_allow *allow, void *user);

/* Is `host` (with or without port) an address, localhost, one of `names`
 * (separated by blanks or commas; `*`: any), or `own` alone or below a domain
 * that only a local network has? Thread: pure. */
bool peal_kit_sites_host_is_ours(peal_slice host, const char *own,
                                 const char *names);
/* Can a page of `origin` not have been made by `host`, and is it not in
 * `origins`? Origins of no page of the web (file://, app://) are let in; "null"
 * is not. Thread: pure. */
bool peal_kit_sites_origin_is_foreign(peal_slice origin, peal_slice host,
                                      const char *origins);
