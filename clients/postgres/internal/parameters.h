// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_PARAMETERS_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_PARAMETERS_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <weft/clients/postgres/codec.h>

namespace weft::postgres::internal {

// The parameters of a statement, as text.
class Parameters {
 public:
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  int Count() const { return static_cast<int>(count_); }
  // For libpq: a pointer to each, Count() of them, null for a null; valid as long as this lives.
  void Pointers(const char** out) const;
  // A text with a zero byte, which PostgreSQL has not and libpq would cut there, or a time that is encoded as one; the number of the first one, from 1 on, or 0.
  int WithZeroByte() const;

 protected:
  Parameters() = default;
  ~Parameters() = default;
  // As long as this lives, and so many as there will be parameters.
  void UseRoom(std::size_t* starts) { starts_ = starts; }
  template <class T>
  void Add(const T& value) {
    using D = std::decay_t<T>;
    if constexpr (std::is_same_v<D, std::nullopt_t> || std::is_same_v<D, std::nullptr_t>) {
      AddStart(kNull);
    } else if constexpr (kIsOptional<D>) {
      if (value) return Add(*value);
      AddStart(kNull);
    } else if constexpr (std::is_same_v<T, const char*> || std::is_same_v<T, char*>) {
      if (value != nullptr) return Add(std::string_view(value));
      AddStart(kNull);
    } else {
      static_assert(Encodable<D>, "this type cannot be a parameter: specialize weft::postgres::Codec for it (clients/postgres/codec.h)");
      AddStart(text_.size());
      if constexpr (Encodable<D>) Codec<D>::Encode(value, text_);
      text_.push_back('\0');
    }
  }

 private:
  static constexpr std::size_t kNull = static_cast<std::size_t>(-1);
  void AddStart(std::size_t start) { starts_[count_++] = start; }

  std::string text_;  // all of them, each with its end
  std::size_t* starts_ = nullptr;
  std::size_t count_ = 0;
};

// With the room for so many: a query should not need memory.
template <std::size_t N>
class ParametersOf final : public Parameters {
 public:
  template <class... A>
  explicit ParametersOf(const A&... values) {
    UseRoom(room_.data());
    (Add(values), ...);
  }

 private:
  std::array<std::size_t, N> room_;
};
template <class... A>
ParametersOf(const A&...) -> ParametersOf<sizeof...(A)>;

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_PARAMETERS_H_
