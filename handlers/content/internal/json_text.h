// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_JSON_TEXT_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_JSON_TEXT_H_

#include <charconv>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include <weft/concurrency/error.h>
#include <weft/handlers/content/internal/json_type.h>

namespace weft::internal {

// JSON on its way out. What fits the object itself needs no memory.
class JsonText {
 public:
  JsonText() = default;
  JsonText(const JsonText&) = delete;
  JsonText& operator=(const JsonText&) = delete;

  std::string_view View() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

  void Put(char c) {
    if (at_ == end_) Grow(1);
    *at_++ = c;
  }
  void Put(std::string_view text) {
    if (static_cast<std::size_t>(end_ - at_) < text.size()) Grow(text.size());
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  // Takes back the comma after the last element, if there was one, and closes.
  void Close(char bracket) {
    if (at_[-1] == ',') {
      at_[-1] = bracket;
    } else {
      Put(bracket);
    }
  }
  template <class T>
  void PutNumber(T number) {
    constexpr std::size_t kLongest = 32;
    if (static_cast<std::size_t>(end_ - at_) < kLongest) Grow(kLongest);
    at_ = std::to_chars(at_, end_, number).ptr;
  }
  // The name of a member of C++, in which nothing needs an escape, and its colon.
  void PutName(std::string_view name) {
    if (static_cast<std::size_t>(end_ - at_) < name.size() + 3) Grow(name.size() + 3);
    *at_++ = '"';
    std::memcpy(at_, name.data(), name.size());
    at_ += name.size();
    *at_++ = '"';
    *at_++ = ':';
  }
  // With its quotes. What is no UTF-8 becomes U+FFFD.
  void PutString(std::string_view text);

  // A value that JSON has no text for. False, as what fails returns it.
  bool Fail(const char* what);
  // On the way back from a failure: where it was. False.
  bool FailedIn(std::string_view member);
  Error Failure() const;

 private:
  void Grow(std::size_t more);

  char small_[2048];
  std::unique_ptr<char[]> large_;
  char* begin_ = small_;
  char* at_ = small_;
  char* end_ = small_ + sizeof small_;
  const char* failure_ = nullptr;
  std::string place_;
};

// Each appends a value; false if it has no text in JSON (JsonText::Failure).
bool AppendJson(JsonText& out, const boost::json::value& value);
bool AppendJson(JsonText& out, const boost::json::object& object);
bool AppendJson(JsonText& out, const boost::json::array& array);

template <class T>
bool AppendJson(JsonText& out, const T& value);

template <class T>
bool AppendJsonFloat(JsonText& out, T number) {
  if (!(number >= -std::numeric_limits<T>::max() && number <= std::numeric_limits<T>::max())) {
    return out.Fail("a number that is infinite or not a number");
  }
  out.PutNumber(number);
  return true;
}

template <class T>
bool AppendJsonEnum(JsonText& out, T value) {
  bool known = false;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto descriptor) {
    if (known || descriptor.value != value) return;
    out.PutString(descriptor.name);
    known = true;
  });
  return known || out.Fail("an enum without an enumerator for its value");
}

template <class T>
bool AppendJsonMember(JsonText& out, std::string_view name, const T& value) {
  if constexpr (kIsOptional<T>) {
    return !value.has_value() || AppendJsonMember(out, name, *value);
  } else {
    out.PutName(name);
    if (!AppendJson(out, value)) return out.FailedIn(name);
    out.Put(',');
    return true;
  }
}

template <class T>
bool AppendJsonStruct(JsonText& out, const T& value) {
  out.Put('{');
  bool good = true;
  boost::mp11::mp_for_each<JsonMembersOf<T>>([&](auto descriptor) {
    good = good && AppendJsonMember(out, descriptor.name, value.*descriptor.pointer);
  });
  out.Close('}');
  return good;
}

template <class T>
bool AppendJson(JsonText& out, const T& value) {
  if constexpr (std::same_as<T, std::nullptr_t>) {
    out.Put("null");
  } else if constexpr (std::same_as<T, bool>) {
    out.Put(value ? "true" : "false");
  } else if constexpr (JsonInteger<T>) {
    out.PutNumber(value);
  } else if constexpr (std::same_as<T, float> || std::same_as<T, double>) {
    return AppendJsonFloat(out, value);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    out.PutString(value);
  } else if constexpr (JsonEnum<T>) {
    return AppendJsonEnum(out, value);
  } else if constexpr (kIsOptional<T>) {
    if (value.has_value()) return AppendJson(out, *value);
    out.Put("null");
  } else if constexpr (requires {
                         typename T::mapped_type;
                         requires std::is_convertible_v<const typename T::key_type&,
                                                        std::string_view>;
                       }) {
    out.Put('{');
    for (const auto& [name, mapped] : value) {
      out.PutString(name);
      out.Put(':');
      if (!AppendJson(out, mapped)) return out.FailedIn(name);
      out.Put(',');
    }
    out.Close('}');
  } else if constexpr (requires {
                         std::begin(value);
                         std::end(value);
                       }) {
    static_assert(!std::same_as<std::remove_cvref_t<decltype(*std::begin(value))>, T>,
                  "a range whose elements are ranges of the same type, such as "
                  "std::filesystem::path, has no end as JSON: write it as a string");
    out.Put('[');
    std::size_t index = 0;
    for (const auto& element : value) {
      if (!AppendJson(out, element)) return out.FailedIn(std::to_string(index));
      out.Put(',');
      ++index;
    }
    out.Close(']');
  } else {
    static_assert(JsonStruct<T>,
                  "JSON is written of bool, numbers, strings, described structs and enums "
                  "(BOOST_DESCRIBE_STRUCT, "
                  "BOOST_DESCRIBE_ENUM), std::optional, ranges, maps with strings as keys, and "
                  "boost::json::value");
    return AppendJsonStruct(out, value);
  }
  return true;
}

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_JSON_TEXT_H_
