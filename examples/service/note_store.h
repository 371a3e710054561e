// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_NOTE_STORE_H_
#define WEFT_EXAMPLES_SERVICE_NOTE_STORE_H_

#include <cstdint>
#include <optional>

#include <weft/concurrency/broadcast.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>

#include "note.h"

// Where notes are kept; it knows nothing of HTTP. All calls come from many fibers and loops at once, and park theirs. After an
// Error nothing has changed, also when the context has ended meanwhile; only if the database was lost in that moment this is unknown.
class NoteStore {
 public:
  NoteStore() = default;
  virtual ~NoteStore() = default;
  NoteStore(const NoteStore&) = delete;
  NoteStore& operator=(const NoteStore&) = delete;

  virtual weft::Result<Note> Create(const weft::Context& ctx, const NoteDraft& draft) = 0;
  // The newest first; with `after`, those that come after that note in this order.
  virtual weft::Result<NotePage> List(const weft::Context& ctx, int limit, std::optional<std::int64_t> after) = 0;
  // Empty: there is no such note.
  virtual weft::Result<std::optional<Note>> Get(const weft::Context& ctx, std::int64_t id) = 0;
  // Empty, and nothing has changed: the note is not there, or in another version.
  virtual weft::Result<std::optional<Note>> Update(const weft::Context& ctx, std::int64_t id, std::int64_t version, const NoteDraft& draft) = 0;
  // False, and nothing has changed: likewise.
  virtual weft::Result<bool> Delete(const weft::Context& ctx, std::int64_t id, std::int64_t version) = 0;
  // Whether it can be used.
  virtual weft::Error Check(const weft::Context& ctx) = 0;
  // Looks for changes that others make in the same database, until the context ends. For one fiber or thread next to the calls.
  virtual weft::Error Watch(const weft::Context&) { return {}; }

  // Every change, in the order in which they were made.
  const weft::Broadcast<NoteChange>& Changes() const { return changes_; }

 protected:
  // For the one who learns of changes, before the next one is made.
  void Publish(const char* kind, const Note& note) const {
    weft::Result<std::string> json = weft::ToJson(note);
    if (json.Ok()) changes_.Publish({kind, std::make_shared<const std::string>(*std::move(json))});
  }
  // Changes were missed: who listens reads the notes anew.
  void PublishGap() const { changes_.Publish({"lagged", std::make_shared<const std::string>("{}")}); }

 private:
  const weft::Broadcast<NoteChange> changes_;
};

#endif  // WEFT_EXAMPLES_SERVICE_NOTE_STORE_H_
