// SPDX-License-Identifier: Apache-2.0
#include "load/response_reader.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace weft::bench {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

template <class T>
bool ReadNumber(std::string_view text, int base, T& value) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return std::from_chars(text.data(), text.data() + text.size(), value, base).ec == std::errc();
}

Framing ParseHead(std::string_view head) {
  Framing framing;
  framing.broken = head.substr(0, 7) != "HTTP/1." || !ReadNumber(head.substr(9, 3), 10, framing.status);
  bool length_known = false;
  for (std::size_t at = head.find("\r\n"); at + 4 < head.size();) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string_view line = head.substr(begin, at - begin);
    const std::size_t colon = std::min(line.find(':'), line.size() - 1);
    if (SameName(line.substr(0, colon), "content-length")) {
      length_known = ReadNumber(line.substr(colon + 1), 10, framing.body_bytes);
    } else if (SameName(line.substr(0, colon), "transfer-encoding")) {
      framing.chunked = line.find("chunked") != std::string_view::npos;
    }
  }
  const bool never_has_body = framing.status == 204 || framing.status == 304;
  framing.broken = framing.broken || !(length_known || framing.chunked || never_has_body);
  return framing;
}

}  // namespace

ResponseReader::Tally ResponseReader::Consume(std::string_view bytes) {
  Tally tally;
  while (!bytes.empty() && !tally.broken) {
    if (state_ == State::kHead) {
      ConsumeHead(bytes, tally);
    } else if (state_ == State::kChunkSize || state_ == State::kTrailer) {
      ConsumeLine(bytes, tally);
    } else {
      const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      bytes.remove_prefix(taken);
      left_ -= taken;
      if (left_ > 0) continue;
      if (state_ == State::kBody) {
        Finish(tally);
      } else {
        state_ = State::kChunkSize;
      }
    }
  }
  return tally;
}

std::uint64_t ResponseReader::Skippable() const {
  const std::uint64_t kept = state_ == State::kBody ? 1 : 3;  // behind a chunk there is a line end
  return (state_ == State::kBody || state_ == State::kChunkData) && left_ > kept ? left_ - kept : 0;
}

void ResponseReader::ConsumeHead(std::string_view& bytes, Tally& tally) {
  if (partial_.empty()) {
    const std::size_t end = bytes.find(kHeadEnd);
    if (end != std::string_view::npos) {
      const std::string_view head = bytes.substr(0, end + kHeadEnd.size());
      bytes.remove_prefix(head.size());
      BeginBody(head, tally);
      return;
    }
  }
  const std::size_t before = partial_.size();
  partial_ += bytes;
  const std::size_t end = partial_.find(kHeadEnd, before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    bytes = {};
    return;
  }
  bytes.remove_prefix(end + kHeadEnd.size() - before);
  partial_.resize(end + kHeadEnd.size());
  BeginBody(partial_, tally);
  partial_.clear();
}

void ResponseReader::BeginBody(std::string_view head, Tally& tally) {
  if (head != cache_->head) {
    cache_->framing = ParseHead(head);
    cache_->head = head;
  }
  const Framing& framing = cache_->framing;
  tally.broken = framing.broken;
  failed_ = framing.status != 200;
  left_ = framing.body_bytes;
  state_ = framing.chunked ? State::kChunkSize : State::kBody;
  if (!framing.chunked && left_ == 0) Finish(tally);
}

void ResponseReader::ConsumeLine(std::string_view& bytes, Tally& tally) {
  const std::size_t end = bytes.find('\n');
  partial_ += bytes.substr(0, end == std::string_view::npos ? end : end + 1);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (partial_.back() != '\n') return;
  if (state_ == State::kTrailer) {
    if (partial_ == "\r\n") Finish(tally);
  } else if (!ReadNumber(partial_, 16, left_)) {
    tally.broken = true;
  } else {
    state_ = left_ == 0 ? State::kTrailer : State::kChunkData;
    left_ += 2;
  }
  partial_.clear();
}

void ResponseReader::Finish(Tally& tally) {
  ++tally.complete;
  tally.failed += failed_ ? 1 : 0;
  state_ = State::kHead;
}

}  // namespace weft::bench
