// SPDX-License-Identifier: Apache-2.0
#include "note.h"

#include <weft/handlers/content/field_errors.h>

weft::Error Validate(const NoteDraft& draft) {
  weft::FieldErrors errors;
  if (draft.title.find_first_not_of(" \t\r\n") == std::string::npos) {
    errors.Add("/title", "must not be empty");
  } else if (draft.title.size() > 200) {
    errors.Add("/title", "must be at most 200 bytes");
  }
  if (draft.text.size() > 20'000) errors.Add("/text", "must be at most 20,000 bytes");
  // Some databases have no room for it in a text.
  if (draft.title.find('\0') != std::string::npos) errors.Add("/title", "must not have the character U+0000");
  if (draft.text.find('\0') != std::string::npos) errors.Add("/text", "must not have the character U+0000");
  return errors.Take();
}
