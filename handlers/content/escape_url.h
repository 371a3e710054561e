// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_ESCAPE_URL_H_
#define WEFT_HANDLERS_CONTENT_ESCAPE_URL_H_

#include <string>
#include <string_view>

namespace weft {

// Escapes text for one segment of the path of a URL (Go's url.PathEscape): all but letters, digits
// and -_.~$&+=:@ becomes %XX, a slash too. The segments "." and ".." have no escape: clients remove
// them, whatever their spelling.
//
//   return weft::Redirect(w, "/notes/" + weft::EscapePath(title), 303);
std::string EscapePath(std::string_view segment);

// Escapes text for a name or a value in the query of a URL, or in a form (Go's url.QueryEscape):
// all but letters, digits and -_.~ becomes %XX, and a blank a plus.
//
//   const std::string target = "/search?q=" + weft::EscapeQuery(words);
std::string EscapeQuery(std::string_view text);

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_ESCAPE_URL_H_
