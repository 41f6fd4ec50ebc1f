/* SPDX-License-Identifier: MIT */
#pragma once
#include "Arduino.h"

enum wl_status_t { WL_CONNECTED = 3, WL_DISCONNECTED = 6 };

enum wifi_mode_t { WIFI_STA = 1 };

struct WiFiClass {
  wl_status_t status();
  bool mode(wifi_mode_t mode);
  bool disconnect();
  wl_status_t begin(const char *ssid, const char *password);
  bool setAutoReconnect(bool on);
};

extern WiFiClass WiFi;

class WiFiClient {};
