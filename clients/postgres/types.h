// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_TYPES_H_
#define WEFT_CLIENTS_POSTGRES_TYPES_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/result.h>

// The types of parameters and columns, and those of PostgreSQL that C++ lacks.
//
//   smallint, integer, bigint   std::int16_t, std::int32_t, std::int64_t, and larger ones
//   real, double precision      float, double
//   boolean                     bool
//   text, varchar, enums, and all types that are not in this list, as text     std::string
//   numeric                     Numeric, std::string
//   bytea                       Bytes
//   json, jsonb                 Json, std::string
//   uuid                        Uuid, std::string
//   timestamptz                 TimestampTz          max() and min() are infinity and -infinity;
//   timestamp                   Timestamp            otherwise the years 1 to 9999
//   date                        std::chrono::year_month_day
//   arrays of these             std::vector; of enums and other types, std::vector<std::string>
//   null                        std::optional
//
// Parameters may also be unsigned integers, integers of one byte, string_views and literals. The
// server gives them the type that the statement needs.

namespace weft::postgres {

using Bytes = std::vector<std::byte>;

// A moment. As in PostgreSQL, the reader chooses the time zone.
using TimestampTz = std::chrono::sys_time<std::chrono::microseconds>;
// The reading of a clock, without a time zone.
using Timestamp = std::chrono::local_time<std::chrono::microseconds>;

// An exact number, in decimal digits: "12.50". "NaN" and "Infinity" are possible.
struct Numeric {
  std::string text;
  friend bool operator==(const Numeric&, const Numeric&) = default;
};

// A document, not parsed.
struct Json {
  std::string text;
  friend bool operator==(const Json&, const Json&) = default;
};

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  // Reads 32 hexadecimal digits, with or without hyphens.
  static Result<Uuid> Parse(std::string_view text);
  // "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11".
  std::string Text() const;
  friend bool operator==(const Uuid&, const Uuid&) = default;
};

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_TYPES_H_
