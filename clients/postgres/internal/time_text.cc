// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/time_text.h>

#include <cstdio>

// Dates and times in the style "ISO", which every connection of ours is set to: "2026-11-29", "2026-11-29 21:05:10.25+02". Years before 1
// ("BC") and above 9999 are no values of ours; "infinity" is the last moment there is, of a moment.

namespace weft::postgres::internal {
namespace {

using std::chrono::microseconds;

// A number of exactly `size` digits, which is taken off the front; -1: there is none.
int TakeNumber(std::string_view& text, std::size_t size) {
  if (text.size() < size) return -1;
  int value = 0;
  for (const char c : text.substr(0, size)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(size);
  return value;
}

bool TakeChar(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool TakeDate(std::string_view& text, std::chrono::year_month_day& out) {
  const int year = TakeNumber(text, 4);
  if (year < 0 || !TakeChar(text, '-')) return false;
  const int month = TakeNumber(text, 2);
  if (month < 0 || !TakeChar(text, '-')) return false;
  const int day = TakeNumber(text, 2);
  if (day < 0) return false;
  out = {std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)), std::chrono::day(static_cast<unsigned>(day))};
  return out.ok();
}

// "21:05:10.25"
bool TakeClock(std::string_view& text, microseconds& out) {
  const int hours = TakeNumber(text, 2);
  if (hours < 0 || !TakeChar(text, ':')) return false;
  const int minutes = TakeNumber(text, 2);
  if (minutes < 0 || !TakeChar(text, ':')) return false;
  const int seconds = TakeNumber(text, 2);
  if (seconds < 0) return false;
  out = std::chrono::hours(hours) + std::chrono::minutes(minutes) + std::chrono::seconds(seconds);
  if (!TakeChar(text, '.')) return true;
  int unit = 100'000;
  for (; unit > 0 && !text.empty() && text.front() >= '0' && text.front() <= '9'; unit /= 10) out += microseconds(TakeNumber(text, 1) * unit);
  return unit < 100'000;
}

// "+02", "-03:30", "+00:19:32"
bool TakeOffset(std::string_view& text, std::chrono::seconds& out) {
  const bool east = TakeChar(text, '+');
  if (!east && !TakeChar(text, '-')) return false;
  const int hours = TakeNumber(text, 2);
  if (hours < 0) return false;
  out = std::chrono::hours(hours);
  for (const int unit : {60, 1}) {
    if (!TakeChar(text, ':')) break;
    const int number = TakeNumber(text, 2);
    if (number < 0) return false;
    out += std::chrono::seconds(number * unit);
  }
  if (!east) out = -out;
  return true;
}

}  // namespace

bool DecodeDate(std::string_view text, std::chrono::year_month_day& out) { return TakeDate(text, out) && text.empty(); }

void EncodeDate(std::chrono::year_month_day date, std::string& to) {
  const int year = static_cast<int>(date.year());
  if (year < 1 || year > 9999) return to.push_back('\0');
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", year, static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  to += text;
}

bool DecodeTime(std::string_view text, bool with_offset, microseconds& out) {
  if (text == "infinity") return out = microseconds::max(), true;
  if (text == "-infinity") return out = microseconds::min(), true;
  std::chrono::year_month_day date;
  microseconds clock{};
  std::chrono::seconds offset{};
  if (!TakeDate(text, date) || !TakeChar(text, ' ') || !TakeClock(text, clock)) return false;
  if (with_offset && !TakeOffset(text, offset)) return false;
  out = std::chrono::sys_days(date).time_since_epoch() + clock - offset;
  return text.empty();
}

void EncodeTime(microseconds since_1970, bool with_offset, std::string& to) {
  if (since_1970 == microseconds::max()) return void(to += "infinity");
  if (since_1970 == microseconds::min()) return void(to += "-infinity");
  using namespace std::chrono_literals;
  // A day beyond would wrap around in year_month_day, whose year is a short.
  if (since_1970 < std::chrono::sys_days(1y / 1 / 1).time_since_epoch() || since_1970 >= std::chrono::sys_days(10000y / 1 / 1).time_since_epoch()) {
    return to.push_back('\0');
  }
  const auto days = std::chrono::floor<std::chrono::days>(since_1970);
  const microseconds clock = since_1970 - days;
  EncodeDate(std::chrono::sys_days(days), to);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clock).count();
  char text[40];
  std::snprintf(text, sizeof text, " %02d:%02d:%02d.%06d", static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60 % 60),
                static_cast<int>(seconds % 60), static_cast<int>((clock % std::chrono::seconds(1)).count()));
  to += text;
  if (with_offset) to += "+00";
}

}  // namespace weft::postgres::internal
