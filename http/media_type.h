// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_MEDIA_TYPE_H_
#define WEFT_HTTP_MEDIA_TYPE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// What a Content-Type says (RFC 9110 section 8.3.1).
//
//   std::optional<weft::MediaType> type = weft::ParseMediaType(r.Header().Get("Content-Type"));
//   if (!type || type->essence != "multipart/form-data") return weft::HttpError(415);
//   std::optional<std::string_view> boundary = type->Parameter("boundary");
struct MediaType {
  struct NameValue {
    std::string name;   // in lower case
    std::string value;  // as it came, without the quotes
  };

  std::string essence;  // "text/html", in lower case
  std::vector<NameValue> parameters;

  // The value of a parameter, whose name is given in lower case. It lives as long as the object.
  std::optional<std::string_view> Parameter(std::string_view name) const;

  // As text for a field; values that are no token are quoted.
  std::string Format() const;
};

// Reads one media type with its parameters. Nothing if it is not well-formed, has a parameter twice
// (two readers would choose different ones), or has more than 32 of them.
std::optional<MediaType> ParseMediaType(std::string_view text);

// The Content-Type for a file of this name, by its ending in any case: "text/css; charset=utf-8"
// for "site.CSS". Empty if the ending is not known. The table is weft's own; files of the system
// are not read. Static text.
std::string_view MediaTypeOfName(std::string_view file_name);

// Guesses the Content-Type of a body by its first bytes, of which at most 512 are looked at; what
// the server does by itself for a response without Content-Type. Binary data of no known kind is
// "application/octet-stream". Static text. Go's http.DetectContentType.
std::string_view DetectContentType(std::string_view first_bytes);

// Whether compression makes much of bodies of this type: text, JSON, XML, scripts, fonts that are
// not compressed yet. Not images, sound, video and archives; nor text/event-stream, each stream of
// which would keep a compressor for as long as it lasts. Parameters do not matter.
bool IsCompressible(std::string_view content_type);

}  // namespace weft

#endif  // WEFT_HTTP_MEDIA_TYPE_H_
