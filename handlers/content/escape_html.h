// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_ESCAPE_HTML_H_
#define WEFT_HANDLERS_CONTENT_ESCAPE_HTML_H_

#include <string>
#include <string_view>

namespace weft {

// A text that stands for itself in HTML, in an element or in a quoted value of an attribute: & < >
// " and ' become character references. Inside of <script> and <style>, in attributes without quotes
// and in URLs other rules hold, which it does not know. Go's html.EscapeString.
//
//   w.Header().Set("Content-Type", "text/html; charset=utf-8");
//   return w.Write("<p>Hello, " + weft::EscapeHtml(name) + "</p>");
std::string EscapeHtml(std::string_view text);

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_ESCAPE_HTML_H_
