// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_MEDIA_TYPE_H_
#define WEFT_HTTP_MEDIA_TYPE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// The contents of a Content-Type field (RFC 9110 section 8.3.1).
//
//   std::optional<weft::MediaType> type = weft::ParseMediaType(r.Header().Get("Content-Type"));
//   if (!type || type->essence != "multipart/form-data") return weft::HttpError(415);
//   std::optional<std::string_view> boundary = type->Parameter("boundary");
struct MediaType {
  struct NameValue {
    std::string name;   // in lowercase
    std::string value;  // unchanged, without the quotes
  };

  std::string essence;  // "text/html", in lowercase
  std::vector<NameValue> parameters;

  // The value of a parameter, whose name is given in lowercase. It is valid as long as this object.
  std::optional<std::string_view> Parameter(std::string_view name) const;

  // The text of the field. Values that are not tokens are quoted.
  std::string Format() const;
};

// Reads one media type with its parameters. Returns nothing if it is malformed, has a parameter
// twice (two recipients would choose different ones), or has more than 32 parameters.
std::optional<MediaType> ParseMediaType(std::string_view text);

// The Content-Type for a file of this name, by its extension in any case: "text/css; charset=utf-8"
// for "site.CSS". Empty if the extension is not known. The table is weft's own; no files of the
// system are read. The text is static.
std::string_view MediaTypeOfName(std::string_view file_name);

// Guesses the Content-Type of a body from its first bytes, at most 512 of them (Go's
// http.DetectContentType). The server does this for a response without Content-Type. Binary data of
// an unknown kind is "application/octet-stream". The text is static.
std::string_view DetectContentType(std::string_view first_bytes);

// Whether compression helps for bodies of this type: text, JSON, XML, scripts, and fonts that are
// not compressed yet. It does not for images, sound, video and archives. Nor for text/event-stream,
// where each stream would keep a compressor for as long as it lasts. Parameters do not matter.
bool IsCompressible(std::string_view content_type);

}  // namespace weft

#endif  // WEFT_HTTP_MEDIA_TYPE_H_
