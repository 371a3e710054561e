// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/json_any.h>

#include <boost/json/value.hpp>

#include <weft/handlers/content/internal/json_text.h>

namespace weft::internal {
namespace {

using boost::json::value;

value& Any(void* any) { return *static_cast<value*>(any); }

void* AddToArray(void* any, std::size_t) { return &Any(any).get_array().emplace_back(nullptr); }

void* InsertIntoObject(void* any, std::string_view& key) {
  const auto [at, is_new] =
      Any(any).get_object().emplace(boost::json::string_view(key.data(), key.size()), nullptr);
  if (!is_new) return nullptr;
  key = {at->key().data(), at->key().size()};
  return &at->value();
}

constexpr JsonType kAnyArray{.kind = JsonType::Kind::kArray,
                             .inner = &JsonAnyType,
                             .add = &AddToArray};
constexpr JsonType kAnyObject{.kind = JsonType::Kind::kMap,
                              .inner = &JsonAnyType,
                              .insert = &InsertIntoObject};

// Deeper than any text that is read; a program's own tree beyond it would overflow the stack.
constexpr int kDepthMax = 512;

bool Append(JsonText& out, const value& any, int depth);

bool Append(JsonText& out, const boost::json::array& array, int depth) {
  out.Put('[');
  std::size_t index = 0;
  for (const value& element : array) {
    if (!Append(out, element, depth)) return out.FailedIn(std::to_string(index));
    out.Put(',');
    ++index;
  }
  out.Close(']');
  return true;
}

bool Append(JsonText& out, const boost::json::object& object, int depth) {
  out.Put('{');
  for (const auto& [key, any] : object) {
    const std::string_view name(key.data(), key.size());
    out.PutString(name);
    out.Put(':');
    if (!Append(out, any, depth)) return out.FailedIn(name);
    out.Put(',');
  }
  out.Close('}');
  return true;
}

bool Append(JsonText& out, const value& any, int depth) {
  if (depth > kDepthMax) return out.Fail("nested more than 512 levels deep");
  switch (any.kind()) {
    case boost::json::kind::null: return AppendJson(out, nullptr);
    case boost::json::kind::bool_: return AppendJson(out, any.get_bool());
    case boost::json::kind::int64: return AppendJson(out, any.get_int64());
    case boost::json::kind::uint64: return AppendJson(out, any.get_uint64());
    case boost::json::kind::double_: return AppendJson(out, any.get_double());
    case boost::json::kind::string: {
      out.PutString({any.get_string().data(), any.get_string().size()});
      return true;
    }
    case boost::json::kind::array: return Append(out, any.get_array(), depth + 1);
    case boost::json::kind::object: return Append(out, any.get_object(), depth + 1);
  }
  return false;
}

}  // namespace

const JsonType& JsonAnyType() {
  static constexpr JsonType kType{.kind = JsonType::Kind::kAny, .bytes = sizeof(value)};
  return kType;
}

const JsonType& BeginJsonArray(void* any) {
  Any(any).emplace_array();
  return kAnyArray;
}

const JsonType& BeginJsonObject(void* any) {
  Any(any).emplace_object();
  return kAnyObject;
}

void SetJsonNull(void* any) { Any(any) = nullptr; }
void SetJsonBool(void* any, bool truth) { Any(any) = truth; }
void SetJsonString(void* any, std::string_view text) {
  Any(any).emplace_string().assign(text.data(), text.size());
}
void SetJsonSigned(void* any, std::int64_t number) { Any(any) = number; }
void SetJsonUnsigned(void* any, std::uint64_t number) { Any(any) = number; }
void SetJsonDouble(void* any, double number) { Any(any) = number; }

bool AppendJson(JsonText& out, const boost::json::value& any) { return Append(out, any, 0); }
bool AppendJson(JsonText& out, const boost::json::object& object) { return Append(out, object, 1); }
bool AppendJson(JsonText& out, const boost::json::array& array) { return Append(out, array, 1); }

}  // namespace weft::internal
