// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_ROW_READER_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_ROW_READER_H_

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/describe/bases.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <weft/clients/postgres/internal/result_view.h>

namespace weft::postgres::internal {

// From the columns of a row to a T: one value, a tuple by position, or a described struct by the columns' names.

// Errors, with their text outside of templates.
Error WrongColumnCount(std::size_t wanted, int there);
Error WrongColumnType(std::string_view column, Oid type, std::string_view wanted);
Error BadValue(std::string_view column, bool null, std::string_view wanted);
Error MoreThanOneRow();
// The column of this name. An error: there is none, or several.
Error FindColumn(const ResultView& columns, std::string_view name, int& column);

template <class T>
inline constexpr bool kIsTuple = false;
template <class... T>
inline constexpr bool kIsTuple<std::tuple<T...>> = true;
template <class T, class U>
inline constexpr bool kIsTuple<std::pair<T, U>> = true;

template <class T>
using MembersOf = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

// No short circuit: only one of them has the members that the others ask for.
template <class T>
concept Scalar = Decodable<NotNullType<T>>;
template <class T>
concept Described = std::is_class_v<T> && !Scalar<T> && boost::describe::has_describe_members<T>::value;

// Whether all that a row becomes has a Codec.
template <class T>
inline constexpr bool kElementsAreScalar = false;
template <class... T>
inline constexpr bool kElementsAreScalar<std::tuple<T...>> = (Scalar<T> && ...);
template <class T, class U>
inline constexpr bool kElementsAreScalar<std::pair<T, U>> = Scalar<T> && Scalar<U>;
template <class T>
struct MemberOf {
  template <class D>
  using Type = std::remove_cvref_t<decltype(std::declval<T&>().*D::pointer)>;
  template <class D>
  using IsScalar = std::bool_constant<Scalar<Type<D>>>;
};
template <class T>
inline constexpr bool kMembersAreScalar = false;
template <Described T>
inline constexpr bool kMembersAreScalar<T> = boost::mp11::mp_all_of<MembersOf<T>, MemberOf<T>::template IsScalar>::value;

template <class T>
Error CheckColumn(const ResultView& columns, int column) {
  using Codec = postgres::Codec<NotNullType<T>>;
  if (Codec::Accepts(columns.Type(column))) return {};
  return WrongColumnType(columns.Name(column), columns.Type(column), Codec::kName);
}
template <class T>
Error ReadColumn(const ResultView& rows, int row, int column, T& out) {
  const std::optional<std::string_view> value = rows.Value(row, column);
  if (DecodeNullable(value, out)) return {};
  return BadValue(rows.Name(column), !value, postgres::Codec<NotNullType<T>>::kName);
}

// Checks all types once, by Bind. This one is for what is rejected, with one error of the compiler.
template <class T>
class RowReader {
  static_assert(kIsTuple<T> || Described<T>,
                "a row becomes one value that has a Codec, a tuple of such, or a struct that BOOST_DESCRIBE_STRUCT describes");
  static_assert(!kIsTuple<T> || kElementsAreScalar<T>, "an element of this tuple has no weft::postgres::Codec (clients/postgres/codec.h)");
  static_assert(!Described<T> || kMembersAreScalar<T>, "a member of this struct has no weft::postgres::Codec (clients/postgres/codec.h)");

 public:
  Error Bind(const ResultView& columns);
  Error Read(const ResultView& rows, int row, T& out) const;
};

template <Scalar T>
class RowReader<T> {
 public:
  Error Bind(const ResultView& columns) {
    if (columns.Columns() != 1) return WrongColumnCount(1, columns.Columns());
    return CheckColumn<T>(columns, 0);
  }
  Error Read(const ResultView& rows, int row, T& out) const { return ReadColumn(rows, row, 0, out); }
};

template <class T>
  requires kElementsAreScalar<T>
class RowReader<T> {
  static constexpr std::size_t kSize = std::tuple_size_v<T>;

 public:
  Error Bind(const ResultView& columns) {
    if (columns.Columns() != static_cast<int>(kSize)) return WrongColumnCount(kSize, columns.Columns());
    Error err;
    Each([&](auto i) {
      using Element = std::tuple_element_t<i, T>;
      if (!err) err = CheckColumn<Element>(columns, static_cast<int>(i));
    });
    return err;
  }
  Error Read(const ResultView& rows, int row, T& out) const {
    Error err;
    Each([&](auto i) {
      if (!err) err = ReadColumn(rows, row, static_cast<int>(i), std::get<i>(out));
    });
    return err;
  }

 private:
  template <class F>
  static void Each(F f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (f(std::integral_constant<std::size_t, I>()), ...); }(std::make_index_sequence<kSize>());
  }
};

template <class T>
  requires kMembersAreScalar<T>
class RowReader<T> {
 public:
  Error Bind(const ResultView& columns) {
    Error err;
    std::size_t at = 0;
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
      using Member = typename MemberOf<T>::template Type<decltype(member)>;
      int& column = columns_[at++];
      if (!err) err = FindColumn(columns, member.name, column);
      if (!err) err = CheckColumn<Member>(columns, column);
    });
    return err;
  }
  Error Read(const ResultView& rows, int row, T& out) const {
    Error err;
    std::size_t at = 0;
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
      const int column = columns_[at++];
      if (!err) err = ReadColumn(rows, row, column, out.*member.pointer);
    });
    return err;
  }

 private:
  std::array<int, boost::mp11::mp_size<MembersOf<T>>::value> columns_{};
};

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_ROW_READER_H_
