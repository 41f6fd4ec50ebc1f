/* SPDX-License-Identifier: MIT */
#pragma once
#include "WiFi.h"

class WiFiClientSecure : public WiFiClient {
public:
  void setCACert(const char *pem);
  void setHandshakeTimeout(unsigned long seconds);
};
