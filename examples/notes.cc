// SPDX-License-Identifier: Apache-2.0

// JSON in and out: notes that live as long as the process.
//
//   build/release/examples/notes 127.0.0.1:8080 &
//   curl --json '{"title":"tea","tags":["hot"]}' http://127.0.0.1:8080/notes
//   curl http://127.0.0.1:8080/notes/0

#include <csignal>
#include <cstdio>
#include <mutex>

#include <weft/handlers/content/field_errors.h>
#include <weft/handlers/content/json.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

struct Note {
  std::string title;
  std::vector<std::string> tags;
  std::optional<int> stars;
};
BOOST_DESCRIBE_STRUCT(Note, (), (title, tags, stars))

weft::Error Validate(const Note& note) {  // called by ReadJson
  weft::FieldErrors errors;
  if (note.title.empty()) errors.Add("/title", "must not be empty");
  if (note.stars > 5) errors.Add("/stars", "must be at most 5");
  return errors.Take();
}

int main(int argc, char** argv) {
  std::mutex lock;  // not held while a handler waits
  std::vector<Note> notes;
  weft::Mux mux;
  mux.Handle("POST /notes", [&](weft::ResponseWriter& w, weft::Request& r) -> weft::Error {
    const weft::Result<Note> note = weft::ReadJson<Note>(r);
    if (weft::Error err = note.Err()) return err;  // 400 with the place, 413, 415; 422
    std::unique_lock held(lock);
    notes.push_back(*note);
    w.Header().Set("Location", "/notes/" + std::to_string(notes.size() - 1));
    held.unlock();
    return weft::WriteJson(w, 201, *note);
  });
  mux.Handle("GET /notes/{id}", [&](weft::ResponseWriter& w, weft::Request& r) -> weft::Error {
    const weft::Result<std::size_t> id = r.PathValueAs<std::size_t>("id");
    if (weft::Error err = id.Err()) return err;
    std::unique_lock held(lock);
    if (*id >= notes.size()) return weft::HttpError(404, "there is no such note");
    const Note note = notes[*id];
    held.unlock();
    return weft::WriteJson(w, note);
  });

  weft::ServerOptions options{.address = argc > 1 ? argv[1] : "127.0.0.1:8080"};
  options.on_listen = [](std::string_view bound) { std::puts(bound.data()), std::fflush(stdout); };
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  const weft::Error err = weft::ListenAndServe(ctx, options, mux);
  return err ? std::fprintf(stderr, "notes: %s\n", err.Message().c_str()), 1 : 0;
}
