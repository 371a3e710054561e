// SPDX-License-Identifier: Apache-2.0
//
// What the values of fields say: dates, media types, codings, entity tags, ranges and conditions.
// The input is a value of each of them. What is read comes back the same when it is written, parts
// lie inside the whole and apart from each other, and conditions agree with the tags.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <weft/http/conditional.h>
#include <weft/http/content_coding.h>
#include <weft/http/date.h>
#include <weft/http/entity_tag.h>
#include <weft/http/internal/byte_ranges.h>
#include <weft/http/media_type.h>

#include "fuzz.h"

namespace weft::fuzz {
namespace {

using internal::ByteRange;
using internal::ByteRanges;

void CheckDate(std::string_view text) {
  const std::chrono::sys_seconds now(std::chrono::seconds(1'700'000'000));
  const std::optional<std::chrono::sys_seconds> date = ParseHttpDate(text, now);
  if (!date) return;
  const std::string written = FormatHttpDate(*date);
  // A leap second at the end of the last year that the form can tell leads out of it; the year 0000
  // is before the first.
  if (!written.empty())
    FUZZ_CHECK(ParseHttpDate(written, now) == date, "a date comes back as it was written");
  FUZZ_CHECK(text.size() >= 24 && text.size() <= 33, "a date has one of three forms");
}

void CheckMediaType(std::string_view text) {
  const std::optional<MediaType> type = ParseMediaType(text);
  if (!type) return;
  FUZZ_CHECK(type->essence.find('/') != std::string::npos, "a type has two parts");
  const std::optional<MediaType> again = ParseMediaType(type->Format());
  FUZZ_CHECK(again && again->essence == type->essence &&
                 again->parameters.size() == type->parameters.size(),
             "a type comes back");
  for (const auto& [name, value] : type->parameters)
    FUZZ_CHECK(again->Parameter(name) == value, "a parameter comes back");
  FUZZ_CHECK(IsCompressible(text) == IsCompressible(type->essence), "parameters do not matter");
}

void CheckCoding(std::string_view text) {
  Fields request;
  request.AddBorrowed("Accept-Encoding", text);
  const std::string_view coding = ChooseCoding(request, {"br", "gzip"});
  FUZZ_CHECK(coding.empty() || coding == "br" || coding == "gzip",
             "only what is offered is chosen");
  if (coding.empty()) return;
  FUZZ_CHECK(ChooseCoding(request, {coding}) == coding, "what was chosen is acceptable alone");
  const bool named = text.find('*') != std::string_view::npos ||
                     text.find_first_of("bB") != std::string_view::npos ||
                     text.find_first_of("gG") != std::string_view::npos;
  FUZZ_CHECK(named, "what is chosen was named");
}

void CheckTags(std::string_view text) {
  std::size_t count = 0;
  AnyEntityTag(text, [&](const EntityTag& tag) {
    ++count;
    FUZZ_CHECK(IsInside(tag.opaque, text), "a tag is a part of the list");
    const std::optional<EntityTag> again = ParseEntityTag(tag.opaque);
    FUZZ_CHECK(again && again->opaque == tag.opaque && !again->weak, "a tag is one on its own");
    return false;
  });
  FUZZ_CHECK(count * 2 <= text.size(), "each tag has two quotes");
  if (const std::optional<EntityTag> tag = ParseEntityTag(text))
    FUZZ_CHECK(count == 1, "one tag is a list of one");
}

void CheckRanges(std::string_view text, std::uint64_t size) {
  ByteRanges ranges;
  const ByteRanges::Verdict verdict = ranges.Parse(text, size);
  if (verdict != ByteRanges::Verdict::kParts) return;
  FUZZ_CHECK(!ranges.Parts().empty() && ranges.Parts().size() <= ByteRanges::kMax,
             "parts are a few");
  FUZZ_CHECK(ranges.Bytes() <= size, "parts are not longer than the whole");
  for (const ByteRange& a : ranges.Parts()) {
    FUZZ_CHECK(a.length > 0 && a.first < size && a.length <= size - a.first,
               "a part lies inside the whole");
    for (const ByteRange& b : ranges.Parts())
      FUZZ_CHECK(a == b || a.End() < b.first || b.End() < a.first, "parts lie apart");
  }
  std::string written = "bytes=";
  for (const ByteRange& range : ranges.Parts())
    written += std::to_string(range.first) + "-" + std::to_string(range.End() - 1) + ",";
  ByteRanges again;
  FUZZ_CHECK(again.Parse(written, size) == ByteRanges::Verdict::kParts,
             "parts are ranges themselves");
  FUZZ_CHECK(std::equal(again.Parts().begin(), again.Parts().end(), ranges.Parts().begin(),
                        ranges.Parts().end()),
             "and the same");
}

Precondition With(const char* method, const char* name, std::string_view value,
                  const Validators& current) {
  Fields request;
  request.AddBorrowed(name, value);
  return CheckPreconditions(method, request, current);
}

void CheckConditions(std::string_view text) {
  const std::chrono::sys_seconds then(std::chrono::seconds(784111777));
  for (const std::string_view etag : {"\"a\"", "W/\"a\""}) {
    const Validators current{.etag = etag, .modified = then};
    const bool none_match = With("GET", "If-None-Match", text, current) == Precondition::kProceed;
    const bool match = With("GET", "If-Match", text, current) == Precondition::kProceed;
    FUZZ_CHECK(!(match && none_match), "what matches strongly matches weakly");
    FUZZ_CHECK(
        (With("PUT", "If-None-Match", text, current) == Precondition::kFailed) == !none_match,
        "a change that is not wanted fails");
    const bool names_it =
        text.find("\"a\"") != std::string_view::npos || text.find('*') != std::string_view::npos;
    FUZZ_CHECK(names_it || (none_match && !match), "only a tag that is there matches");
    Fields request;
    request.AddBorrowed("If-Range", text);
    const std::string_view value =
        text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
    const bool is_then = ParseHttpDate(value.substr(0, value.find_last_not_of(" \t") + 1)) == then;
    if (RangeIsForCurrent(request, current)) FUZZ_CHECK(names_it || is_then, "If-Range names it");
  }
  const bool unmodified =
      With("GET", "If-Unmodified-Since", text, {.modified = then}) == Precondition::kProceed;
  const bool not_modified =
      With("GET", "If-Modified-Since", text, {.modified = then}) == Precondition::kNotModified;
  FUZZ_CHECK(!not_modified || unmodified, "what was not modified was unmodified");
}

void Play(std::string_view bytes) {
  const ExactCopy copy(bytes);
  const std::string_view text = copy.View();
  CheckDate(text);
  CheckMediaType(text);
  CheckCoding(text);
  CheckTags(text);
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{10'000}, ~std::uint64_t{0}})
    CheckRanges(text, size);
  CheckConditions(text);
  static_cast<void>(MediaTypeOfName(text));
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::fuzz::Play({reinterpret_cast<const char*>(data), size});
  return 0;
}
