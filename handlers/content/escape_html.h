// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_ESCAPE_HTML_H_
#define WEFT_HANDLERS_CONTENT_ESCAPE_HTML_H_

#include <string>
#include <string_view>

namespace weft {

// Escapes text for HTML, in an element or in a quoted attribute value: & < > " and ' become
// character references (Go's html.EscapeString). Inside of <script> and <style>, in attributes
// without quotes and in URLs, other rules apply, and this is not enough.
//
//   w.Header().Set("Content-Type", "text/html; charset=utf-8");
//   return w.Write("<p>Hello, " + weft::EscapeHtml(name) + "</p>");
std::string EscapeHtml(std::string_view text);

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_ESCAPE_HTML_H_
