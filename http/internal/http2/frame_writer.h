// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_FRAME_WRITER_H_
#define WEFT_HTTP_INTERNAL_HTTP2_FRAME_WRITER_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <weft/http/fields.h>
#include <weft/http/internal/http2/frame_scanner.h>

namespace weft::internal::http2 {

// Frames by hand, for clients that tests play: allowed or not (RFC 9113 section 4.1).
void AppendFrame(std::string& out, std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload);
// A frame whose payload is one number of 32 bits: WINDOW_UPDATE, RST_STREAM.
void AppendNumberFrame(std::string& out, std::uint8_t type, std::uint32_t stream, std::uint32_t number);
// An entry of SETTINGS.
void AppendSetting(std::string& payload, std::uint16_t id, std::uint32_t value);

// A field block, each field literally and never indexed (RFC 7541 section 6.2.3), so that no table changes.
void AppendFieldBlock(std::string& out, std::span<const Fields::Field> fields);

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_FRAME_WRITER_H_
