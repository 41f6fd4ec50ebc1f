/* SPDX-License-Identifier: MIT */
#include "source_v4l2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fcntl.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "jpeg.h"
#include "source_watch.h"

/* The camera fills one while another is copied; two more for a late reader. */
enum { BUFFERS = 4, QUALITY = 80 };

typedef struct cam {
  const source_v4l2_calls *calls;
  char *path;
  uint32_t width, height, fps; /* wanted */
  int fd;
  struct v4l2_pix_format format; /* what it gives */
  unsigned count;                /* buffers that are mapped */

  struct {
    void *ptr;
    size_t len;
  } buffers[BUFFERS];
} cam;

static int call_open(const char *path, int flags) {
  return open(path, flags);
}

static int call_ioctl(int fd, unsigned long request, void *arg) {
  int result;
  do
    result = ioctl(fd, request, arg);
  while (result < 0 && errno == EINTR);
  return result;
}

static void *call_mmap(size_t len, int fd, off_t offset) {
  return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

static const source_v4l2_calls SYSTEM = {call_open, close,  call_ioctl,
                                         call_mmap, munmap, poll};

/* Which step failed, and why, for people. */
static bool lost(char *reason, const char *what) {
  const char *why = strerror(errno);
  if (errno == ENODEV || errno == ENXIO)
    why = "the camera is not there, or was unplugged";
  else if (errno == EBUSY)
    why = "another program uses the camera";
  else if (errno == EACCES || errno == EPERM)
    why = "not allowed (is this user in the group video?)";
  else if (errno == ENOENT)
    why = "there is no such camera";
  snprintf(reason, SOURCE_REASON, "%s: %s", what, why);
  return false;
}

static bool refuse(char *reason, const char *words) {
  snprintf(reason, SOURCE_REASON, "%s", words);
  return false;
}

static bool ask(cam *c, unsigned long request, void *arg) {
  return c->calls->ioctl(c->fd, request, arg) >= 0;
}

static bool is_camera(cam *c, char *reason) {
  struct v4l2_capability can = {0};
  if (!ask(c, VIDIOC_QUERYCAP, &can))
    return errno == ENOTTY ? refuse(reason, "this device is no camera")
                           : lost(reason, "asking the camera");
  // what this node can do, where the driver tells nodes apart
  uint32_t caps = (can.capabilities & V4L2_CAP_DEVICE_CAPS) != 0
                      ? can.device_caps
                      : can.capabilities;
  if ((caps & V4L2_CAP_VIDEO_CAPTURE) == 0 || (caps & V4L2_CAP_STREAMING) == 0)
    return refuse(reason, "this device gives no stream of pictures");
  return true;
}

/* The driver answers with what it can do that is nearest. */
static bool try_format(cam *c, uint32_t pixels) {
  struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  format.fmt.pix.width = c->width;
  format.fmt.pix.height = c->height;
  format.fmt.pix.pixelformat = pixels;
  format.fmt.pix.field = V4L2_FIELD_ANY;
  if (!ask(c, VIDIOC_S_FMT, &format)) {
    // another format may do
    c->format.pixelformat = 0;
    return errno == EINVAL;
  }
  c->format = format.fmt.pix;
  return true;
}

static bool is_jpeg(const cam *c) {
  return c->format.pixelformat == V4L2_PIX_FMT_MJPEG ||
         c->format.pixelformat == V4L2_PIX_FMT_JPEG;
}

/* Rows that lie within a picture of the size that is bounded. */
static bool is_yuyv(const cam *c) {
  const struct v4l2_pix_format *f = &c->format;
  return f->pixelformat == V4L2_PIX_FMT_YUYV && f->width >= 2 &&
         f->width % 2 == 0 && f->height >= 1 && f->width <= JPEG_MAX_SIDE &&
         f->height <= JPEG_MAX_SIDE && f->bytesperline >= 2 * f->width &&
         f->bytesperline <= 8 * JPEG_MAX_SIDE;
}

static bool set_format(cam *c, char *reason) {
  if (!try_format(c, V4L2_PIX_FMT_MJPEG) ||
      (!is_jpeg(c) && !try_format(c, V4L2_PIX_FMT_YUYV)))
    return lost(reason, "choosing the picture");
  if (!is_jpeg(c) && !is_yuyv(c))
    return refuse(reason, "the camera gives neither MJPEG nor YUYV");
  struct v4l2_streamparm rate = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  rate.parm.capture.timeperframe = (struct v4l2_fract){1, c->fps};
  // not all can: too many frames are dropped later
  (void)ask(c, VIDIOC_S_PARM, &rate);
  return true;
}

static bool map_one(cam *c, unsigned index, char *reason) {
  struct v4l2_buffer about = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                              .memory = V4L2_MEMORY_MMAP,
                              .index = index};
  if (!ask(c, VIDIOC_QUERYBUF, &about))
    return lost(reason, "asking for buffers");
  void *ptr = c->calls->mmap(about.length, c->fd, (off_t)about.m.offset);
  if (ptr == MAP_FAILED)
    return lost(reason, "mapping buffers");
  c->buffers[index].ptr = ptr;
  c->buffers[index].len = about.length;
  c->count = index + 1;
  return ask(c, VIDIOC_QBUF, &about) || lost(reason, "handing over buffers");
}

static bool start(cam *c, char *reason) {
  struct v4l2_requestbuffers want = {.count = BUFFERS,
                                     .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                     .memory = V4L2_MEMORY_MMAP};
  if (!ask(c, VIDIOC_REQBUFS, &want))
    return lost(reason, "asking for buffers");
  if (want.count < 2)
    return refuse(reason, "the camera has no memory for pictures");
  for (unsigned i = 0; i < want.count && i < BUFFERS; i++)
    if (!map_one(c, i, reason))
      return false;
  int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  return ask(c, VIDIOC_STREAMON, &type) || lost(reason, "starting the camera");
}

static void cam_close(void *self) {
  cam *c = self;
  int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  // of a camera that is gone nothing of this succeeds, and nothing matters
  (void)ask(c, VIDIOC_STREAMOFF, &type);
  for (unsigned i = 0; i < c->count; i++)
    c->calls->munmap(c->buffers[i].ptr, c->buffers[i].len);
  c->count = 0;
  c->calls->close(c->fd);
  c->fd = -1;
}

static bool cam_open(void *self, char *reason) {
  cam *c = self;
  c->fd = c->calls->open(c->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (c->fd < 0)
    return lost(reason, "opening the camera");
  if (is_camera(c, reason) && set_format(c, reason) && start(c, reason))
    return true;
  cam_close(c);
  return false;
}

/* The picture in a buffer, as JPEG. NULL if it is none, or memory is out. */
static peal_bytes *picture_of(const cam *c, const struct v4l2_buffer *full) {
  const uint8_t *bytes = c->buffers[full->index].ptr;
  if (is_jpeg(c))
    return full->bytesused > SOURCE_MAX_FRAME_BYTES
               ? NULL
               : peal_bytes_new(
                     (peal_slice){(const char *)bytes, full->bytesused});
  if (full->bytesused < (size_t)c->format.bytesperline * c->format.height)
    return NULL;
  return jpeg_encode_yuyv(bytes, c->format.bytesperline, c->format.width,
                          c->format.height, QUALITY);
}

/* Copy what is in the buffer, which the camera needs back. */
static source_word copy_out(cam *c, const struct v4l2_buffer *full,
                            source_shot *out, char *reason) {
  if (full->index >= c->count ||
      full->bytesused > c->buffers[full->index].len) {
    refuse(reason, "the camera names a buffer that there is not");
    return SOURCE_LOST;
  }
  if ((full->flags & V4L2_BUF_FLAG_ERROR) == 0 && full->bytesused > 0)
    out->jpeg = picture_of(c, full);
  if (out->jpeg != NULL)
    return SOURCE_SHOT;
  refuse(reason, "the camera sends broken pictures");
  return SOURCE_SPOILT;
}

/* When the camera took it, where its driver says so on our clock; otherwise it
 * is now. */
static double captured_at(const struct v4l2_buffer *full) {
  struct timespec now;
  if ((full->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) !=
      V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
    return 0;
  clock_gettime(CLOCK_MONOTONIC, &now);
  double age = (double)(now.tv_sec - full->timestamp.tv_sec) +
               (double)now.tv_nsec / 1e9 -
               (double)full->timestamp.tv_usec / 1e6;
  return source_wall() - age;
}

static bool take_one(cam *c, struct v4l2_buffer *full) {
  *full = (struct v4l2_buffer){.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                               .memory = V4L2_MEMORY_MMAP};
  return ask(c, VIDIOC_DQBUF, full);
}

/* The newest of the pictures that wait: after a delay the others are late. */
static bool take_newest(cam *c, struct v4l2_buffer *full) {
  struct v4l2_buffer next;
  if (!take_one(c, full))
    return false;
  for (int i = 0; i < BUFFERS && take_one(c, &next); i++) {
    if (!ask(c, VIDIOC_QBUF, full))
      return false;
    *full = next;
  }
  return true;
}

static source_word take(cam *c, source_shot *out, char *reason) {
  struct v4l2_buffer full;
  if (!take_newest(c, &full)) {
    if (errno == EAGAIN)
      return SOURCE_NOTHING;
    lost(reason, "taking a picture");
    return SOURCE_LOST;
  }
  source_word word = copy_out(c, &full, out, reason);
  out->captured_at = captured_at(&full);
  if (word == SOURCE_LOST || ask(c, VIDIOC_QBUF, &full))
    return word;
  lost(reason, "giving a buffer back");
  peal_bytes_unref(out->jpeg);
  out->jpeg = NULL;
  return SOURCE_LOST;
}

static source_word cam_next(void *self, source_shot *out, int wake,
                            uint32_t wait_ms, char *reason) {
  cam *c = self;
  struct pollfd set[2] = {{.fd = wake, .events = POLLIN},
                          {.fd = c->fd, .events = POLLIN}};
  int ready = c->calls->poll(set, 2, wait_ms > 60000 ? 60000 : (int)wait_ms);
  if (ready <= 0 || set[0].revents != 0)
    return SOURCE_NOTHING;
  // a camera that was unplugged says POLLERR; DQBUF says which error
  return take(c, out, reason);
}

static void cam_free(void *self) {
  cam *c = self;
  free(c->path);
  free(c);
}

source_eyes source_v4l2_new(const source_opts *opts,
                            const source_v4l2_calls *calls) {
  static const source_driver driver = {cam_open, cam_next, cam_close, cam_free};
  source_eyes eyes = {&driver, NULL};
  cam *c = calloc(1, sizeof *c);
  if (c == NULL)
    return eyes;
  *c = (cam){.calls = calls != NULL ? calls : &SYSTEM,
             .path = strdup(opts->path),
             .width = opts->width,
             .height = opts->height,
             .fps = opts->fps,
             .fd = -1};
  if (c->path == NULL) {
    free(c);
    return eyes;
  }
  eyes.self = c;
  return eyes;
}
