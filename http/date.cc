// SPDX-License-Identifier: Apache-2.0
#include <weft/http/date.h>

#include <cstddef>

namespace weft {
namespace {

using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::size_t kShortName = 3;
constexpr int kYearsAhead = 50;

// Parses a date from its front. After the first part that is missing, all others fail.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool Literal(std::string_view literal) {
    if (!text_.starts_with(literal)) return good_ = false;
    text_.remove_prefix(literal.size());
    return good_;
  }
  // A number of exactly this many digits.
  int Number(std::size_t digits) {
    if (text_.size() < digits) {
      good_ = false;
      return 0;
    }
    int value = 0;
    for (const char c : text_.substr(0, digits)) {
      if (c < '0' || c > '9') good_ = false;
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(digits);
    return good_ ? value : 0;
  }
  // The day in the asctime form: two digits, or a blank and one digit.
  int PaddedDay() {
    if (!text_.starts_with(' ')) return Number(2);
    text_.remove_prefix(1);
    return Number(1);
  }
  // 1 to 12.
  unsigned Month() {
    const std::size_t at = text_.size() < kShortName ? std::string_view::npos
                                                     : kMonths.find(text_.substr(0, kShortName));
    if (at == std::string_view::npos || at % kShortName != 0) {
      good_ = false;
      return 0;
    }
    text_.remove_prefix(kShortName);
    return static_cast<unsigned>(at / kShortName + 1);
  }
  std::chrono::seconds Time() {
    const int hours = Number(2);
    Literal(":");
    const int minutes = Number(2);
    Literal(":");
    const int seconds = Number(2);
    if (hours > 23 || minutes > 59 || seconds > 60) good_ = false;  // 60: a leap second
    return std::chrono::hours(hours) + std::chrono::minutes(minutes) +
           std::chrono::seconds(seconds);
  }
  bool AtGoodEnd() const { return good_ && text_.empty(); }

 private:
  std::string_view text_;
  bool good_ = true;
};

std::optional<sys_seconds> Compose(const Reader& reader, int year, unsigned month, int day,
                                   std::chrono::seconds time) {
  if (!reader.AtGoodEnd()) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  return sys_days(date) + time;
}

std::optional<sys_seconds> ReadFixdate(std::string_view text) {
  Reader reader(text);
  const int day = reader.Number(2);
  reader.Literal(" ");
  const unsigned month = reader.Month();
  reader.Literal(" ");
  const int year = reader.Number(4);
  reader.Literal(" ");
  const std::chrono::seconds time = reader.Time();
  reader.Literal(" GMT");
  return Compose(reader, year, month, day, time);
}

std::optional<sys_seconds> ReadRfc850(std::string_view text, sys_seconds now) {
  Reader reader(text);
  const int day = reader.Number(2);
  reader.Literal("-");
  const unsigned month = reader.Month();
  reader.Literal("-");
  const int year_in_century = reader.Number(2);
  reader.Literal(" ");
  const std::chrono::seconds time = reader.Time();
  reader.Literal(" GMT");

  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  const int this_year = static_cast<int>(today.year());
  const int year = this_year - this_year % 100 + year_in_century;
  const std::chrono::seconds of_day = now - std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day horizon(today.year() + std::chrono::years(kYearsAhead),
                                            today.month(), today.day());
  const std::optional<sys_seconds> date = Compose(reader, year, month, day, time);
  // A 29 February of a year without one counts as the first of March here.
  if (date ? *date <= sys_days(horizon) + of_day : year <= this_year + kYearsAhead) return date;
  return Compose(reader, year - 100, month, day, time);
}

std::optional<sys_seconds> ReadAsctime(std::string_view text) {
  Reader reader(text);
  const unsigned month = reader.Month();
  reader.Literal(" ");
  const int day = reader.PaddedDay();
  reader.Literal(" ");
  const std::chrono::seconds time = reader.Time();
  reader.Literal(" ");
  const int year = reader.Number(4);
  return Compose(reader, year, month, day, time);
}

}  // namespace

std::string FormatHttpDate(sys_seconds time) {
  constexpr sys_seconds kFirst = sys_days(std::chrono::year(1) / 1 / 1);
  constexpr sys_seconds kEnd = sys_days(std::chrono::year(10'000) / 1 / 1);
  if (time < kFirst || time >= kEnd) return {};
  const sys_days day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text = "Ddd, 00 Mmm 0000 00:00:00 GMT";
  const auto put = [&text](std::size_t at, unsigned number, std::size_t digits) {
    for (; digits > 0; --digits, number /= 10)
      text[at + digits - 1] = static_cast<char>('0' + number % 10);
  };
  text.replace(0, kShortName, kDays[std::chrono::weekday(day).c_encoding()].substr(0, kShortName));
  put(5, static_cast<unsigned>(date.day()), 2);
  text.replace(8, kShortName,
               kMonths.substr((static_cast<unsigned>(date.month()) - 1) * kShortName, kShortName));
  put(12, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put(17, static_cast<unsigned>(clock.hours().count()), 2);
  put(20, static_cast<unsigned>(clock.minutes().count()), 2);
  put(23, static_cast<unsigned>(clock.seconds().count()), 2);
  return text;
}

std::optional<sys_seconds> ParseHttpDate(std::string_view text, sys_seconds now) {
  for (const std::string_view day : kDays) {
    if (!text.starts_with(day.substr(0, kShortName))) continue;
    const std::string_view rest = text.substr(kShortName);
    if (rest.starts_with(", ")) return ReadFixdate(rest.substr(2));
    if (rest.starts_with(' ')) return ReadAsctime(rest.substr(1));
    if (!text.starts_with(day) || !text.substr(day.size()).starts_with(", ")) return std::nullopt;
    return ReadRfc850(text.substr(day.size() + 2), now);
  }
  return std::nullopt;
}

std::optional<sys_seconds> ParseHttpDate(std::string_view text) {
  return ParseHttpDate(text,
                       std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

}  // namespace weft
