// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_NOTE_H_
#define WEFT_EXAMPLES_SERVICE_NOTE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/handlers/content/json.h>

// What a client may say about a note.
struct NoteDraft {
  std::string title;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(NoteDraft, (), (title, text))

// Called by ReadJson: everything that is wrong at once, as a 422.
weft::Error Validate(const NoteDraft& draft);

struct Note {
  std::int64_t id = 0;
  std::int64_t version = 0;  // 1, 2, 3 ...: what the ETag is made of
  std::string title;
  std::string text;
  std::string changed;  // when: "2026-11-29T08:30:00.125Z"
};
BOOST_DESCRIBE_STRUCT(Note, (), (id, version, title, text, changed))

struct NotePage {
  std::vector<Note> notes;
  std::optional<std::int64_t> next;  // the next page is "?after=" this; without: there is none
};
BOOST_DESCRIBE_STRUCT(NotePage, (), (notes, next))

// What has become of a note. One goes to every subscriber, so the text is shared.
struct NoteChange {
  const char* kind;                         // "saved", "deleted", or "lagged": some were missed
  std::shared_ptr<const std::string> json;  // the Note that was saved; of one that is no more at least id and version
};

#endif  // WEFT_EXAMPLES_SERVICE_NOTE_H_
