/* SPDX-License-Identifier: MIT */
/* kit_notes: a whole application on the kit: notes that come by POST /api/notes
 * or as the event add_note, are stored, then shown to everybody, and are read
 * back by pages. Try: curl -H 'Content-Type: application/json' \
 *   -d '{"text":"milk"}' localhost:8123/api/notes */
#include <peal/kit.h>

enum { PAGE = 20 };

/* The kit comes first. */
typedef struct notes {
  peal_kit kit;
} notes;

static notes self;

static const char *const migrations[] = {
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, ts INTEGER NOT NULL,"
    " text TEXT NOT NULL, mood TEXT);" PEAL_KIT_DEVICE_KEYS PEAL_KIT_SESSIONS,
    NULL};

/* ---- adding ---------------------------------------------------------------- */

static const peal_kit_field fields[] = {{.name = "text",
                                         .type = PEAL_STRING,
                                         .min_len = 1,
                                         .max_chars = 200,
                                         .one_line = true},
                                        {.name = "mood",
                                         .type = PEAL_STRING,
                                         .optional = true,
                                         .choices = "good bad"},
                                        {0}};

static void on_add(peal_kit_ask *ask, peal_val said, void *user) {
  (void)user;
  char time[25];
  int64_t now = peal_wall_ms();
  peal_val text = peal_val_get(said, "text");
  peal_val mood = peal_val_get(said, "mood");
  if (!peal_val_is(mood, PEAL_STRING))
    mood = peal_null();
  peal_web_time_iso(time, now);
  const peal_store_stmt stmt = {
      "INSERT INTO notes (ts, text, mood) VALUES (?1, ?2, ?3)",
      PEAL_ARGS(peal_int(now), text, mood)};
  peal_kit_ask_store(
      ask,
      &(peal_kit_deed){.stmts = &stmt,
                       .count = 1,
                       .what = "a note was not stored",
                       .event = "note_added",
                       .data = PEAL_OBJECT({"time", peal_str(time)},
                                           {"text", text}, {"mood", mood})});
}

/* ---- reading --------------------------------------------------------------- */

static const peal_kit_history history = {
    .table = "notes", .columns = "text, mood", .head = "timestamp,text,mood"};

static void on_page(peal_http_req *req, void *user) {
  (void)user;
  peal_kit_history_page(&self.kit, req, &history, peal_undefined(), PAGE);
}

static void on_file(peal_http_req *req, void *user) {
  static peal_kit_walks walks = {.max = 4};
  (void)user;
  peal_kit_history_file(&self.kit, req, &history, peal_undefined(), &walks);
}

/* How many there are: an answer that comes from the store. */
static void on_counted(const peal_store_result *result, void *user) {
  peal_kit_ask *ask = user;
  if (result->err == PEAL_OK) {
    peal_kit_ask_data(ask, peal_val_at(result->rows, 0));
    return;
  }
  peal_kit_store_failed(&self.kit, "the notes were not counted", result);
  peal_kit_ask_fail(ask, result->err);
}

static void on_count(peal_kit_ask *ask, peal_val said, void *user) {
  (void)said, (void)user;
  ask = peal_kit_ask_keep(ask);
  if (ask == NULL)
    return;
  peal_err err =
      peal_store_read(self.kit.store, "SELECT count(*) AS notes FROM notes",
                      PEAL_NO_ARGS, on_counted, ask);
  if (err != PEAL_OK)
    peal_kit_ask_fail(ask, err);
}

/* ---- the program ----------------------------------------------------------- */

static const peal_kit_action actions[] = {
    {.event = "add_note",
     .route = {.method = "POST", .path = "/api/notes"},
     .fields = fields,
     .others = PEAL_KIT_REFUSE_OTHERS,
     .fn = on_add},
    {.event = "count_notes",
     .route = {.path = "/api/notes/count"},
     .fn = on_count},
};

static const peal_web_route routes[] = {
    {.path = "/api/notes", .on_request = on_page},
    {.path = "/api/notes/file", .on_request = on_file},
};

static bool on_make(void *user) {
  (void)user;
  peal_kit *kit = &self.kit;
  return peal_kit_add_actions(kit, actions, 2, peal_kit_auth_hook, kit, NULL) ==
             PEAL_OK &&
         peal_kit_add_routes(kit, routes, 2, peal_kit_auth_hook, kit, NULL) ==
             PEAL_OK &&
         peal_kit_health_on(kit, &(peal_kit_health_opts){0}) == PEAL_OK &&
         peal_kit_door_on(kit) == PEAL_OK;
}

int main(int argc, char **argv) {
  static const peal_kit_about about = {.program = "kit_notes",
                                       .summary = "keeps and shows notes",
                                       .env_prefix = "KIT_NOTES",
                                       .port = "8123",
                                       .data_dir = "data/kit_notes",
                                       .cookie = "kit_notes",
                                       .database = "notes.db",
                                       .migrations = migrations,
                                       .metrics = "notes"};
  static const peal_kit_turns turns = {.on_make = on_make};
  return peal_kit_main(&self.kit, &about, &turns, argc, argv);
}
