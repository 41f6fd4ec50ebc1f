/* SPDX-License-Identifier: MIT */
#include "tracker.h"

#include <math.h>
#include <stdlib.h>

#include "backdrop.h"
#include "silhouette.h"

enum {
  LEAST_HEAD = 7,           /* pixels: a smaller head is not measured */
  NOT_UNDERSTOOD_MS = 20000 /* what stands still so long and is nobody is part
                               of the room: a chair that was moved */
};

struct tracker {
  jpeg_decoder *decoder;
  backdrop *room;
  silhouette shape;
  uint64_t odd_ms; /* since when something stands there that is nobody */
  bool odd;
};

/* Head and shoulders, in pixels of the reduced picture. */
typedef struct bust {
  double head_x, head_top, head_width;
  int left, right;        /* outer edges of the shoulders */
  double left_y, right_y; /* upper edge of each shoulder */
  double fit;             /* 0..1: how like head and shoulders it is */
} bust;

tracker *tracker_new(void) {
  tracker *t = calloc(1, sizeof *t);
  if (t == NULL)
    return NULL;
  t->decoder = jpeg_decoder_new();
  t->room = backdrop_new();
  if (t->decoder != NULL && t->room != NULL)
    return t;
  tracker_free(t);
  return NULL;
}

void tracker_free(tracker *t) {
  if (t == NULL)
    return;
  jpeg_decoder_free(t->decoder);
  backdrop_free(t->room);
  silhouette_deinit(&t->shape);
  free(t);
}

void tracker_forget(tracker *t) {
  backdrop_forget(t->room);
  t->odd = false;
}

/* -- the shape ------------------------------------------------------------ */

/* The middle of the columns side by side that reach as high as the highest,
 * nearly. */
static int highest_column(const silhouette *s) {
  int first = 0;
  for (int x = 1; x < s->width; x++)
    first = s->top[x] < s->top[first] ? x : first;
  int top = s->top[first], last = first;
  while (first > 0 && s->top[first - 1] <= top + 1)
    first--;
  while (last < s->width - 1 && s->top[last + 1] <= top + 1)
    last++;
  return (first + last) / 2;
}

/* The width of an ellipse, a third higher than wide, that is `width` wide at
 * `depth` below its top. */
static double ellipse_of(int width, int depth) {
  const double w = width, d = depth;
  return (w * w + 2.367 * d * d) / (3.077 * d);
}

/* The head's width is that of the first row that lies as deep below the top as
 * belongs to its own width. Where the shoulders come up beside the head before
 * that, the rows above them say how wide it would be. */
static bool find_head(const silhouette *s, bust *b) {
  int column = highest_column(s), top = s->top[column], last = s->width;
  for (int depth = 1; top + depth < s->height; depth++) {
    int left = 0, right = 0;
    int width = silhouette_run(s, column, top + depth, &left, &right);
    if (width == 0)
      return false;
    // at the depth of the middle the run gives the centre, too
    column = (left + right) / 2;
    bool sunk = depth > 4 && width > 1.3 * last;
    if (depth < 0.64 * width && !sunk) {
      last = width;
      b->head_x = (left + right) / 2.0;
      continue;
    }
    if (!sunk)
      b->head_x = (left + right) / 2.0;
    b->head_top = top;
    b->head_width = sunk ? ellipse_of(last, depth - 1) : width;
    return b->head_width >= LEAST_HEAD;
  }
  return false;
}

static int compare_ints(const void *a, const void *b) {
  return *(const int *)a - *(const int *)b;
}

/* Up from (x, y) to the last row that hangs together: a head that leans over a
 * shoulder is not its edge. */
static int climb(const silhouette *s, int x, int y) {
  while (y > 0 && s->mask[(y - 1) * s->width + x] != 0)
    y--;
  return y;
}

/* The upper edge of one shoulder: the middle one of some columns. */
static double edge_near(const silhouette *s, double from, double to, int row) {
  int values[SILHOUETTE_MAX], count = 0;
  for (int x = (int)from; x <= (int)to; x++)
    if (x >= 0 && x < s->width)
      values[count++] = climb(s, x, row);
  if (count == 0)
    return s->height;
  qsort(values, (size_t)count, sizeof *values, compare_ints);
  return values[count / 2];
}

/* The shoulders begin where the shape is clearly wider than the head, and are
 * measured half a head below. */
static bool find_shoulders(const silhouette *s, bust *b) {
  int x = (int)b->head_x, left = 0, right = 0;
  int y = (int)(b->head_top + 0.7 * b->head_width);
  for (; y < s->height; y++) {
    int width = silhouette_run(s, x, y, &left, &right);
    if (width == 0)
      return false;
    if (width >= 1.7 * b->head_width)
      break;
  }
  // of somebody near, the desk hides what is further down
  int width = 0, end = y + (int)(0.5 * b->head_width);
  for (; y <= end && silhouette_run(s, x, y, &left, &right) > 0; y++) {
    b->left = left;
    b->right = right;
  }
  width = b->right - b->left + 1;
  b->left_y =
      edge_near(s, b->left + 0.03 * width, b->left + 0.13 * width, y - 1);
  b->right_y =
      edge_near(s, b->right - 0.13 * width, b->right - 0.03 * width, y - 1);
  return true;
}

/* 1 within from..to, falling to 0 over `slack` beyond. */
static double fits(double value, double from, double to, double slack) {
  double beyond = fmax(from - value, value - to);
  return beyond <= 0 ? 1 : fmax(0, 1 - beyond / slack);
}

/* How like head and shoulders the measures are. */
static double fit_of(const silhouette *s, const bust *b) {
  double width = b->right - b->left + 1, head = b->head_width;
  double middle = (b->left + b->right) / 2.0;
  double fit = fits(width / head, 1.9, 3.4, 0.6);
  fit *= fits(fabs(b->head_x - middle) / width, 0, 0.2, 0.15);
  // where the head or a shoulder is cut off, nothing can be measured
  if (b->head_top < 1 || b->left < 1 || b->right > s->width - 2)
    fit = 0;
  // a head is round above: flat, its hair was not told from the room
  int from = 0, to = 0, depth = (int)(b->head_top + 0.12 * head + 0.5);
  fit *= fits(silhouette_run(s, (int)b->head_x, depth, &from, &to) / head, 0.2,
              0.8, 0.1);
  double drop = (b->left_y + b->right_y) / 2 - b->head_top;
  fit *= fits(drop / head, 0.4, 2.2, 0.3);
  fit *= fits(fabs(b->left_y - b->right_y) / width, 0, 0.3, 0.15);
  return fit;
}

/* -- more than one -------------------------------------------------------- */

/* Beyond the shoulders' slopes, somebody else's head is a peak of the upper edge
 * with a valley before it. */
static bool has_other_head(const silhouette *s, const bust *b, int step) {
  int valley = (int)b->head_top, height = (int)(0.45 * b->head_width);
  for (int x = (int)b->head_x; x >= 0 && x < s->width; x += step) {
    bool beside = fabs(x - b->head_x) > 0.6 * b->head_width;
    if (s->top[x] > valley)
      valley = s->top[x];
    if (beside && s->top[x] < valley - height)
      return true;
  }
  return false;
}

static bool is_two(const silhouette *s, const bust *b) {
  return s->pieces > 1 || has_other_head(s, b, 1) || has_other_head(s, b, -1);
}

/* -- the answer ----------------------------------------------------------- */

static void put(landmarks *marks, int index, double x, double y,
                const silhouette *s, double visibility) {
  marks->points[index] =
      (landmark){(x + 0.5) / s->width, (y + 0.5) / s->height, 0, visibility};
}

/* The joints lie inside of the outline, by shares that are those of most
 * people. */
static void points_of(landmarks *marks, const silhouette *s, const bust *b,
                      double visibility) {
  double width = b->right - b->left + 1, head = b->head_width;
  double ear_y = b->head_top + 0.8 * head;
  put(marks, LANDMARK_NOSE, b->head_x, ear_y + 0.1 * head, s, visibility);
  // left is the person's, on the right of the picture
  put(marks, LANDMARK_LEFT_EAR, b->head_x + 0.44 * head, ear_y, s, visibility);
  put(marks, LANDMARK_RIGHT_EAR, b->head_x - 0.44 * head, ear_y, s, visibility);
  put(marks, LANDMARK_LEFT_SHOULDER, b->right - 0.12 * width,
      b->right_y + 0.12 * width, s, visibility);
  put(marks, LANDMARK_RIGHT_SHOULDER, b->left + 0.12 * width,
      b->left_y + 0.12 * width, s, visibility);
}

/* How sure: like a body, all of one piece, and clear of the room. */
static double confidence_of(const silhouette *s, const bust *b) {
  double solid = fits(s->solid, 0.9, 1, 0.3);
  double clear = fits(s->contrast, 2.5, INFINITY, 1.5);
  return b->fit * fmin(solid, clear);
}

static tracker_word judge(const silhouette *s, landmarks *marks,
                          double *confidence) {
  bust b = {0};
  int pixels = s->width * s->height;
  // less than a hundredth is no person at any distance that counts
  if (s->all * 100 < pixels)
    return TRACKER_NOBODY;
  marks->present = true;
  // the light was switched, or the camera moved: all is different
  if (s->area * 10 > pixels * 8 || !find_head(s, &b))
    return TRACKER_UNSURE;
  if (is_two(s, &b))
    return TRACKER_TWO;
  if (!find_shoulders(s, &b))
    return TRACKER_UNSURE;
  b.fit = fit_of(s, &b);
  *confidence = confidence_of(s, &b);
  if (*confidence < 0.5) {
    *confidence = 0;
    return TRACKER_UNSURE;
  }
  points_of(marks, s, &b, *confidence);
  return TRACKER_PERSON;
}

/* What is not understood, and does not move, becomes part of the room. */
static void settle(tracker *t, tracker_word word, double moved,
                   uint64_t now_ms) {
  bool odd = (word == TRACKER_UNSURE || word == TRACKER_TWO) && moved < 0.004;
  if (odd && t->odd && now_ms - t->odd_ms >= NOT_UNDERSTOOD_MS) {
    tracker_forget(t);
    return;
  }
  if (!t->odd || !odd)
    t->odd_ms = now_ms;
  t->odd = odd;
}

tracker_sight tracker_see(tracker *t, peal_slice jpeg, uint64_t now_ms) {
  tracker_sight sight = {.word = TRACKER_BROKEN};
  backdrop_view view;
  jpeg_small small;
  if (jpeg_decoder_small(t->decoder, &small, jpeg) != PEAL_OK)
    return sight;
  sight.width = small.full_width;
  sight.height = small.full_height;
  sight.word = TRACKER_LEARNING;
  if (backdrop_look(t->room, &small, now_ms, &view) != BACKDROP_KNOWN)
    return sight;
  sight.word = TRACKER_UNSURE;
  if (!silhouette_trace(&t->shape, view.differs, (int)view.width,
                        (int)view.height))
    return sight;
  sight.word = judge(&t->shape, &sight.marks, &sight.confidence);
  settle(t, sight.word, view.moved, now_ms);
  return sight;
}

const char *tracker_word_text(tracker_word word) {
  switch (word) {
  case TRACKER_PERSON:
    return "one person is seen";
  case TRACKER_NOBODY:
    return "nobody is seen";
  case TRACKER_TWO:
    return "more than one person is seen";
  case TRACKER_UNSURE:
    return "head and shoulders are not clearly seen";
  case TRACKER_LEARNING:
    return "the empty room has not been seen yet: step out of the picture for "
           "two seconds";
  case TRACKER_BROKEN:
    break;
  }
  return "the picture cannot be read";
}
