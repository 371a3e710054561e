// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_FIELD_ERRORS_H_
#define WEFT_HANDLERS_CONTENT_FIELD_ERRORS_H_

#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/error.h>

namespace weft {

// Collects what is wrong with the fields of an input, so that a client learns all of it at once:
// 422 with problem details (RFC 9457), whose "errors" has a pointer and a text for each. For
// Validate (content/json.h) and for forms. It is a plain value; nothing suspends.
//
//   weft::Error Validate(const Note& note) {
//     weft::FieldErrors errors;
//     if (note.title.empty()) errors.Add("/title", "must not be empty");
//     if (note.stars > 5) errors.Add("/stars", "must be at most 5");
//     return errors.Take();
//   }
//
// The response is then:
//
//   {"title":"Unprocessable Content","status":422,
//    "errors":[{"pointer":"#/title","detail":"must not be empty"}]}
class FieldErrors {
 public:
  // The pointer is a JSON pointer (RFC 6901) to the field, or its name in a form. Both texts may
  // contain input of the client.
  void Add(std::string_view pointer, std::string text);

  // Returns an empty Error if nothing was added, and otherwise the one to return from a handler. It
  // removes what was added.
  Error Take();

 private:
  struct Entry {
    std::string pointer;
    std::string text;
  };
  std::vector<Entry> entries_;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_FIELD_ERRORS_H_
