/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdatomic.h>

#include <fcntl.h>
#include <linux/videodev2.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "source_fixture.h"
#include "source_v4l2.h"

/* A camera that plays recorded pictures through the calls of the kernel. It
 * keeps the kernel's rules: buffers belong to one side at a time, and what is
 * asked in the wrong order is an error. */
enum { SLOTS = 4, SLOT_BYTES = 65536 };

typedef struct fake_camera {
  peal_bytes *film[2];
  atomic_int plugged; /* 0: unplugged */
  int open, streaming;
  unsigned asked, mapped; /* buffers */
  bool with_camera[SLOTS];
  unsigned next; /* picture of the film */
  atomic_uint taken, opens;
  int busy_errno; /* what open says, 0: fine */
  bool no_mjpeg, no_yuyv, no_stream, short_of_memory;
  atomic_bool spoilt, dry; /* it gives no picture any more */
  int event; /* readable, as the camera is when a picture is there */
  bool yuyv; /* the format that was chosen */
  uint32_t width, height;
  void *slots[SLOTS];
} fake_camera;

static fake_camera cam;

static int fails(int code) {
  errno = code;
  return -1;
}

static int fake_open(const char *path, int flags) {
  assert_string_equal(path, "/dev/video7");
  assert_true((flags & O_NONBLOCK) != 0);
  cam.opens++;
  if (!cam.plugged)
    return fails(ENOENT);
  if (cam.busy_errno != 0)
    return fails(cam.busy_errno);
  assert_int_equal(cam.open, 0);
  cam.open = 1;
  cam.asked = cam.mapped = 0;
  return cam.event;
}

static int fake_close(int fd) {
  assert_int_equal(fd, cam.event);
  assert_int_equal(cam.mapped, 0);
  cam.open = cam.streaming = 0;
  return 0;
}

static int querycap(struct v4l2_capability *can) {
  can->capabilities =
      V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_DEVICE_CAPS;
  can->device_caps = cam.no_stream
                         ? V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING
                         : V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
  return 0;
}

static int set_format(struct v4l2_format *format) {
  struct v4l2_pix_format *pix = &format->fmt.pix;
  assert_true(
      pix->pixelformat == V4L2_PIX_FMT_MJPEG ||
      ((cam.no_mjpeg || cam.no_yuyv) && pix->pixelformat == V4L2_PIX_FMT_YUYV));
  // some drivers answer with another format, some with an error
  if (cam.no_yuyv)
    return fails(EINVAL);
  if (cam.no_mjpeg) {
    pix->pixelformat = V4L2_PIX_FMT_YUYV;
    pix->bytesperline = pix->width * 2 + 32;
  }
  cam.yuyv = cam.no_mjpeg;
  cam.width = format->fmt.pix.width;
  cam.height = format->fmt.pix.height;
  return cam.streaming ? fails(EBUSY) : 0;
}

static int query_buffer(struct v4l2_buffer *about) {
  if (about->index >= cam.asked)
    return fails(EINVAL);
  about->length = SLOT_BYTES;
  about->m.offset = about->index * SLOT_BYTES;
  return 0;
}

static int give(struct v4l2_buffer *buffer) {
  if (buffer->index >= cam.mapped || cam.with_camera[buffer->index])
    return fails(EINVAL);
  cam.with_camera[buffer->index] = true;
  return 0;
}

/* Put the next picture into a buffer: of the film, or bare and grey, with rows
 * that are longer than the picture. */
static uint32_t fill(uint8_t *slot) {
  peal_slice picture = peal_bytes_slice(cam.film[cam.next++ % 2]);
  if (!cam.yuyv) {
    memcpy(slot, picture.ptr, picture.len);
    return (uint32_t)picture.len;
  }
  uint32_t bytes = (cam.width * 2 + 32) * cam.height;
  for (uint32_t i = 0; i < bytes; i++)
    slot[i] = i % 2 ? 128 : 90;
  return bytes;
}

static int take(struct v4l2_buffer *buffer) {
  if (!cam.streaming)
    return fails(EINVAL);
  unsigned slot = 0;
  while (slot < cam.asked && !cam.with_camera[slot])
    slot++;
  if (slot == cam.asked || cam.dry)
    return fails(EAGAIN);
  cam.with_camera[slot] = false;
  buffer->index = slot;
  buffer->bytesused = fill(cam.slots[slot]);
  buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC |
                  (cam.spoilt ? V4L2_BUF_FLAG_ERROR : 0);
  // it was taken 40 ms ago
  uint64_t taken_ms = source_now_ms() - 40;
  buffer->timestamp.tv_sec = (time_t)(taken_ms / 1000);
  buffer->timestamp.tv_usec = (suseconds_t)(taken_ms % 1000 * 1000);
  cam.taken++;
  return 0;
}

static int fake_ioctl(int fd, unsigned long request, void *arg) {
  assert_int_equal(fd, cam.event);
  assert_true(cam.open);
  if (!cam.plugged)
    return fails(ENODEV);
  switch (request) {
  case VIDIOC_QUERYCAP:
    return querycap(arg);
  case VIDIOC_S_FMT:
    return set_format(arg);
  case VIDIOC_S_PARM:
    return fails(ENOTTY); // many cannot
  case VIDIOC_REQBUFS: {
    struct v4l2_requestbuffers *want = arg;
    want->count = cam.short_of_memory ? 1 : SLOTS - 1;
    cam.asked = want->count;
    memset(cam.with_camera, 0, sizeof cam.with_camera);
    return 0;
  }
  case VIDIOC_QUERYBUF:
    return query_buffer(arg);
  case VIDIOC_QBUF:
    return give(arg);
  case VIDIOC_DQBUF:
    return take(arg);
  case VIDIOC_STREAMON:
    cam.streaming = 1;
    return 0;
  case VIDIOC_STREAMOFF:
    cam.streaming = 0;
    return 0;
  default:
    fail();
    return -1;
  }
}

static void *fake_mmap(size_t len, int fd, off_t offset) {
  assert_int_equal(fd, cam.event);
  assert_int_equal(len, SLOT_BYTES);
  unsigned slot = (unsigned)(offset / SLOT_BYTES);
  assert_int_equal(slot, cam.mapped);
  cam.mapped++;
  return cam.slots[slot] = malloc(len);
}

static int fake_munmap(void *ptr, size_t len) {
  assert_int_equal(len, SLOT_BYTES);
  cam.mapped--;
  free(ptr);
  return 0;
}

/* Ready some ms after the picture before, as a camera is. */
static int fake_poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
  assert_int_equal(count, 2);
  int wait_ms = timeout_ms < 5 ? timeout_ms : 5;
  if (poll(fds, 1, cam.dry && cam.plugged ? timeout_ms : wait_ms) > 0) {
    fds[1].revents = 0;
    return 1;
  }
  if (cam.dry && cam.plugged)
    return 0;
  fds[1].revents = cam.plugged ? POLLIN : POLLERR | POLLHUP;
  return 1;
}

static const source_v4l2_calls CALLS = {fake_open, fake_close,  fake_ioctl,
                                        fake_mmap, fake_munmap, fake_poll};

static void start(heard *h, const source_opts *more) {
  source_opts opts = *more;
  opts.path = "/dev/video7";
  cam = (fake_camera){.plugged = 1, .event = eventfd(0, 0)};
  cam.film[0] = a_picture(160, 120, true);
  cam.film[1] = a_picture(160, 120, false);
  assert_int_equal(
      source_new_on(&h->from, &opts, source_v4l2_new(&opts, &CALLS)), PEAL_OK);
}

static void end(heard *h) {
  source_free(h->from);
  h->from = NULL;
  assert_int_equal(cam.open, 0);
  assert_int_equal(cam.mapped, 0);
  peal_bytes_unref(cam.film[0]);
  peal_bytes_unref(cam.film[1]);
  close(cam.event);
  heard_free(h);
}

static void a_recorded_stream_comes_through(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_V4L2);
  start(h, &opts);
  HEAR_UNTIL(h, h->frames >= 6);
  assert_int_equal(last_state(h), SOURCE_CONNECTED);
  assert_int_equal(h->last.width, 160);
  assert_int_equal(cam.width, 160);
  assert_int_equal(cam.height, 120);
  end(h);
}

static void note_age(heard *h) {
  double age = source_wall() - h->last.captured_at;
  assert_true(age >= 0.039 && age < 5);
  assert_true(source_now_ms() - h->last.captured_ms >= 39);
}

static void a_picture_is_as_old_as_its_camera_says(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_V4L2);
  h->on_frame = note_age;
  start(h, &opts);
  HEAR_UNTIL(h, h->frames >= 3);
  end(h);
}

static bool has_broken(heard *h) {
  source_stats stats;
  source_stats_get(h->from, &stats);
  return stats.broken > 0;
}

static void broken_pictures_are_said_and_a_good_one_ends_it(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_V4L2);
  opts.stall_ms = 100;
  start(h, &opts);
  HEAR_UNTIL(h, h->frames >= 1);
  cam.spoilt = true;
  HEAR_UNTIL(h, last_state(h) != SOURCE_CONNECTED && has_broken(h));
  cam.spoilt = false;
  unsigned frames = h->frames;
  HEAR_UNTIL(h, h->frames > frames && last_state(h) == SOURCE_CONNECTED);
  end(h);
}

static uint8_t middle[3];

static void note_middle(heard *h) {
  jpeg_small small;
  jpeg_decoder *d = jpeg_decoder_new();
  assert_int_equal(
      jpeg_decoder_small(d, &small, peal_bytes_slice(h->last.jpeg)), PEAL_OK);
  memcpy(middle, small.rgb + (60 * small.width + 80) * 3, 3);
  jpeg_decoder_free(d);
}

static void a_camera_without_mjpeg_is_encoded_here(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_V4L2);
  start(h, &opts);
  source_pause(h->from, true);
  HEAR_UNTIL(h, last_state(h) == SOURCE_PAUSED);
  cam.no_mjpeg = true;
  h->on_frame = note_middle;
  source_pause(h->from, false);
  unsigned frames = h->frames;
  HEAR_UNTIL(h, h->frames >= frames + 2);
  assert_int_equal(h->last.width, 160);
  assert_int_equal(h->last.height, 120);
  for (int c = 0; c < 3; c++)
    assert_true(middle[c] > 80 && middle[c] < 100);
  end(h);
}

/* The kernel's own test camera, where it is loaded (modprobe vivid). */
static bool find_vivid(char *path, size_t room) {
  for (int i = 0; i < 64; i++) {
    char name[64] = "", file[64];
    snprintf(file, sizeof file, "/sys/class/video4linux/video%d/name", i);
    FILE *about = fopen(file, "r");
    if (about == NULL)
      continue;
    bool found = fgets(name, sizeof name, about) != NULL &&
                 strncmp(name, "vivid", 5) == 0 && strstr(name, "cap") != NULL;
    fclose(about);
    snprintf(path, room, "/dev/video%d", i);
    if (found && access(path, R_OK | W_OK) == 0)
      return true;
  }
  return false;
}

static void the_camera_of_the_kernel_comes_through(void **state) {
  char path[32];
  (void)state;
  if (!find_vivid(path, sizeof path))
    skip();
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_V4L2);
  opts.path = path;
  opts.width = 640;
  opts.height = 480;
  opts.fps = 10;
  heard_start(h, &opts);
  HEAR_UNTIL(h, h->frames >= 3);
  assert_true(h->last.width >= 160);
  heard_free(h);
}

static void more_than_the_rate_is_dropped_as_it_comes(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_V4L2);
  opts.fps = 5;
  opts.no_tracker = true;
  uint64_t begun_ms = source_now_ms();
  start(h, &opts);
  HEAR_UNTIL(h, h->frames >= 3);
  uint64_t took_ms = source_now_ms() - begun_ms;
  // the first at once, half a step of slack
  assert_true(took_ms >= 300);
  assert_true(cam.taken > h->frames);
  end(h);
}

static void an_unplugged_camera_is_said_and_comes_back(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_V4L2);
  start(h, &opts);
  HEAR_UNTIL(h, h->frames >= 2);
  // what DQBUF says is told, if the next try does not overtake it
  unsigned from = h->states;
  cam.plugged = 0;
  HEAR_UNTIL(h, h->states > from);
  assert_int_equal(h->state[from], SOURCE_DISCONNECTED);
  assert_non_null(strstr(h->reason[from], "camera"));
  HEAR_UNTIL(h, strcmp(last_reason(h),
                       "opening the camera: there is no such camera") == 0 &&
                    h->retry_ms[h->states - 1] == 30);
  unsigned frames = h->frames;
  cam.plugged = 1;
  HEAR_UNTIL(h, h->frames >= frames + 2);
  assert_int_equal(last_state(h), SOURCE_CONNECTED);
  end(h);
}

static void what_the_camera_cannot_do_is_said_in_words(void **state) {
  static const struct {
    size_t field;
    const char *words;
  } cases[] = {
      {offsetof(fake_camera, no_yuyv),
       "the camera gives neither MJPEG nor YUYV"},
      {offsetof(fake_camera, no_stream),
       "this device gives no stream of pictures"},
      {offsetof(fake_camera, short_of_memory),
       "the camera has no memory for pictures"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    heard *h = heard_new();
    source_opts opts = heard_opts(h, SOURCE_V4L2);
    start(h, &opts);
    HEAR_UNTIL(h, h->frames >= 1);
    source_pause(h->from, true);
    HEAR_UNTIL(h, last_state(h) == SOURCE_PAUSED);
    assert_int_equal(cam.open, 0);
    memset((char *)&cam + cases[i].field, 1, sizeof(bool));
    source_pause(h->from, false);
    HEAR_UNTIL(h, strcmp(last_reason(h), cases[i].words) == 0);
    end(h);
  }
}

static void who_else_has_the_camera_is_said(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_V4L2);
  start(h, &opts);
  HEAR_UNTIL(h, h->frames >= 1);
  source_pause(h->from, true);
  HEAR_UNTIL(h, last_state(h) == SOURCE_PAUSED);
  cam.busy_errno = EBUSY;
  source_pause(h->from, false);
  HEAR_UNTIL(h, strstr(last_reason(h), "another program uses") != NULL);
  source_pause(h->from, true);
  HEAR_UNTIL(h, last_state(h) == SOURCE_PAUSED);
  cam.busy_errno = EACCES;
  source_pause(h->from, false);
  HEAR_UNTIL(h, strstr(last_reason(h), "group video") != NULL);
  end(h);
}

static void a_camera_that_gives_nothing_any_more_is_opened_anew(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_V4L2);
  opts.stall_ms = 40;
  start(h, &opts);
  HEAR_UNTIL(h, h->frames >= 2);
  unsigned from = h->states, opens = cam.opens;
  cam.dry = true;
  HEAR_UNTIL(h, h->states > from);
  assert_int_not_equal(h->state[from], SOURCE_CONNECTED);
  HEAR_UNTIL(h, cam.opens > opens);
  unsigned frames = h->frames;
  cam.dry = false;
  HEAR_UNTIL(h, h->frames >= frames + 2);
  end(h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_recorded_stream_comes_through),
      cmocka_unit_test(a_picture_is_as_old_as_its_camera_says),
      cmocka_unit_test(broken_pictures_are_said_and_a_good_one_ends_it),
      cmocka_unit_test(a_camera_without_mjpeg_is_encoded_here),
      cmocka_unit_test(the_camera_of_the_kernel_comes_through),
      cmocka_unit_test(more_than_the_rate_is_dropped_as_it_comes),
      cmocka_unit_test(an_unplugged_camera_is_said_and_comes_back),
      cmocka_unit_test(what_the_camera_cannot_do_is_said_in_words),
      cmocka_unit_test(who_else_has_the_camera_is_said),
      cmocka_unit_test(a_camera_that_gives_nothing_any_more_is_opened_anew),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
