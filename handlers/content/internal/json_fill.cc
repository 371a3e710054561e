// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/json_fill.h>

#include <algorithm>

#include <boost/json/basic_parser_impl.hpp>

#include <weft/concurrency/run.h>
#include <weft/handlers/content/internal/json_filler.h>

namespace weft::internal {
namespace {

using boost::json::error_code;

const char* InWords(const error_code& ec) {
  using boost::json::error;
  if (ec == error::incomplete) return "the text ends too early";
  if (ec == error::extra_data) return "something follows the value";
  if (ec == error::illegal_leading_surrogate || ec == error::illegal_trailing_surrogate ||
      ec == error::expected_hex_digit || ec == error::expected_utf16_escape) {
    return "an escape in a string is broken";
  }
  if (ec == error::exponent_overflow) return "the number is out of range";
  return "this is not JSON";
}

std::string Located(std::string what, std::string_view text, std::size_t at,
                    const std::string& pointer) {
  const std::string_view before = text.substr(0, at);
  const auto line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
  std::string place = "line " + std::to_string(line) + ", column " + std::to_string(column);
  return (pointer.empty() ? std::string() : pointer + ": ") + std::move(what) + " (" + place + ")";
}

constexpr std::size_t kTurn = 64 * 1024;

// The size of the first piece of `text`, about a turn's worth. It does not end within a number,
// since the filler needs all digits of a number together.
std::size_t PieceOf(std::string_view text) {
  constexpr std::string_view kOfNumbers = "0123456789+-.eE";
  if (text.size() <= kTurn) return text.size();
  const std::size_t last = text.substr(0, kTurn).find_last_not_of(kOfNumbers);
  if (last != text.npos) return last + 1;
  const std::size_t end = text.find_first_not_of(kOfNumbers, kTurn);
  return end != text.npos ? end + 1 : text.size();
}

// Returns how far it got.
std::size_t ParseInTurns(boost::json::basic_parser<JsonFiller>& parser, std::string_view text,
                         error_code& ec) {
  std::size_t at = 0;
  while (true) {
    const std::size_t size = PieceOf(text.substr(at));
    const bool more = size < text.size() - at;
    at += parser.write_some(more, text.data() + at, size, ec);
    if (ec || parser.done() || !more) return at;
    Yield();
  }
}

}  // namespace

JsonFault FillFromJson(std::string_view text, void* out, const JsonType& type,
                       bool unknown_members, std::size_t depth_max, std::size_t memory_max,
                       bool in_turns) {
  boost::json::parse_options options;
  options.max_depth = depth_max;
  boost::json::basic_parser<JsonFiller> parser(options, text, out, type, unknown_members, depth_max,
                                                   memory_max);
  error_code ec;
  std::size_t at = in_turns ? ParseInTurns(parser, text, ec)
                            : parser.write_some(false, text.data(), text.size(), ec);
  const JsonFiller& filler = parser.handler();
  if (!ec && text.find_first_not_of(" \t\r\n", at) != std::string_view::npos) {
    at = text.find_first_not_of(" \t\r\n", at);
    ec = boost::json::error::extra_data;
  }
  if (!ec) return {};
  if (!filler.Fault().empty()) {
    return {Located(filler.Fault(), text, filler.FaultAt().value_or(at), filler.Pointer()),
            filler.TooLarge()};
  }
  if (ec == boost::json::error::too_deep) {
    return {Located("nested more than " + std::to_string(depth_max) + " levels deep", text, at, {})};
  }
  return {Located(InWords(ec), text, at,
                  ec == boost::json::error::extra_data ? std::string() : filler.Pointer())};
}

}  // namespace weft::internal
