// SPDX-License-Identifier: Apache-2.0
#include "notes_api.h"

#include <optional>
#include <string>
#include <utility>

#include <weft/handlers/content/json.h>
#include <weft/handlers/content/query.h>
#include <weft/handlers/log.h>
#include <weft/http/conditional.h>

namespace {

class NotesApi {
 public:
  NotesApi(NoteStore& store, weft::Metrics& metrics)
      : store_(store), writes_(metrics.AddCounter("notes_writes_total", "Changes of notes, and those that came too late.", {"result"})) {}

  weft::Error Create(weft::ResponseWriter& w, weft::Request& r) {
    const weft::Result<NoteDraft> draft = weft::ReadJson<NoteDraft>(r);
    if (weft::Error err = draft.Err()) return err;  // 400 with the place, 413, 415, 422
    const weft::Result<Note> note = store_.Create(r.Ctx(), *draft);
    if (weft::Error err = note.Err()) return err.Wrap("create a note");
    created_.Add();
    weft::LogLine(weft::LogLevel::kInfo, "created note " + std::to_string(note->id));  // with the id of the request
    w.Header().Set("Location", "/api/notes/" + std::to_string(note->id));
    return Send(w, 201, *note);
  }

  weft::Error List(weft::ResponseWriter& w, weft::Request& r) {
    const weft::Result<int> limit = weft::QueryOr<int>(r, "limit", 20);
    if (weft::Error err = limit.Err()) return err;
    if (*limit < 1 || *limit > 100) return weft::HttpError(400, "limit must be from 1 to 100");
    std::optional<std::int64_t> after;
    if (r.Query("after")) {
      const weft::Result<std::int64_t> id = r.QueryAs<std::int64_t>("after");
      if (weft::Error err = id.Err()) return err;
      after = *id;
    }
    const weft::Result<NotePage> page = store_.List(r.Ctx(), *limit, after);
    if (weft::Error err = page.Err()) return err.Wrap("list notes");
    return weft::WriteJson(w, *page);
  }

  weft::Error Get(weft::ResponseWriter& w, weft::Request& r) {
    const weft::Result<Note> note = Find(r);
    if (weft::Error err = note.Err()) return err;
    if (Condition(r, *note) != weft::Precondition::kNotModified) return Send(w, 200, *note);
    SetVersion(w, *note);
    w.WriteHeader(304);
    return {};
  }

  weft::Error Update(weft::ResponseWriter& w, weft::Request& r) {
    const weft::Result<NoteDraft> draft = weft::ReadJson<NoteDraft>(r);
    if (weft::Error err = draft.Err()) return err;
    const weft::Result<Note> current = FindToChange(r);
    if (weft::Error err = current.Err()) return err;
    const weft::Result<std::optional<Note>> note = store_.Update(r.Ctx(), current->id, current->version, *draft);
    if (weft::Error err = note.Err()) return err.Wrap("update a note");
    if (!*note) return TooLate();
    updated_.Add();
    return Send(w, 200, **note);
  }

  weft::Error Delete(weft::ResponseWriter& w, weft::Request& r) {
    const weft::Result<Note> current = FindToChange(r);
    if (weft::Error err = current.Err()) return err;
    const weft::Result<bool> gone = store_.Delete(r.Ctx(), current->id, current->version);
    if (weft::Error err = gone.Err()) return err.Wrap("delete a note");
    if (!*gone) return TooLate();
    deleted_.Add();
    w.WriteHeader(204);
    return {};
  }

 private:
  static std::string TagOf(const Note& note) { return "\"v" + std::to_string(note.version) + "\""; }

  static void SetVersion(weft::ResponseWriter& w, const Note& note) {
    w.Header().Set("ETag", TagOf(note));
    w.Header().Set("Cache-Control", "no-cache");  // may be kept, and is asked for with its ETag each time
  }

  static weft::Error Send(weft::ResponseWriter& w, int status, const Note& note) {
    SetVersion(w, note);
    return weft::WriteJson(w, status, note);
  }

  static weft::Precondition Condition(weft::Request& r, const Note& note) {
    const std::string tag = TagOf(note);
    return weft::CheckPreconditions(r.Method(), r.Header(), {.etag = tag});
  }

  weft::Result<Note> Find(weft::Request& r) {
    const weft::Result<std::int64_t> id = r.PathValueAs<std::int64_t>("id");
    if (weft::Error err = id.Err()) return err;
    weft::Result<std::optional<Note>> note = store_.Get(r.Ctx(), *id);
    if (weft::Error err = note.Err()) return err.Wrap("find a note");
    if (!*note) return weft::HttpError(404, "there is no such note");
    return **std::move(note);
  }

  // The note, if it is in the version that the request is meant for.
  weft::Result<Note> FindToChange(weft::Request& r) {
    weft::Result<Note> note = Find(r);
    if (weft::Error err = note.Err()) return err;
    if (!r.Header().Has("If-Match")) return weft::HttpError(428, "say in If-Match which version is to be changed: its ETag");
    if (Condition(r, *note) == weft::Precondition::kFailed) return TooLate();
    return note;
  }

  weft::Error TooLate() {
    too_late_.Add();
    return weft::HttpError(412, "somebody else has changed this note meanwhile");
  }

  NoteStore& store_;
  weft::Labeled<weft::Counter>& writes_;
  weft::Counter& created_ = writes_.With({"created"});
  weft::Counter& updated_ = writes_.With({"updated"});
  weft::Counter& deleted_ = writes_.With({"deleted"});
  weft::Counter& too_late_ = writes_.With({"too_late"});
};

}  // namespace

void AddNotesRoutes(weft::Mux& mux, NoteStore& store, weft::Metrics& metrics) {
  const auto api = std::make_shared<NotesApi>(store, metrics);  // every handler holds it
  mux.Handle("POST /notes", [api](weft::ResponseWriter& w, weft::Request& r) { return api->Create(w, r); });
  mux.Handle("GET /notes", [api](weft::ResponseWriter& w, weft::Request& r) { return api->List(w, r); });
  mux.Handle("GET /notes/{id}", [api](weft::ResponseWriter& w, weft::Request& r) { return api->Get(w, r); });
  mux.Handle("PUT /notes/{id}", [api](weft::ResponseWriter& w, weft::Request& r) { return api->Update(w, r); });
  mux.Handle("DELETE /notes/{id}", [api](weft::ResponseWriter& w, weft::Request& r) { return api->Delete(w, r); });
}
