// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_JSON_TYPE_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_JSON_TYPE_H_

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/describe/bases.hpp>
#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

namespace boost::json {
class array;
class object;
class value;
}  // namespace boost::json

namespace weft::internal {

// How the one JSON reader, which all types share, sees a C++ type: by a table that the compiler makes
// for each type. So no file of a user compiles a parser.

struct JsonType;

// A function that returns the table, since a type may contain itself, in a vector.
using JsonTypeSource = const JsonType& (*)();

// A member of a described struct.
struct JsonMember {
  std::string_view name;
  JsonTypeSource type;
  void* (*in)(void* object);
  bool required;
};

// What std::deque takes when it is empty: a map of eight pointers and a piece of 512 bytes.
inline constexpr std::size_t kListBytes = 600;

struct JsonType {
  enum class Kind : std::uint8_t {
    kBool,
    kInteger,
    kFloat,
    kString,
    kEnum,
    kStruct,
    kArray,
    kMap,
    kOptional,
    kAny
  };
  Kind kind;
  JsonTypeSource inner = nullptr;  // of an element, of a map's values, of what may be there
  std::span<const JsonMember> members = {};  // kStruct

  // Each is set for the kinds in its comment. False: the value is out of range.
  bool (*set_signed)(void* number, std::int64_t) = nullptr;     // kInteger
  bool (*set_unsigned)(void* number, std::uint64_t) = nullptr;  // kInteger
  bool (*set_float)(void* number, double) = nullptr;            // kFloat
  bool (*set_name)(void* enumeration,
                   std::string_view) = nullptr;            // kEnum; false: no such enumerator
  void* (*add)(void* array, std::size_t index) = nullptr;  // kArray; null: it is full
  bool (*complete)(std::size_t size) = nullptr;            // kArray; null: any size will do
  // kMap; `key` becomes the map's copy. Null: it has the key already, or, if `key` lost its data,
  // contains too many keys whose hashes collide with it.
  void* (*insert)(void* map, std::string_view& key) = nullptr;
  void* (*emplace)(void* optional) = nullptr;  // kOptional
  void (*reset)(void* optional) = nullptr;     // kOptional

  std::size_t bytes = 0;  // of an object of it, without what it allocates
};

// Of boost::json::value; in json_any.cc, the only file that needs to know it.
const JsonType& JsonAnyType();

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <class T>
inline constexpr bool kIsStdArray = false;
template <class T, std::size_t N>
inline constexpr bool kIsStdArray<std::array<T, N>> = true;

template <class T>
concept JsonCharacter =
    std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;
template <class T>
concept JsonInteger = std::integral<T> && !std::same_as<T, bool> && !JsonCharacter<T>;
template <class T>
concept JsonEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;
template <class T>
concept JsonStruct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;
template <class T>
concept JsonMap = requires(T& map, std::string key) {
  typename T::mapped_type;
  requires std::same_as<typename T::key_type, std::string>;
  map.try_emplace(std::move(key));
};
// std::vector<bool> has no elements that a pointer could point to.
template <class T>
concept JsonList = requires(T& list) {
  typename T::value_type;
  { list.emplace_back() } -> std::same_as<typename T::value_type&>;
};

template <class T>
using JsonMembersOf = boost::describe::describe_members<T, boost::describe::mod_public |
                                                               boost::describe::mod_inherited>;

// How many keys of a hash map may share a bucket. Clients choose the keys, and can know the hash
// (std::hash has no secret): inserting n keys that collide takes n * n steps. With random keys a
// bucket has one or two.
inline constexpr std::size_t kBucketKeysMax = 64;

template <class Map>
bool JsonKeysCollide(const Map& map, const std::string& key) {
  if constexpr (requires { map.bucket_size(map.bucket(key)); }) {
    return map.size() > kBucketKeysMax && map.bucket_size(map.bucket(key)) > kBucketKeysMax;
  } else {
    return false;
  }
}

// The table of T.
template <class T>
const JsonType& JsonTypeOf();

template <class Owner, class Descriptor>
constexpr JsonMember DescribeJsonMember() {
  using Value = std::remove_cvref_t<decltype(std::declval<Owner&>().*Descriptor::pointer)>;
  return {Descriptor::name, &JsonTypeOf<Value>,
          [](void* object) -> void* {
            return &(static_cast<Owner*>(object)->*Descriptor::pointer);
          },
          !kIsOptional<Value>};
}

template <class Owner, class... Descriptors>
constexpr std::array<JsonMember, sizeof...(Descriptors)> DescribeJsonMembers(
    boost::mp11::mp_list<Descriptors...>) {
  return {DescribeJsonMember<Owner, Descriptors>()...};
}

template <class T>
inline constexpr std::array<JsonMember, boost::mp11::mp_size<JsonMembersOf<T>>::value>
    kJsonMembers =
        DescribeJsonMembers<T>(boost::mp11::mp_rename<JsonMembersOf<T>, boost::mp11::mp_list>());

template <class T, class From>
bool SetJsonNumber(void* number, From value) {
  if (!std::in_range<T>(value)) return false;
  *static_cast<T*>(number) = static_cast<T>(value);
  return true;
}

template <class T>
bool SetJsonFloat(void* number, double value) {
  if (!(value >= -std::numeric_limits<T>::max() && value <= std::numeric_limits<T>::max())) {
    return false;
  }
  *static_cast<T*>(number) = static_cast<T>(value);
  return true;
}

template <class T>
bool SetJsonEnum(void* enumeration, std::string_view name) {
  bool found = false;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto descriptor) {
    if (found || name != descriptor.name) return;
    *static_cast<T*>(enumeration) = descriptor.value;
    found = true;
  });
  return found;
}

template <class T>
constexpr JsonType DescribeJsonType() {
  using Kind = JsonType::Kind;
  if constexpr (std::same_as<T, bool>) {
    return {.kind = Kind::kBool};
  } else if constexpr (JsonInteger<T>) {
    return {.kind = Kind::kInteger,
            .set_signed = &SetJsonNumber<T, std::int64_t>,
            .set_unsigned = &SetJsonNumber<T, std::uint64_t>};
  } else if constexpr (std::same_as<T, float> || std::same_as<T, double>) {
    return {.kind = Kind::kFloat, .set_float = &SetJsonFloat<T>};
  } else if constexpr (std::same_as<T, std::string>) {
    return {.kind = Kind::kString};
  } else if constexpr (JsonEnum<T>) {
    return {.kind = Kind::kEnum, .set_name = &SetJsonEnum<T>};
  } else if constexpr (kIsOptional<T>) {
    return {.kind = Kind::kOptional,
            .inner = &JsonTypeOf<typename T::value_type>,
            .emplace = [](void* optional) -> void* {
              return &static_cast<T*>(optional)->emplace();
            },
            .reset = [](void* optional) { static_cast<T*>(optional)->reset(); }};
  } else if constexpr (JsonMap<T>) {
    return {.kind = Kind::kMap,
            .inner = &JsonTypeOf<typename T::mapped_type>,
            .insert = [](void* map, std::string_view& key) -> void* {
              const auto [at, is_new] = static_cast<T*>(map)->try_emplace(std::string(key));
              if (!is_new) return nullptr;
              key = at->first;
              if (JsonKeysCollide(*static_cast<const T*>(map), at->first)) {
                key = {};
                return nullptr;
              }
              return &at->second;
            }};
  } else if constexpr (kIsStdArray<T>) {
    return {.kind = Kind::kArray,
            .inner = &JsonTypeOf<typename T::value_type>,
            .add = [](void* array, std::size_t index) -> void* {
              return index < std::tuple_size_v<T> ? static_cast<T*>(array)->data() + index
                                                  : nullptr;
            },
            .complete = [](std::size_t size) { return size == std::tuple_size_v<T>; }};
  } else if constexpr (JsonList<T>) {
    return {.kind = Kind::kArray,
            .inner = &JsonTypeOf<typename T::value_type>,
            .add = [](void* list, std::size_t) -> void* {
              return &static_cast<T*>(list)->emplace_back();
            }};
  } else {
    static_assert(JsonStruct<T>,
                  "JSON is read into bool, numbers, std::string, described structs and enums "
                  "(BOOST_DESCRIBE_STRUCT, "
                  "BOOST_DESCRIBE_ENUM), std::optional, vectors (but std::vector<bool>), "
                  "std::array, maps with "
                  "std::string as key, and boost::json::value");
    static_assert(boost::mp11::mp_size<JsonMembersOf<T>>::value <= 128,
                  "a struct has at most 128 members in JSON");
    return {.kind = Kind::kStruct, .members = kJsonMembers<T>};
  }
}

template <class T>
const JsonType& JsonTypeOf() {
  if constexpr (std::same_as<T, boost::json::value>) {
    return JsonAnyType();
  } else {
    static constexpr JsonType kType = [] {
      JsonType type = DescribeJsonType<T>();
      type.bytes = sizeof(T);
      // A container without spare room, such as std::deque, allocates a piece of memory for its first element, or even for none.
      constexpr bool kKeepsRoom = requires(const T& list) { list.capacity(); };
      if (type.kind == JsonType::Kind::kArray && !kIsStdArray<T> && !kKeepsRoom) type.bytes += kListBytes;
      return type;
    }();
    return kType;
  }
}

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_JSON_TYPE_H_
