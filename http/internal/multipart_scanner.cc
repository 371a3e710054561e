// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/multipart_scanner.h>

#include <algorithm>

namespace weft::internal {

bool MultipartScanner::IsBoundary(std::string_view boundary) {
  const auto may_be_in_it = [](char c) {
    constexpr std::string_view kMarks = "'()+_,-./:=? ";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  };
  return !boundary.empty() && boundary.size() <= 70 && boundary.back() != ' ' &&
         std::all_of(boundary.begin(), boundary.end(), may_be_in_it);
}

MultipartScanner::Found MultipartScanner::Next(std::string_view bytes, bool at_end) {
  switch (state_) {
    case State::kPreamble:
    case State::kContent: return FindDelimiter(bytes, at_end);
    case State::kHead: return FindHead(bytes, at_end);
    case State::kDone: break;
  }
  return {.step = Step::kEnd};
}

MultipartScanner::Found MultipartScanner::More(std::size_t consumed, bool at_end) const {
  if (!at_end) return {.consumed = consumed};
  return {.step = Step::kBad,
          .why = state_ == State::kPreamble ? "there is no part"
                                            : "the body ends before its last boundary"};
}

MultipartScanner::Found MultipartScanner::FindDelimiter(std::string_view bytes, bool at_end) {
  if (line_starts_) {
    const std::string_view dashes = std::string_view(delimiter_).substr(2);
    if (bytes.starts_with(dashes)) return AfterDelimiter(bytes, dashes.size(), at_end);
    if (dashes.starts_with(bytes)) return More(0, at_end);
    line_starts_ = false;
  }
  std::size_t content = bytes.find(delimiter_);
  if (content == 0 || (state_ == State::kPreamble && content != std::string_view::npos)) {
    Found found = AfterDelimiter(bytes.substr(content), delimiter_.size(), at_end);
    found.consumed += content;
    return found;
  }
  if (content == std::string_view::npos) {
    // A delimiter has one CR, its first byte. So only the last CR can begin a delimiter that continues in later bytes.
    const std::size_t last = bytes.rfind('\r');
    const bool may_begin =
        last != std::string_view::npos && delimiter_.starts_with(bytes.substr(last));
    content = may_begin ? last : bytes.size();
  }
  if (state_ == State::kPreamble || content == 0) return More(content, at_end);
  return {.step = Step::kData, .consumed = content, .data = bytes.substr(0, content)};
}

// After a delimiter: the end of its line, or two hyphens and the end of the body or of the line.
MultipartScanner::Found MultipartScanner::AfterDelimiter(std::string_view bytes, std::size_t at,
                                                         bool at_end) {
  const std::string_view rest = bytes.substr(at);
  if (rest.size() < 2) return More(0, at_end);
  const bool closes = rest.starts_with("--");
  const std::size_t blanks = closes ? 2 : 0;
  const std::size_t line_end = std::min(rest.find_first_not_of(" \t", blanks), rest.size());
  if (line_end - blanks > kPaddingMax) {
    return {.step = Step::kBad, .why = "a boundary is followed by too many blanks"};
  }
  const std::string_view follows = rest.substr(line_end, 2);
  const bool whole_body = closes && follows.empty() && at_end;
  if (follows != "\r\n" && !whole_body) {
    if (std::string_view("\r\n").starts_with(follows)) return More(0, at_end);
    return {.step = Step::kBad, .why = "a line begins with the boundary and continues"};
  }
  const bool in_part = state_ == State::kContent;
  const std::size_t consumed = at + line_end + follows.size();
  state_ = closes ? State::kDone : State::kHead;
  line_starts_ = true;
  if (in_part) return {.step = Step::kPartEnd, .consumed = consumed};
  if (closes) return {.step = Step::kEnd, .consumed = consumed};
  Found found = FindHead(bytes.substr(consumed), at_end);
  found.consumed += consumed;
  return found;
}

MultipartScanner::Found MultipartScanner::FindHead(std::string_view bytes, bool at_end) {
  std::size_t size = 0;
  if (!bytes.starts_with("\r\n")) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos && bytes.size() < head_max_ + 4) return More(0, at_end);
    size = std::min(end, bytes.size()) + 2;
  }
  if (size > head_max_) return {.step = Step::kBad, .why = "the head of a part is too long"};
  state_ = State::kContent;
  return {.step = Step::kHead, .consumed = size + 2, .data = bytes.substr(0, size)};
}

}  // namespace weft::internal
