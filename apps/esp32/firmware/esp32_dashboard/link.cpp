/* SPDX-License-Identifier: MIT */
/* The network task: joins the Wi-Fi, sends what is queued, asks what to show.
 * Every wait in here has an end. A request that fails is kept and sent again
 * after 0.5 s, doubling to 30 s, with jitter. */
#include <stdlib.h>
#include <string.h>

#include <Arduino.h>
#include <HTTPClient.h>
#include <WiFi.h>
#include <WiFiClientSecure.h>

#include "config.h"
#include "device.h"

namespace {

const size_t QUEUE_READINGS = 64; /* 6 s of both kinds at 5 per second */
const size_t QUEUE_RECORDINGS = 2;
const uint32_t WIFI_RETRY_MS = 10000;
const uint16_t CONNECT_MS = 4000;
const uint16_t ANSWER_MS = 8000;
const uint32_t BACKOFF_FIRST_MS = 500;
const uint32_t BACKOFF_LAST_MS = 30000;

QueueHandle_t readings = nullptr;
QueueHandle_t recordings = nullptr;
volatile int animation = -1;
volatile bool is_online = false;
bool has_camera = false;

/* ---- requests ------------------------------------------------------- */

enum class Outcome { done, refused, later };

/* One connection, kept open between requests. */
struct Line {
  HTTPClient http;
#ifdef SERVER_CA_PEM
  WiFiClientSecure socket;
#else
  WiFiClient socket;
#endif
  uint32_t retry_after_ms = 0;

  void setup() {
#ifdef SERVER_CA_PEM
    socket.setCACert(SERVER_CA_PEM);
    socket.setHandshakeTimeout(10);
#endif
    http.setReuse(true);
    http.setConnectTimeout(CONNECT_MS);
    http.setTimeout(ANSWER_MS);
  }

  bool begin(const char *path) {
    if (!http.begin(socket, String(SERVER_URL) + path))
      return false;
    static const char *kept[] = {"Retry-After"};
    http.collectHeaders(kept, 1);
    http.addHeader("X-Device-Id", DEVICE_ID);
    if (DEVICE_KEY[0] != '\0')
      http.addHeader("X-Device-Key", DEVICE_KEY);
    return true;
  }

  /* What to do after this HTTP status; negative: there was no answer. */
  Outcome judge(int status) {
    const long seconds = http.header("Retry-After").toInt();
    retry_after_ms = static_cast<uint32_t>(constrain(seconds, 0L, 60L)) * 1000;
    is_online = status > 0;
    if (status >= 200 && status < 300)
      return Outcome::done;
    if (status == 429 || status >= 500 || status <= 0)
      return Outcome::later;
    Serial.printf("refused with %d\n", status);
    return Outcome::refused;
  }

  Outcome post(const char *path, const char *type, const uint8_t *body,
               size_t len) {
    if (!begin(path))
      return Outcome::later;
    http.addHeader("Content-Type", type);
    const Outcome outcome = judge(http.POST(const_cast<uint8_t *>(body), len));
    http.end();
    return outcome;
  }

  Outcome ask_animation() {
    if (!begin("/api/oled-display/get"))
      return Outcome::later;
    const Outcome outcome = judge(http.GET());
    if (outcome == Outcome::done && http.getSize() < 1024) {
      const String answer = http.getString();
      const char *at = strstr(answer.c_str(), "\"animation_id\":");
      if (at != nullptr)
        animation = atoi(at + 15);
    }
    http.end();
    return outcome;
  }
};

Line line;

/* ---- Wi-Fi ---------------------------------------------------------- */

/* Returns at once; whether the network is there now. */
bool is_joined() {
  static uint32_t asked_ms = 0;
  static bool was_asked = false;
  if (WiFi.status() == WL_CONNECTED)
    return true;
  is_online = false;
  const uint32_t now_ms = millis();
  if (!was_asked || now_ms - asked_ms >= WIFI_RETRY_MS) {
    was_asked = true;
    asked_ms = now_ms;
    WiFi.disconnect();
    WiFi.begin(WIFI_SSID, WIFI_PASSWORD);
  }
  return false;
}

/* ---- what is sent --------------------------------------------------- */

Outcome send_reading(const Reading &r) {
  char json[256];
  int len;
  if (r.is_orientation)
    len = snprintf(json, sizeof json,
                   "{\"device_id\":\"%s\",\"pitch\":%.2f,\"roll\":%.2f,"
                   "\"yaw\":%.2f}",
                   DEVICE_ID, r.pitch, r.roll, r.yaw);
  else
    len = snprintf(json, sizeof json,
                   "{\"device_id\":\"%s\",\"accel_x\":%.3f,\"accel_y\":%.3f,"
                   "\"accel_z\":%.3f,\"gyro_x\":%.2f,\"gyro_y\":%.2f,"
                   "\"gyro_z\":%.2f,\"mic_level\":%u}",
                   DEVICE_ID, r.accel[0], r.accel[1], r.accel[2], r.gyro[0],
                   r.gyro[1], r.gyro[2], static_cast<unsigned>(r.mic_level));
  if (len <= 0 || static_cast<size_t>(len) >= sizeof json)
    return Outcome::refused; // the id in config.h is too long
  return line.post(r.is_orientation ? "/api/orientation-data"
                                    : "/api/sensor-data",
                   "application/json", reinterpret_cast<uint8_t *>(json),
                   static_cast<size_t>(len));
}

Outcome send_picture() {
  size_t len = 0;
  const uint8_t *jpeg = camera_take(&len);
  if (jpeg == nullptr)
    return Outcome::done; // the next one may work
  const Outcome outcome =
      line.post("/upload?device_id=" DEVICE_ID, "image/jpeg", jpeg, len);
  camera_release();
  return outcome;
}

/* A message stays at the head of its queue until it is done. */
template <typename Message, typename Send, typename Drop>
Outcome send_head(QueueHandle_t queue, Send send, Drop drop) {
  Message message;
  if (xQueuePeek(queue, &message, 0) != pdTRUE)
    return Outcome::done;
  const Outcome outcome = send(message);
  if (outcome == Outcome::later)
    return outcome;
  // link_push may have dropped this one meanwhile to make room: then the next
  // has taken its place, and only a reading is lost
  if (xQueueReceive(queue, &message, 0) == pdTRUE)
    drop(message);
  return outcome;
}

Outcome send_next(uint32_t now_ms) {
  static uint32_t picture_ms = 0, oled_ms = 0;
  if (HAS_OLED && now_ms - oled_ms >= OLED_POLL_MS) {
    oled_ms = now_ms;
    if (line.ask_animation() == Outcome::later)
      return Outcome::later;
  }
  if (has_camera && now_ms - picture_ms >= PICTURE_MS) {
    picture_ms = now_ms;
    if (send_picture() == Outcome::later)
      return Outcome::later;
  }
  if (uxQueueMessagesWaiting(recordings) > 0)
    return send_head<Recording>(
        recordings,
        [](const Recording &r) {
          return line.post("/upload-audio?device_id=" DEVICE_ID, "audio/wav",
                           r.wav, r.len);
        },
        [](const Recording &r) { free(r.wav); });
  return send_head<Reading>(readings, send_reading, [](const Reading &) {});
}

uint32_t backoff_ms(uint32_t failures) {
  uint32_t wait = BACKOFF_FIRST_MS;
  while (failures-- > 0 && wait < BACKOFF_LAST_MS)
    wait *= 2;
  wait = wait < BACKOFF_LAST_MS ? wait : BACKOFF_LAST_MS;
  wait = wait / 2 + esp_random() % (wait / 2);
  return wait > line.retry_after_ms ? wait : line.retry_after_ms;
}

void network(void *) {
  uint32_t failures = 0;
  WiFi.mode(WIFI_STA);
  WiFi.setAutoReconnect(true);
  line.setup();
  has_camera = HAS_CAMERA && camera_begin();
  for (;;) {
    if (!is_joined()) {
      vTaskDelay(pdMS_TO_TICKS(100));
      continue;
    }
    if (send_next(millis()) == Outcome::later) {
      vTaskDelay(pdMS_TO_TICKS(backoff_ms(failures)));
      failures = failures < 16 ? failures + 1 : failures;
      continue;
    }
    failures = 0;
    // nothing waits: sleep; else only let others run
    const bool is_idle = uxQueueMessagesWaiting(readings) == 0 &&
                         uxQueueMessagesWaiting(recordings) == 0;
    vTaskDelay(is_idle ? pdMS_TO_TICKS(10) : 1);
  }
}

} // namespace

void link_begin() {
  readings = xQueueCreate(QUEUE_READINGS, sizeof(Reading));
  recordings = xQueueCreate(QUEUE_RECORDINGS, sizeof(Recording));
  if (readings == nullptr || recordings == nullptr ||
      xTaskCreatePinnedToCore(network, "network", 10240, nullptr, 2, nullptr,
                              0) != pdPASS) {
    Serial.println("no memory for the network task, restarting");
    ESP.restart();
  }
}

void link_push(const Reading &reading) {
  Reading oldest;
  while (xQueueSend(readings, &reading, 0) != pdTRUE)
    xQueueReceive(readings, &oldest, 0);
}

void link_push_recording(const Recording &recording) {
  if (recordings == nullptr || xQueueSend(recordings, &recording, 0) != pdTRUE)
    free(recording.wav); // two wait already
}

int link_animation() {
  return animation;
}

bool link_is_online() {
  return is_online;
}
