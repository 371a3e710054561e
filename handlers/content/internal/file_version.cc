// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/file_version.h>

#include <charconv>
#include <cstdint>

namespace weft::internal {
namespace {

using std::chrono::sys_seconds;

// Reproducible builds give all files the same time, at the start of the clock or of the years that
// archives can represent: such a time says nothing about versions.
constexpr sys_seconds kNoTimeBefore = std::chrono::sys_days(std::chrono::year(1980) / 1 / 2);
// The kernel's clock for files ticks at least a hundred times a second.
constexpr std::chrono::seconds kSettled(1);

void AppendHex(std::uint64_t number, std::string& text) {
  char digits[16];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, number, 16).ptr);
}

sys_seconds SecondsOf(const timespec& time) {
  return sys_seconds(std::chrono::seconds(time.tv_sec));
}

}  // namespace

FileVersion::FileVersion(const struct stat& facts, std::string_view coding) {
  const sys_seconds now =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const bool tells = SecondsOf(facts.st_mtim) >= kNoTimeBefore;
  const timespec& time = tells ? facts.st_mtim : facts.st_ctim;
  // RFC 9110 section 8.8.2.1: no time later than that of the response.
  if (tells && SecondsOf(time) <= now) modified = SecondsOf(time);
  // RFC 9110 section 8.8.1: a tag is weak if the content may change without it.
  const bool weak = SecondsOf(time) + kSettled >= now;
  etag = weak ? "W/\"" : "\"";
  AppendHex(static_cast<std::uint64_t>(time.tv_sec), etag);
  etag += '.';
  AppendHex(static_cast<std::uint64_t>(time.tv_nsec), etag);
  etag += '-';
  AppendHex(static_cast<std::uint64_t>(facts.st_size), etag);
  if (!coding.empty()) etag.append("-").append(coding);
  etag += '"';
}

}  // namespace weft::internal
