// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_REQUEST_FIELDS_H_
#define WEFT_HTTP_INTERNAL_HTTP2_REQUEST_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <weft/http/fields.h>
#include <weft/http/internal/http1/head_parser.h>
#include <weft/http/internal/http1/refusal.h>
#include <weft/http/internal/http2/field_block.h>

namespace weft::internal::http2 {

// The head of a request as in its field block (RFC 9113 section 8.3.1): pseudo-fields, fields, and what
// they mean for the message. What the session has let through is well-formed for HTTP/2. Check adds the rules that
// apply to every request, with the same verdict as over HTTP/1.1.
//
// Beyond the limits nothing is stored any more: the rest of the block is only counted.
class RequestFields {
 public:
  void Begin();

  // The next field. False: the block has four times the size that is allowed, which is no mistake any more.
  bool Add(std::string_view name, std::string_view value, const HeadLimits& limits);

  // When the block is complete: why the request is refused, if it is. `extended`: CONNECT with :protocol is taken
  // (RFC 8441).
  Refusal Check(const HeadLimits& limits, bool extended);

  // After a Check that was good. All views hold until Begin.
  std::string_view Method() const { return IsExtended() ? std::string_view("GET") : method_; }
  std::string_view Target() const { return is_connect_ && !IsExtended() ? authority_ : path_; }
  std::string_view RawPath() const { return raw_path_; }  // empty for CONNECT
  std::string_view Query() const { return query_; }
  std::string_view Authority() const { return authority_; }
  std::string_view Host() const;  // Authority without its port, and without the brackets of an address
  std::string_view Protocol() const { return protocol_; }  // of an extended CONNECT
  bool IsHead() const { return method_ == "HEAD"; }
  bool IsConnect() const { return is_connect_ && !IsExtended(); }
  // The HTTP/2 form of an HTTP/1.1 upgrade. To handlers it looks like the latter.
  bool IsExtended() const { return !protocol_.empty(); }
  bool IsHttps() const { return scheme_ == "https"; }
  bool ExpectsContinue() const { return expects_continue_; }
  std::optional<std::uint64_t> ContentLength() const { return content_length_; }

  // Adds the fields as views into this: Host, if only :authority has given it; Cookie in one piece (RFC 9113 section 8.2.3);
  // Upgrade and Connection of an extended CONNECT.
  void AppendTo(Fields& out);

 private:
  Refusal ReadPseudoFields(const HeadLimits& limits, bool extended);
  Refusal ReadFields();
  Refusal ReadField(const Fields::Field& field);
  Refusal CheckTarget(const HeadLimits& limits);
  Refusal CheckAuthority();

  FieldBlock block_;
  std::uint64_t counted_ = 0;  // as SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113 section 6.5.2)
  std::uint64_t fields_ = 0;
  bool too_large_ = false;
  bool is_connect_ = false;
  bool expects_continue_ = false;
  bool has_host_ = false;
  std::uint32_t cookies_ = 0;
  std::string_view method_;
  std::string_view scheme_;
  std::string_view path_;
  std::string_view raw_path_;
  std::string_view query_;
  std::string_view authority_;
  std::string_view protocol_;
  std::optional<std::uint64_t> content_length_;
  std::string cookie_;
};

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_REQUEST_FIELDS_H_
