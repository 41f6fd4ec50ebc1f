/* SPDX-License-Identifier: MIT */
#include "ws/ws_offer.h"

#include <string.h>

#include "base/mem.h"
#include "wire/http1.h"
#include "ws/ws_limits.h"

static bool is_between(char c) {
  return c == ' ' || c == ',' || c == '\t';
}

/* The next item of a list, taken off it; empty at its end. */
static peal_slice take_item(peal_slice *list) {
  while (list->len && is_between(list->ptr[0]))
    list->ptr++, list->len--;
  peal_slice item = {list->ptr, 0};
  while (item.len < list->len && !is_between(item.ptr[item.len]))
    item.len++;
  list->ptr += item.len;
  list->len -= item.len;
  return item;
}

/* -- the endpoint's -------------------------------------------------------- */

static size_t count_items(peal_slice list) {
  size_t count = 0;
  while (take_item(&list).len)
    count++;
  return count;
}

/* Terminate the items where they stand. */
static peal_err cut(peal_ws_endpoint *endpoint, peal_slice list) {
  peal_slice item;
  while ((item = take_item(&list)).len) {
    if (!peal_http1_is_token(item))
      return PEAL_ERR_OPTION;
    char *at = endpoint->protocol_text + (item.ptr - endpoint->protocol_text);
    endpoint->protocols[endpoint->protocol_count++] = at;
    if (list.len) {
      list.ptr++, list.len--;
      at[item.len] = 0;
    }
  }
  return PEAL_OK;
}

peal_err peal_ws_offer_parse(peal_ws_endpoint *endpoint,
                             const char *protocols) {
  peal_slice list = peal_slice_of(protocols);
  size_t count = count_items(list);
  if (!count)
    return PEAL_OK;
  if (count > PEAL_LIMIT_WS_PROTOCOLS)
    return PEAL_ERR_OPTION;
  endpoint->protocol_text = peal_mem_str(endpoint->mem, list);
  endpoint->protocols =
      peal_mem_alloc(endpoint->mem, count * sizeof *endpoint->protocols);
  if (!endpoint->protocol_text || !endpoint->protocols)
    return PEAL_ERR_NOMEM;
  return cut(endpoint, (peal_slice){endpoint->protocol_text, list.len});
}

/* -- the client's ---------------------------------------------------------- */

/* RFC6455 4.1: a list; RFC9110 5.3: it may stand in several fields. */
static bool is_offered(const peal_http_req *req, const char *protocol) {
  for (size_t i = 0; i < peal_http_req_header_count(req); i++) {
    peal_slice list, item;
    peal_slice name = peal_http_req_header_at(req, i, &list);
    if (!peal_slice_is_nocase(name, "sec-websocket-protocol"))
      continue;
    while ((item = take_item(&list)).len)
      if (peal_slice_is(item, protocol))
        return true;
  }
  return false;
}

const char *peal_ws_offer_choose(const peal_ws_endpoint *endpoint,
                                 const peal_http_req *req, const char *wanted) {
  for (size_t i = 0; i < endpoint->protocol_count; i++) {
    const char *one = endpoint->protocols[i];
    if ((!wanted || strcmp(wanted, one) == 0) && is_offered(req, one))
      return one;
  }
  return "";
}
