// SPDX-License-Identifier: Apache-2.0

// What docs/handlers.md says about JSON. It links weft::json.
#include <optional>
#include <string>
#include <vector>
#include <weft/handlers/content/field_errors.h>
#include <weft/handlers/content/json.h>
#include <weft/handlers/testing.h>
#include "check.h"

struct Note {
  std::string title;
  std::vector<std::string> tags;
  std::optional<int> stars;                                       // may be missing, or null
};
BOOST_DESCRIBE_STRUCT(Note, (), (title, tags, stars))

weft::Error Validate(const Note& note) {                          // ReadJson finds it through the type
  weft::FieldErrors errors;
  if (note.title.empty()) errors.Add("/title", "must not be empty");
  if (note.stars > 5) errors.Add("/stars", "must be at most 5");
  return errors.Take();                                           // all of them at once, as a 422
}

weft::Error AddNote(weft::ResponseWriter& w, weft::Request& r) {
  const weft::Result<Note> note = weft::ReadJson<Note>(r);
  if (weft::Error err = note.Err()) return err;                   // 400 with the place, 413, 415, 422
  return weft::WriteJson(w, 201, *note);
}

int main() {
  return RunChecks([](const weft::Context&) {
    weft::Recorder recorder;
    const auto status_of = [&](std::string text) {
      recorder.Serve(AddNote, weft::RequestBuilder("POST", "/notes").Header("Content-Type", "application/json").Body(std::move(text)));
      return recorder.Status();
    };
    Check(status_of(R"({"title":"tea","tags":["hot"]})") == 201);
    Check(recorder.Body() == R"({"title":"tea","tags":["hot"]})");
    Check(status_of(R"({"title":"tea","tags":[7]})") == 400);
    Check(recorder.Body().find("/tags/0") != std::string::npos);
    Check(status_of(R"({"title":"","tags":[],"stars":6})") == 422);
    Check(recorder.Body().find("#/stars") != std::string::npos);
  });
}
