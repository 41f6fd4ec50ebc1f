/* SPDX-License-Identifier: MIT */
#pragma once
#include "WiFi.h"

class HTTPClient {
public:
  bool begin(WiFiClient &client, String url);
  void end();
  void setReuse(bool on);
  void setConnectTimeout(int32_t ms);
  void setTimeout(uint16_t ms);
  void addHeader(const String &name, const String &value);
  void collectHeaders(const char *names[], size_t count);
  String header(const char *name);
  int GET();
  int POST(uint8_t *body, size_t len);
  int getSize() const;
  String getString();
};
