// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_URL_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_URL_H_

#include <string>
#include <string_view>

#include <weft/concurrency/result.h>
#include <weft/net/address.h>

namespace weft::internal {

// An absolute URL, split into its parts (RFC 3986, RFC 9110 section 4.2), for a request.
struct HttpUrl {
  bool secure = false;
  Address address;        // where to connect
  std::string origin;     // "https://users.internal:8443": scheme, host and port that are the same for all spellings
  std::string authority;  // as the Host field has it
  std::string target;     // path and query, as they came; "/" for none

  // The complete URL, without the fragment, which concerns the client alone.
  std::string Text() const;
  // For messages: without the query, which may hold secrets.
  std::string Shown() const;
};

// "http://", "https://" or "http+unix://": the host of the last is the path of a socket, percent-encoded. User information is
// rejected (RFC 9110 section 4.2.4), and so is a byte that may not stand in a request line. The Error says what is wrong.
Error ParseHttpUrl(std::string_view text, HttpUrl& out);

// Reads URLs as ParseHttpUrl does. It remembers scheme, host and port of the last one, since the next one mostly has the same.
class UrlReader {
 public:
  Error Read(std::string_view text, HttpUrl& out);

 private:
  std::string before_target_;  // of the last one, as it was written
  HttpUrl last_;
};

// Where a Location leads to (RFC 3986 section 5.2); what it has no fragment of is dropped.
Error ResolveLocation(const HttpUrl& base, std::string_view location, HttpUrl& out);

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_URL_H_
