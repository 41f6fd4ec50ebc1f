/* SPDX-License-Identifier: MIT */
#include "net/dial_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <netdb.h>

#include "net/system.h"

void peal_dial_words_place(char *out, size_t cap, const char *host,
                           uint16_t port) {
  if (!port)
    snprintf(out, cap, "%s", host);
  else
    snprintf(out, cap, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host,
             (unsigned)port);
}

void peal_dial_words_lookup(char *out, size_t cap, const char *host,
                            int status) {
  switch (status) {
  case EAI_NONAME:
  case EAI_NODATA:
  case EAI_ADDRFAMILY:
    snprintf(out, cap, "no such host: %s", host);
    break;
  case EAI_AGAIN:
    snprintf(out, cap,
             "%s cannot be looked up now: no name server answers (EAI_AGAIN)",
             host);
    break;
  default:
    snprintf(out, cap, "%s cannot be looked up: %s", host,
             gai_strerror(status));
  }
}

static const char *meaning(int error) {
  switch (error) {
  case ECONNREFUSED:
    return "%s refused the connection (%s): nothing listens there";
  case ENOENT:
    return "there is no socket at %s (%s)";
  case EACCES:
  case EPERM:
    return "connecting to %s is not allowed (%s)";
  case ENETUNREACH:
  case EHOSTUNREACH:
  case EADDRNOTAVAIL:
  case EAFNOSUPPORT:
    return "there is no way to %s (%s)";
  case ETIMEDOUT:
    return "%s does not answer (%s)";
  case EAGAIN:
    return "%s takes no more connections now (%s)";
  case EMFILE:
  case ENFILE:
    return "no file descriptor is left for %s (%s)";
  default:
    return NULL;
  }
}

void peal_dial_words_connect(char *out, size_t cap, const char *place,
                             int error) {
  const char *name = peal_system_error_name(error);
  const char *text = peal_system_error(error);
  const char *form = meaning(error);
  if (form)
    snprintf(out, cap, form, place, name);
  else
    snprintf(out, cap, "%s cannot be connected to: %s (%s)", place, text, name);
}
