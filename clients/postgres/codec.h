// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_CODEC_H_
#define WEFT_CLIENTS_POSTGRES_CODEC_H_

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/clients/postgres/internal/time_text.h>
#include <weft/clients/postgres/types.h>

// How C++ values are sent as parameters and read from columns: in PostgreSQL's text format. For a
// type of your own, specialize Codec:
//
//   template <>
//   struct weft::postgres::Codec<Color> {
//     static constexpr std::string_view kName = "text";                          // for errors
//     static bool Accepts(weft::postgres::Oid type) { return type == weft::postgres::kText; }
//     static bool Decode(std::string_view text, Color& out);                     // false: invalid
//     static void Encode(const Color& value, std::string& to);                   // appends
//   };

namespace weft::postgres {

// The number of a type in PostgreSQL's catalog. Built-in types have the same number on all servers.
using Oid = std::uint32_t;
inline constexpr Oid kBool = 16, kBytea = 17, kName = 19, kInt8 = 20, kInt2 = 21, kInt4 = 23,
                     kText = 25, kOid = 26, kJson = 114, kFloat4 = 700, kFloat8 = 701,
                     kBpchar = 1042, kVarchar = 1043, kDate = 1082, kTimestamp = 1114,
                     kTimestampTz = 1184, kNumeric = 1700, kUuid = 2950, kJsonb = 3802;

template <class T>
struct Codec;

// Whether a T can be read from a column, and whether it can be a parameter. Some types can be only
// one of the two: a std::string_view is no result, as nothing would keep its bytes.
template <class T>
concept Decodable = requires(std::string_view text, T& out, Oid type) {
  { Codec<T>::Accepts(type) } -> std::same_as<bool>;
  { Codec<T>::Decode(text, out) } -> std::same_as<bool>;
};
template <class T>
concept Encodable = requires(const T& value, std::string& to) { Codec<T>::Encode(value, to); };

namespace internal {
template <class T>
concept Number = std::is_arithmetic_v<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                 !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                 !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

// The type of an array's elements; 0 if it is none of the types above.
Oid ElementOf(Oid array) noexcept;
// Whether it may be an array of another type, such as an enum.
bool MayBeArray(Oid type) noexcept;
// Whether the text of this type is also text in C++: it is neither a number nor bytes nor a list.
bool IsTextual(Oid type) noexcept;
// Reads the elements of "{1,NULL,\"a b\"}", of one dimension, without their quotes. False:
// malformed.
bool ReadArray(std::string_view text, void* to,
               bool (*add)(void* to, std::optional<std::string_view> element));
void QuoteElement(std::string_view text, std::string& to);
bool DecodeBytes(std::string_view text, Bytes& out);
void EncodeBytes(std::span<const std::byte> bytes, std::string& to);
}  // namespace internal

// Integers, from columns of integers that are no wider: a std::int64_t is read from a smallint, an
// integer, an oid or a bigint, a std::int32_t not from a bigint. A value that does not fit, such as
// a negative one for an unsigned T, is an Error; so is a parameter that the column cannot hold.
template <internal::Number T>
  requires std::integral<T>
struct Codec<T> {
  static constexpr std::string_view kName = sizeof(T) == 2   ? "smallint"
                                            : sizeof(T) == 4 ? "integer"
                                                             : "bigint";
  // PostgreSQL has none of one byte: those are for parameters only.
  static bool Accepts(Oid type)
    requires(sizeof(T) >= 2)
  {
    return type == kInt2 || ((type == kInt4 || type == kOid) && sizeof(T) >= 4) ||
           (type == kInt8 && sizeof(T) >= 8);
  }
  static bool Decode(std::string_view text, T& out) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
    return code == std::errc() && end == text.data() + text.size();
  }
  static void Encode(T value, std::string& to) {
    char digits[24];
    to.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
};

// Real numbers, without loss in both directions; NaN and the infinities too. A float is not read
// from a double precision, and neither of them from a numeric, which may have more digits.
template <std::floating_point T>
struct Codec<T> {
  static constexpr std::string_view kName = sizeof(T) == 4 ? "real" : "double precision";
  static bool Accepts(Oid type) { return type == kFloat4 || (type == kFloat8 && sizeof(T) >= 8); }
  static bool Decode(std::string_view text, T& out) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
    return code == std::errc() && end == text.data() + text.size();
  }
  static void Encode(T value, std::string& to) {
    char digits[64];
    to.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
};

template <>
struct Codec<bool> {
  static constexpr std::string_view kName = "boolean";
  static bool Accepts(Oid type) { return type == kBool; }
  static bool Decode(std::string_view text, bool& out) {
    out = text == "t";
    return out || text == "f";
  }
  static void Encode(bool value, std::string& to) { to.push_back(value ? 't' : 'f'); }
};

// Text, and as text everything but numbers of the machine, booleans, bytes and arrays: a numeric, a
// uuid, an interval, a value of an enum.
template <>
struct Codec<std::string> {
  static constexpr std::string_view kName = "text";
  static bool Accepts(Oid type) { return internal::IsTextual(type); }
  static bool Decode(std::string_view text, std::string& out) {
    out = text;
    return true;
  }
  static void Encode(std::string_view value, std::string& to) { to += value; }
};
// Only for parameters: a result holds values, not views.
template <>
struct Codec<std::string_view> {
  static void Encode(std::string_view value, std::string& to) { to += value; }
};
template <>
struct Codec<const char*> : Codec<std::string_view> {};
template <>
struct Codec<char*> : Codec<std::string_view> {};

// Types of types.h that keep PostgreSQL's text as it is. A Numeric is read from integers too.
template <>
struct Codec<Numeric> {
  static constexpr std::string_view kName = "numeric";
  static bool Accepts(Oid type) {
    return type == kNumeric || type == kInt2 || type == kInt4 || type == kInt8;
  }
  static bool Decode(std::string_view text, Numeric& out) {
    return Codec<std::string>::Decode(text, out.text);
  }
  static void Encode(const Numeric& value, std::string& to) { to += value.text; }
};
template <>
struct Codec<Json> {
  static constexpr std::string_view kName = "json";
  static bool Accepts(Oid type) { return type == kJson || type == kJsonb; }
  static bool Decode(std::string_view text, Json& out) {
    return Codec<std::string>::Decode(text, out.text);
  }
  static void Encode(const Json& value, std::string& to) { to += value.text; }
};
template <>
struct Codec<Uuid> {
  static constexpr std::string_view kName = "uuid";
  static bool Accepts(Oid type) { return type == kUuid; }
  static bool Decode(std::string_view text, Uuid& out);
  static void Encode(const Uuid& value, std::string& to) { to += value.Text(); }
};

// Bytes, of any value; a span is for parameters only.
template <>
struct Codec<Bytes> {
  static constexpr std::string_view kName = "bytea";
  static bool Accepts(Oid type) { return type == kBytea; }
  static bool Decode(std::string_view text, Bytes& out) { return internal::DecodeBytes(text, out); }
  static void Encode(const Bytes& value, std::string& to) { internal::EncodeBytes(value, to); }
};
template <>
struct Codec<std::span<const std::byte>> {
  static void Encode(std::span<const std::byte> value, std::string& to) {
    internal::EncodeBytes(value, to);
  }
};

// Days, and moments in microseconds, as PostgreSQL has them. Years before 1 and after 9999 are an
// Error in a result. The infinities are max() and min() of moments; of days they are an Error.
template <>
struct Codec<std::chrono::year_month_day> {
  static constexpr std::string_view kName = "date";
  static bool Accepts(Oid type) { return type == kDate; }
  static bool Decode(std::string_view text, std::chrono::year_month_day& out) {
    return internal::DecodeDate(text, out);
  }
  static void Encode(std::chrono::year_month_day value, std::string& to) {
    internal::EncodeDate(value, to);
  }
};
template <>
struct Codec<TimestampTz> {
  static constexpr std::string_view kName = "timestamptz";
  static bool Accepts(Oid type) { return type == kTimestampTz; }
  static bool Decode(std::string_view text, TimestampTz& out) {
    std::chrono::microseconds time{};
    const bool good = internal::DecodeTime(text, true, time);
    out = TimestampTz(time);
    return good;
  }
  static void Encode(TimestampTz value, std::string& to) {
    internal::EncodeTime(value.time_since_epoch(), true, to);
  }
};
template <>
struct Codec<Timestamp> {
  static constexpr std::string_view kName = "timestamp";
  static bool Accepts(Oid type) { return type == kTimestamp; }
  static bool Decode(std::string_view text, Timestamp& out) {
    std::chrono::microseconds time{};
    const bool good = internal::DecodeTime(text, false, time);
    out = Timestamp(time);
    return good;
  }
  static void Encode(Timestamp value, std::string& to) {
    internal::EncodeTime(value.time_since_epoch(), false, to);
  }
};

namespace internal {
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

// Reads a value, which may be null if T is an optional. False: it is not a T, or is null where a
// value is required.
template <class T>
bool DecodeNullable(std::optional<std::string_view> text, T& out) {
  if constexpr (kIsOptional<T>) {
    if (!text) return out.reset(), true;
    return Codec<typename T::value_type>::Decode(*text, out.emplace());
  } else {
    return text && Codec<T>::Decode(*text, out);
  }
}

template <class T>
struct NotNull {
  using Type = T;
};
template <class T>
struct NotNull<std::optional<T>> {
  using Type = T;
};
template <class T>
using NotNullType = typename NotNull<T>::Type;
}  // namespace internal

// An array, of one dimension. Elements that may be null are optional. As std::string they may be of
// any type that has none of its own in C++.
template <class T>
  requires((Decodable<internal::NotNullType<T>> || Encodable<internal::NotNullType<T>>) &&
           !requires { typename Codec<internal::NotNullType<T>>::Element; })
struct Codec<std::vector<T>> {
  using Element = internal::NotNullType<T>;
  static constexpr std::string_view kName = "array";
  static bool Accepts(Oid type)
    requires Decodable<Element>
  {
    const Oid element = internal::ElementOf(type);
    if (element == 0) return std::same_as<Element, std::string> && internal::MayBeArray(type);
    return Codec<Element>::Accepts(element);
  }
  static bool Decode(std::string_view text, std::vector<T>& out)
    requires Decodable<Element>
  {
    out.clear();
    return internal::ReadArray(text, &out, [](void* to, std::optional<std::string_view> element) {
      T value{};
      if (!internal::DecodeNullable(element, value)) return false;
      static_cast<std::vector<T>*>(to)->push_back(std::move(value));
      return true;
    });
  }
  static void Encode(const std::vector<T>& value, std::string& to)
    requires Encodable<Element>
  {
    char before = '{';
    for (const T& element : value) {
      to.push_back(std::exchange(before, ','));
      if constexpr (internal::kIsOptional<T>) {
        if (!element) {
          to += "NULL";
          continue;
        }
        Append(*element, to);
      } else {
        Append(element, to);
      }
    }
    to += value.empty() ? "{}" : "}";
  }

 private:
  static void Append(const Element& element, std::string& to) {
    if constexpr (std::is_pointer_v<Element>) {
      if (element == nullptr) {
        to += "NULL";
        return;
      }
    }
    std::string text;
    Codec<Element>::Encode(element, text);
    internal::QuoteElement(text, to);
  }
};

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_CODEC_H_
