// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_COPY_H_
#define WEFT_CLIENTS_POSTGRES_COPY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <weft/clients/postgres/codec.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>

namespace weft::postgres {

namespace internal {
class Connection;
// Appends one value in COPY's text format: a null, or text with its tabs, line feeds and
// backslashes escaped.
void AppendCopyNull(std::string& to);
void AppendCopyText(std::string_view text, std::string& to);
}  // namespace internal

// Takes the rows of a COPY ... FROM STDIN. It is a Writer (concurrency/copy.h).
class CopyWriter {
 public:
  CopyWriter(const CopyWriter&) = delete;
  CopyWriter& operator=(const CopyWriter&) = delete;

  // Sends bytes in the format that the statement names. They may be split anywhere. Parks while the
  // server is slower. After an Error, which may have come in the middle of a row, all further
  // writes and the CopyIn itself return that Error, and nothing is inserted.
  Error Write(const Context& ctx, std::string_view data);
  // Sends a row in the text format, which is COPY's default: one value for each column. Nulls are
  // those of parameters: std::nullopt, nullptr, an empty optional, a null pointer to text.
  template <class... A>
  Error WriteRow(const Context& ctx, const A&... values) {
    static_assert(sizeof...(A) != 0, "a row has columns");
    row_.clear();
    (Append(values), ...);
    row_.back() = '\n';
    return Write(ctx, row_);
  }

 private:
  friend class Copying;
  friend class Pool;
  friend class Transaction;
  explicit CopyWriter(internal::Connection& connection) : connection_(connection) {}

  template <class T>
  void Append(const T& value) {
    using D = std::decay_t<T>;
    if constexpr (std::is_same_v<D, std::nullopt_t> || std::is_same_v<D, std::nullptr_t>) {
      internal::AppendCopyNull(row_);
    } else if constexpr (internal::kIsOptional<D>) {
      if (value) return Append(*value);
      internal::AppendCopyNull(row_);
    } else if constexpr (std::is_same_v<T, const char*> || std::is_same_v<T, char*>) {
      if (value != nullptr) return Append(std::string_view(value));
      internal::AppendCopyNull(row_);
    } else {
      static_assert(Encodable<D>,
                    "this type cannot be a column: specialize weft::postgres::Codec for it "
                    "(clients/postgres/codec.h)");
      text_.clear();
      if constexpr (Encodable<D>) Codec<D>::Encode(value, text_);
      internal::AppendCopyText(text_, row_);
    }
    row_.push_back('\t');
  }

  internal::Connection& connection_;
  std::string row_, text_;
};

// The part of a Pool and a Transaction that runs COPY, the fastest way to move many rows, in both
// directions.
class Copying {
 public:
  Copying(const Copying&) = delete;
  Copying& operator=(const Copying&) = delete;

  // COPY ... FROM STDIN: calls f(CopyWriter&) once, which writes the rows and returns an Error. If
  // it returns one, nothing is inserted. Returns the number of rows.
  //
  //   auto rows = db.CopyIn(ctx, "copy notes (id, title) from stdin",
  //                         [&](weft::postgres::CopyWriter& to) -> weft::Error {
  //                           for (const Note& note : notes) {
  //                             weft::Error err = to.WriteRow(ctx, note.id, note.title);
  //                             if (err) return err;
  //                           }
  //                           return {};
  //                         });
  template <class F>
  Result<std::uint64_t> CopyIn(const Context& ctx, std::string_view sql, F f) {
    return RunCopyIn(ctx, sql, [&f](CopyWriter& to) -> Error { return f(to); });
  }
  // COPY ... TO STDOUT: calls f(std::string_view) for each row, including its line feed, in the
  // format that the statement names. f returns nothing or an Error, which ends the COPY. It may
  // park, and then the server waits too.
  //
  //   weft::Error err = db.CopyOut(ctx, "copy notes to stdout (format csv)",
  //                                [&](std::string_view row) { return w.Write(row); });
  template <class F>
  Error CopyOut(const Context& ctx, std::string_view sql, F f) {
    return RunCopyOut(ctx, sql, [&f](std::string_view row) -> Error {
      if constexpr (std::is_void_v<std::invoke_result_t<F&, std::string_view>>) {
        f(row);
        return {};
      } else {
        return f(row);
      }
    });
  }

 protected:
  using RowSink = std::function<Error(std::string_view row)>;
  using RowSource = std::function<Error(CopyWriter& to)>;
  Copying() = default;
  ~Copying() = default;
  virtual Error RunCopyOut(const Context& ctx, std::string_view sql, const RowSink& sink) = 0;
  virtual Result<std::uint64_t> RunCopyIn(const Context& ctx, std::string_view sql,
                                          const RowSource& source) = 0;
};

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_COPY_H_
