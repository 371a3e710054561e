// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_STATEMENT_CHECK_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_STATEMENT_CHECK_H_

#include <libpq-fe.h>

#include <string_view>

#include <weft/concurrency/error.h>

namespace weft::postgres::internal {

// What is wrong with the text of a statement; libpq would cut it at a zero byte, and run the rest.
Error CheckText(std::string_view sql);
// Whether what it returns is a matter of its text and of tables, so that a description of it holds. FETCH and EXECUTE return what others have declared
// under a name, which may mean something else the next time; SET, DDL and the like gain nothing.
bool WorthPreparing(std::string_view sql);
// Whether the server has run nothing of the statement, because it does not know its name any more (DISCARD ALL, a pooler) or because its columns have
// changed. What it says about another statement, as inside of a procedure that has committed already, does not count. `known`: it was prepared by an
// earlier call.
bool IsStale(const PGresult* failed, std::string_view name, bool known);

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_STATEMENT_CHECK_H_
