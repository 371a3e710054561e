// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/json_filler.h>

#include <charconv>
#include <cmath>
#include <functional>
#include <span>
#include <system_error>
#include <utility>

#include <weft/handlers/content/internal/json_any.h>

namespace weft::internal {
namespace {

using Kind = JsonType::Kind;

// What a member of a map costs in addition to its value: its key and the node.
constexpr std::size_t kNodeBytes = 80;

// How much of a client's names a message may quote.
constexpr std::size_t kNameShownMax = 64;

const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::kBool: return "true or false";
    case Kind::kInteger: return "a whole number";
    case Kind::kFloat: return "a number";
    case Kind::kString: return "a string";
    case Kind::kEnum: return "one of its names";
    case Kind::kStruct:
    case Kind::kMap: return "an object";
    case Kind::kArray: return "an array";
    case Kind::kOptional:
    case Kind::kAny: break;
  }
  return "another value";
}

// A client's own text in a message for the client and the log: short, on one line.
std::string Shown(std::string_view name) {
  std::string shown = "\"";
  for (const char c : name.substr(0, kNameShownMax)) {
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  }
  return shown += name.size() > kNameShownMax ? "...\"" : "\"";
}

}  // namespace

bool JsonFiller::Fail(std::string what, error_code& ec) {
  fault_ = std::move(what);
  ec = boost::json::error::exception;  // any: the words are ours
  return false;
}

bool JsonFiller::Unfit(std::string_view found, const Place& place, error_code& ec) {
  return Fail(std::string("expected ") + NameOf(place.type->kind) + ", not " + std::string(found),
              ec);
}

void JsonFiller::NoteAt(const char* at) {
  const std::less_equal<const char*> before;
  if (before(text_.data(), at) && before(at, text_.data() + text_.size())) {
    fault_at_ = static_cast<std::size_t>(at - text_.data());
  }
}

std::string_view JsonFiller::Gathered(Text last) {
  if (!gathering_) return {last.data(), last.size()};
  gathered_.append(last.data(), last.size());
  gathering_ = false;
  return gathered_;
}

std::string JsonFiller::Pointer() const {
  std::string pointer;
  for (std::size_t i = 0; i < depth_; ++i) {
    const Level& level = levels_[i];
    if (level.place.type != nullptr && level.place.type->kind == Kind::kArray) {
      if (level.index == 0) break;
      pointer.append("/").append(std::to_string(level.index - 1));
      continue;
    }
    if (level.key.data() == nullptr) break;
    pointer += '/';
    for (const char c : level.key.substr(0, kNameShownMax)) {
      if (c == '~' || c == '/') {
        pointer.append(c == '~' ? "~0" : "~1");
      } else {
        pointer += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
      }
    }
  }
  return pointer;
}

bool JsonFiller::TakeMemory(std::size_t bytes, error_code& ec) {
  if (bytes > memory_left_) {
    too_large_ = true;
    return Fail("the values take more memory than is allowed", ec);
  }
  memory_left_ -= bytes;
  return true;
}

// Where the next value goes.
bool JsonFiller::Next(Place& place, error_code& ec) {
  place = pending_;
  if (depth_ > 0) {
    Level& level = levels_[depth_ - 1];
    const JsonType* const type = level.place.type;
    if (type != nullptr && type->kind == Kind::kArray) {
      const std::size_t index = level.index++;
      // An array of a fixed size contains its elements already.
      if (type->complete == nullptr && !TakeMemory(level.inner->bytes, ec)) return false;
      place = {type->add(level.place.object, index), level.inner};
      if (place.object == nullptr) return Fail("there are more elements than fit", ec);
    }
  }
  while (place.type != nullptr && place.type->kind == Kind::kOptional) {
    place = {place.type->emplace(place.object), &place.type->inner()};
  }
  return true;
}

bool JsonFiller::Begin(const Place& place) {
  Level& level = levels_[depth_++];
  level.place = place;
  level.inner =
      place.type != nullptr && place.type->inner != nullptr ? &place.type->inner() : nullptr;
  level.index = 0;
  level.key = {};
  level.seen[0] = level.seen[1] = 0;
  return true;
}

bool JsonFiller::on_object_begin(error_code& ec) {
  Place place;
  if (!Next(place, ec)) return false;
  if (place.type != nullptr) {
    if (place.type->kind == Kind::kAny) place.type = &BeginJsonObject(place.object);
    if (place.type->kind != Kind::kStruct && place.type->kind != Kind::kMap) {
      return Unfit("an object", place, ec);
    }
  }
  return Begin(place);
}

bool JsonFiller::on_object_end(std::size_t, error_code& ec) {
  Level& level = levels_[depth_ - 1];
  level.key = {};
  if (level.place.type != nullptr && level.place.type->kind == Kind::kStruct) {
    const std::span<const JsonMember> members = level.place.type->members;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (!members[i].required || (level.seen[i / 64] >> (i % 64) & 1) != 0) continue;
      --depth_;
      return Fail("member \"" + std::string(members[i].name) + "\" is missing", ec);
    }
  }
  --depth_;
  pending_ = {};
  return true;
}

bool JsonFiller::on_array_begin(error_code& ec) {
  Place place;
  if (!Next(place, ec)) return false;
  if (place.type != nullptr) {
    if (place.type->kind == Kind::kAny) place.type = &BeginJsonArray(place.object);
    if (place.type->kind != Kind::kArray) return Unfit("an array", place, ec);
  }
  return Begin(place);
}

bool JsonFiller::on_array_end(std::size_t size, error_code& ec) {
  const JsonType* const type = levels_[--depth_].place.type;
  pending_ = {};
  if (type == nullptr || type->complete == nullptr || type->complete(size)) return true;
  return Fail("there are too few elements", ec);
}

bool JsonFiller::SetKey(std::string_view key, error_code& ec) {
  Level& level = levels_[depth_ - 1];
  pending_ = {};
  bool good = true;
  if (level.place.type == nullptr) {
    level.key = {};
  } else if (level.place.type->kind == Kind::kStruct) {
    good = SetMember(level, key, ec);
  } else {
    level.key = {};
    if (!TakeMemory(level.inner->bytes + kNodeBytes, ec)) return false;
    std::string_view held = key;
    void* const object = level.place.type->insert(level.place.object, held);
    if (object == nullptr) {
      NoteString(key);
      if (held.data() == nullptr) {
        return Fail("too many names of members collide with " + Shown(key) + " in a hash table", ec);
      }
      return Fail("member " + Shown(key) + " occurs twice", ec);
    }
    pending_ = {object, level.inner};
    level.key = held;
  }
  gathered_.clear();
  return good;
}

bool JsonFiller::SetMember(Level& level, std::string_view key, error_code& ec) {
  const std::span<const JsonMember> members = level.place.type->members;
  level.key = {};
  // Most members come in the order in which they were described.
  std::size_t i = level.index;
  for (std::size_t tried = 0; tried < members.size(); ++tried, ++i) {
    if (i >= members.size()) i = 0;
    if (members[i].name != key) continue;
    if ((level.seen[i / 64] >> (i % 64) & 1) != 0) {
      NoteString(key);
      return Fail("member " + Shown(key) + " occurs twice", ec);
    }
    level.seen[i / 64] |= std::uint64_t{1} << (i % 64);
    level.index = i + 1;
    level.key = members[i].name;
    pending_ = {members[i].in(level.place.object), &members[i].type()};
    return true;
  }
  if (unknown_members_) return true;
  NoteString(key);
  return Fail("member " + Shown(key) + " is not known", ec);
}

bool JsonFiller::SetString(std::string_view text, error_code& ec) {
  Place place;
  if (!Next(place, ec)) return false;
  bool good = true;
  switch (place.type != nullptr ? place.type->kind : Kind::kOptional) {
    case Kind::kOptional: break;  // it is discarded
    case Kind::kString: static_cast<std::string*>(place.object)->assign(text); break;
    case Kind::kAny: SetJsonString(place.object, text); break;
    case Kind::kEnum:
      good = place.type->set_name(place.object, text) ||
             Fail(Shown(text) + " is none of its names", ec);
      break;
    default: good = Unfit("a string", place, ec);
  }
  if (!good) NoteString(text);
  gathered_.clear();
  return good;
}

template <class F>
bool JsonFiller::SetNumber(Text digits, error_code& ec, F set) {
  Place place;
  if (!Next(place, ec)) return false;
  if (place.type == nullptr) return true;
  const Kind kind = place.type->kind;
  const bool takes = kind == Kind::kInteger || kind == Kind::kFloat || kind == Kind::kAny;
  if (takes && set(place)) return true;
  NoteAt(digits.data());
  if (!takes) return Unfit("a number", place, ec);
  const bool whole = digits.find_first_of(".eE") == Text::npos;
  if (kind == Kind::kInteger && !whole) {
    return Unfit("a number with a fraction or an exponent", place, ec);
  }
  return Fail("the number is out of range", ec);
}

bool JsonFiller::on_int64(std::int64_t number, Text digits, error_code& ec) {
  const bool minus_zero = number == 0 && digits[0] == '-';  // which only a double can be
  return SetNumber(digits, ec, [&](const Place& place) {
    if (place.type->kind == Kind::kInteger) return place.type->set_signed(place.object, number);
    if (place.type->kind == Kind::kFloat) {
      return place.type->set_float(place.object, minus_zero ? -0.0 : static_cast<double>(number));
    }
    if (minus_zero) {
      SetJsonDouble(place.object, -0.0);
    } else {
      SetJsonSigned(place.object, number);
    }
    return true;
  });
}

bool JsonFiller::on_uint64(std::uint64_t number, Text digits, error_code& ec) {
  return SetNumber(digits, ec, [&](const Place& place) {
    if (place.type->kind == Kind::kInteger) return place.type->set_unsigned(place.object, number);
    if (place.type->kind == Kind::kFloat) {
      return place.type->set_float(place.object, static_cast<double>(number));
    }
    SetJsonUnsigned(place.object, number);
    return true;
  });
}

// The parser's own conversion is sometimes off by a bit or two, and turns numbers that are too large
// into infinity.
bool JsonFiller::on_double(double nearly, Text digits, error_code& ec) {
  return SetNumber(digits, ec, [&](const Place& place) {
    if (place.type->kind == Kind::kInteger) return false;
    double number = 0;
    const std::errc code =
        std::from_chars(digits.data(), digits.data() + digits.size(), number).ec;
    if (code != std::errc()) {
      if (std::abs(nearly) >= 1) return false;
      number = digits[0] == '-' ? -0.0 : 0.0;  // too small rather than too large
    }
    if (place.type->kind == Kind::kFloat) return place.type->set_float(place.object, number);
    SetJsonDouble(place.object, number);
    return true;
  });
}

bool JsonFiller::on_bool(bool truth, error_code& ec) {
  Place place;
  if (!Next(place, ec)) return false;
  if (place.type == nullptr) return true;
  switch (place.type->kind) {
    case Kind::kBool: *static_cast<bool*>(place.object) = truth; return true;
    case Kind::kAny: SetJsonBool(place.object, truth); return true;
    default: return Unfit(truth ? "true" : "false", place, ec);
  }
}

bool JsonFiller::on_null(error_code& ec) {
  const bool in_array = depth_ > 0 && levels_[depth_ - 1].place.type != nullptr &&
                        levels_[depth_ - 1].place.type->kind == Kind::kArray;
  if (!in_array && pending_.type != nullptr && pending_.type->kind == Kind::kOptional) {
    pending_.type->reset(pending_.object);
    return true;
  }
  Place place;
  if (in_array && levels_[depth_ - 1].inner->kind == Kind::kOptional) {
    Level& level = levels_[depth_ - 1];  // a new element has no value
    const std::size_t index = level.index++;
    if (level.place.type->complete == nullptr && !TakeMemory(level.inner->bytes, ec)) return false;
    const bool fits = level.place.type->add(level.place.object, index) != nullptr;
    return fits || Fail("there are more elements than fit", ec);
  }
  if (!Next(place, ec)) return false;
  if (place.type == nullptr) return true;
  if (place.type->kind != Kind::kAny) return Unfit("null", place, ec);
  SetJsonNull(place.object);
  return true;
}

}  // namespace weft::internal
