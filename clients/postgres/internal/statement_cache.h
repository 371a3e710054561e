// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_STATEMENT_CACHE_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_STATEMENT_CACHE_H_

#include <algorithm>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <weft/clients/postgres/internal/wire.h>

namespace weft::postgres::internal {

// The statements that are prepared on one connection, by their text.
class StatementCache {
 public:
  struct Statement {
    std::string sql, name;
    PgResult columns;  // its description
  };

  explicit StatementCache(std::size_t max) : max_(max) {}

  // Used now; null: not prepared.
  const Statement* Find(std::string_view sql) {
    const auto found = by_sql_.find(sql);
    if (found == by_sql_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return &*found->second;
  }
  const Statement& Add(std::string_view sql, std::string name, PgResult columns) {
    std::list<Statement> one;  // without memory for its key it is not kept
    one.push_front({std::string(sql), std::move(name), std::move(columns)});
    by_sql_.emplace(one.front().sql, one.begin());
    order_.splice(order_.begin(), one);
    return order_.front();
  }
  // It is not used any more, and the server may have it still.
  void GiveUp(std::string_view sql) {
    const auto found = by_sql_.find(sql);
    if (found == by_sql_.end()) return;
    const auto statement = found->second;
    given_up_.push_back(std::move(statement->name));
    by_sql_.erase(found);  // its key lies in the statement
    order_.erase(statement);
  }
  void GiveUpName(std::string name) { given_up_.push_back(std::move(name)); }

  // Whether the server may have as many as it may have, or still has this one. Then it is run without being prepared, which is noted.
  bool NoRoomFor(const std::string& name) {
    const bool none = order_.size() + given_up_.size() >= max_ || std::find(given_up_.begin(), given_up_.end(), name) != given_up_.end();
    wanted_ |= none;
    return none;
  }
  // Since this was asked for last.
  bool RoomWasWanted() { return std::exchange(wanted_, false); }
  // Gives up the oldest one, unless there is room for another.
  void MakeRoom() {
    if (order_.size() >= max_ && !order_.empty()) GiveUp(std::string(order_.back().sql));
  }
  // Names that the server is to forget, the most urgent one, which is `name` if it is among them, at the end. What it has forgotten is taken off here.
  std::vector<std::string>& GivenUp(const std::string& name = {}) {
    const auto found = std::find(given_up_.begin(), given_up_.end(), name);
    if (found != given_up_.end()) std::iter_swap(found, given_up_.end() - 1);
    return given_up_;
  }

 private:
  const std::size_t max_;
  std::list<Statement> order_;  // the one used last in front
  std::unordered_map<std::string_view, std::list<Statement>::iterator> by_sql_;
  std::vector<std::string> given_up_;
  bool wanted_ = false;
};

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_STATEMENT_CACHE_H_
