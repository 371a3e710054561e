// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_PARAMETERS_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_PARAMETERS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <weft/clients/postgres/codec.h>

namespace weft::postgres::internal {

// The parameters of a statement, as text.
class Parameters {
 public:
  template <class... A>
  explicit Parameters(const A&... values) {
    starts_.reserve(sizeof...(A));
    (Add(values), ...);
  }

  int Count() const { return static_cast<int>(starts_.size()); }
  // For libpq: a pointer to each, Count() of them, null for a null; valid as long as this lives.
  void Pointers(const char** out) const;
  // A text with a zero byte, which PostgreSQL has not and libpq would cut there, or a time that is encoded as one; the number of the first one, from 1 on, or 0.
  int WithZeroByte() const;

 private:
  static constexpr std::size_t kNull = static_cast<std::size_t>(-1);

  template <class T>
  void Add(const T& value) {
    using D = std::decay_t<T>;
    if constexpr (std::is_same_v<D, std::nullopt_t> || std::is_same_v<D, std::nullptr_t>) {
      starts_.push_back(kNull);
    } else if constexpr (kIsOptional<D>) {
      if (value) return Add(*value);
      starts_.push_back(kNull);
    } else if constexpr (std::is_same_v<T, const char*> || std::is_same_v<T, char*>) {
      if (value != nullptr) return Add(std::string_view(value));
      starts_.push_back(kNull);
    } else {
      static_assert(Encodable<D>, "this type is no parameter: specialize weft::postgres::Codec for it (clients/postgres/codec.h)");
      starts_.push_back(text_.size());
      if constexpr (Encodable<D>) Codec<D>::Encode(value, text_);
      text_.push_back('\0');
    }
  }

  std::string text_;  // all of them, each with its end
  std::vector<std::size_t> starts_;
};

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_PARAMETERS_H_
