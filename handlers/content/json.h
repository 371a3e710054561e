// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_JSON_H_
#define WEFT_HANDLERS_CONTENT_JSON_H_

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/error.h>
#include <weft/handlers/content/internal/json_text.h>
#include <weft/handlers/content/internal/json_type.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>

namespace weft {

// Converts JSON (RFC 8259) to and from C++ values, by Boost.Describe and Boost.JSON's parser. The
// types are
//   bool, integers, float, double, std::string (writing: whatever converts to std::string_view)
//   described structs and enums; BOOST_DESCRIBE_STRUCT(Note, (), (title, tags)) describes one
//   std::optional, std::array, containers with emplace_back except std::vector<bool> (writing: any
//     range)
//   std::map, std::unordered_map and similar ones, with std::string as key. Clients choose the
//     keys: reading fails when more than 64 are in one bucket of a hash map. Maps without
//     bucket_size need a hash with a secret, or use std::map.
//   boost::json::value, for which a file also includes <boost/json/value.hpp>
// and types made of these. Others do not compile, with one line that says so.
//
// A program that uses this links weft::json.

struct JsonOptions {
  // Members of an object that the struct does not have. False: they are an error that names the
  // first one. True: they are ignored.
  bool unknown_members = false;
  // How deeply arrays and objects may be nested: 1 to 512.
  std::size_t depth_max = 32;
  // Limits in bytes what a short text can create many of: the elements of containers, by their
  // size, and the members of maps. "{}," is three bytes, and the struct that it becomes may have
  // hundreds. Strings do not count: they take about as much as in the text.
  std::size_t memory_max = 16 * 1024 * 1024;
};

namespace internal {
Error ReadJsonInto(Request& r, void* out, const JsonType& type, const JsonOptions& options);
Error ParseJsonInto(std::string_view text, void* out, const JsonType& type,
                    const JsonOptions& options);
Error SendJson(ResponseWriter& w, int status, const JsonText& text);

// Whether there is a Validate for T, and what is wrong with it, so that none is left out silently.
template <class T>
concept JsonValidated = requires(const T& value) { Validate(value); };
template <class T>
concept JsonValidatedWell = requires(const T& value) {
  { Validate(value) } -> std::same_as<Error>;
};
template <class T>
concept JsonValidatedAsMutable =
    !JsonValidated<T> && (requires(T& value) { Validate(value); } ||
                          requires(T&& value) { Validate(std::move(value)); });
}  // namespace internal

// Reads the body of a request as a T. It suspends while the body arrives. The errors, by the status
// of the response:
//   415  the request has no Content-Type application/json or ...+json, or a charset other than
//        UTF-8; or it has a Content-Encoding: nothing is decompressed unasked
//   413  the body is larger than its limit (Body::SetLimit), or the values than memory_max
//   400  the text is not one JSON value, or does not fit T: "/items/3/price: expected a number, not
//        a string (line 7, column 14)". The position is a JSON pointer (RFC 6901) and, in lines and
//        bytes, where the value starts or how far the reader got
//   others of Body
// It is strict, so that two readers of one text see the same. Members must not occur twice, and
// must not be missing unless they are optional. Numbers must fit their type, and integers have
// neither fraction nor exponent. Bytes must be UTF-8. A null is an optional without a value and
// nothing else.
//
// Then, if the namespace of T has a function
//   weft::Error Validate(const T&)
// it has the last word. Its Error is returned unchanged, so it should be an HttpError or come from
// FieldErrors. It is called for the T alone: what a T consists of, and the elements of containers,
// are validated by the Validate of the T. With another parameter or result it does not compile.
//
// A body of more than 64 KiB is read in turns with others of the loop. It uses memory for the body,
// unless that is declared to be at most 4 KiB, and for the T: its strings and memory_max, or twice
// that while a vector grows.
//
//   struct Note { std::string title; std::optional<int> stars; };
//   BOOST_DESCRIBE_STRUCT(Note, (), (title, stars))
//
//   weft::Result<Note> note = weft::ReadJson<Note>(r);
//   if (weft::Error err = note.Err()) return err;
template <class T>
Result<T> ReadJson(Request& r, JsonOptions options = {}) {
  T value{};
  if (Error err = internal::ReadJsonInto(r, &value, internal::JsonTypeOf<T>(), options)) return err;
  static_assert(!internal::JsonValidatedAsMutable<T>,
                "Validate takes a const T&: it does not change what was read");
  static_assert(!internal::JsonValidated<T> || internal::JsonValidatedWell<T>,
                "Validate returns a weft::Error");
  if constexpr (internal::JsonValidatedWell<T>) {
    if (Error err = Validate(std::as_const(value))) return err;
  }
  return value;
}

// The same for a text from elsewhere, such as a file or the response of another server. Its errors
// say what is wrong and where, but choose no status: returned by a handler they are a 500. Validate
// is not called. Never suspends.
template <class T>
Result<T> ParseJson(std::string_view text, JsonOptions options = {}) {
  T value{};
  if (Error err = internal::ParseJsonInto(text, &value, internal::JsonTypeOf<T>(), options)) {
    return err;
  }
  return value;
}

// Responds with a value as JSON, with Content-Type application/json unless the handler has set one.
// Numbers have the shortest form that reads back as the same number. Optional members without a
// value are left out. Bytes of strings that are not UTF-8 become U+FFFD. A number that is infinite
// or not a number, or an enum outside of its enumerators, is an Error that names the position, and
// nothing is written. Nothing is escaped for HTML. Up to 2 KiB it allocates nothing. It may suspend
// to send, when it has read all of `value`: other fibers cannot change it in between. A very large
// value therefore holds the loop, some milliseconds for 10 MB: send it in parts (ToJson, Write).
//
//   return weft::WriteJson(w, 201, note);
template <class T>
Error WriteJson(ResponseWriter& w, int status, const T& value) {
  internal::JsonText text;
  if (!internal::AppendJson(text, value)) return text.Failure();
  return internal::SendJson(w, status, text);
}

// The same with status 200.
template <class T>
Error WriteJson(ResponseWriter& w, const T& value) {
  return WriteJson(w, 200, value);
}

// The same as a string. Never suspends.
template <class T>
Result<std::string> ToJson(const T& value) {
  internal::JsonText text;
  if (!internal::AppendJson(text, value)) return text.Failure();
  return std::string(text.View());
}

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_JSON_H_
