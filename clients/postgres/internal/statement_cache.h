// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_STATEMENT_CACHE_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_STATEMENT_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weft::postgres::internal {

// The statements that are prepared on one connection, by their text.
class StatementCache {
 public:
  struct Statement {
    std::string sql, name;
  };

  explicit StatementCache(std::size_t max) : max_(max) {}

  // Used now; null: not prepared.
  const Statement* Find(std::string_view sql) {
    const auto found = by_sql_.find(sql);
    if (found == by_sql_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return &*found->second;
  }
  std::string NewName() { return "weft_" + std::to_string(++names_); }
  const Statement& Add(std::string_view sql, std::string name) {
    order_.push_front({std::string(sql), std::move(name)});
    by_sql_.emplace(order_.front().sql, order_.begin());
    return order_.front();
  }
  // It is not used any more, and the server may have it still.
  void GiveUp(std::string_view sql) {
    const auto found = by_sql_.find(sql);
    if (found == by_sql_.end()) return;
    const auto statement = found->second;
    by_sql_.erase(found);  // its key lies in the statement
    given_up_.push_back(std::move(statement->name));
    order_.erase(statement);
  }
  void GiveUpName(std::string name) { given_up_.push_back(std::move(name)); }
  // Gives up the oldest ones, until there is room for another.
  void MakeRoom() {
    while (order_.size() >= max_ && !order_.empty()) GiveUp(std::string(order_.back().sql));
  }
  // Names that the server is to forget; what it has forgotten is taken off here.
  std::vector<std::string>& GivenUp() { return given_up_; }

 private:
  const std::size_t max_;
  std::uint64_t names_ = 0;
  std::list<Statement> order_;  // the one used last in front
  std::unordered_map<std::string_view, std::list<Statement>::iterator> by_sql_;
  std::vector<std::string> given_up_;
};

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_STATEMENT_CACHE_H_
