/* SPDX-License-Identifier: MIT */
#pragma once
/* Just enough names of the Arduino core for ESP32 to check the syntax and the
 * types of the sketch; nothing here can run. */
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

class String {
public:
  String(const char *text);
  String operator+(const char *more) const;
  const char *c_str() const;
  long toInt() const;
};

struct SerialPort {
  void begin(unsigned long baud);
  void println(const char *text);
  __attribute__((format(printf, 2, 3))) int printf(const char *format, ...);
};

extern SerialPort Serial;

struct EspClass {
  [[noreturn]] void restart();
};

extern EspClass ESP;

enum { LOW = 0, HIGH = 1, INPUT_PULLUP = 5 };

void pinMode(uint8_t pin, uint8_t mode);
int digitalRead(uint8_t pin);
unsigned long millis();
unsigned long micros();
void delay(uint32_t ms);
uint32_t esp_random();

template <typename T> T constrain(T value, T low, T high) {
  return value < low ? low : value > high ? high : value;
}

/* FreeRTOS */
typedef int BaseType_t;
typedef unsigned UBaseType_t;
typedef uint32_t TickType_t;
typedef struct QueueDefinition *QueueHandle_t;
typedef struct TaskDefinition *TaskHandle_t;
const BaseType_t pdTRUE = 1;
const BaseType_t pdPASS = 1;
TickType_t pdMS_TO_TICKS(uint32_t ms);
void vTaskDelay(TickType_t ticks);
BaseType_t xTaskCreatePinnedToCore(void (*task)(void *), const char *name,
                                   uint32_t stack, void *user,
                                   UBaseType_t priority, TaskHandle_t *handle,
                                   BaseType_t core);
QueueHandle_t xQueueCreate(UBaseType_t length, UBaseType_t size);
BaseType_t xQueueSend(QueueHandle_t queue, const void *item, TickType_t wait);
BaseType_t xQueuePeek(QueueHandle_t queue, void *item, TickType_t wait);
BaseType_t xQueueReceive(QueueHandle_t queue, void *item, TickType_t wait);
UBaseType_t uxQueueMessagesWaiting(QueueHandle_t queue);

typedef int esp_err_t;
const esp_err_t ESP_OK = 0;
