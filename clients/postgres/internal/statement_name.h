// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_STATEMENT_NAME_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_STATEMENT_NAME_H_

#include <string>
#include <string_view>

namespace weft::postgres::internal {

// The name under which a statement is prepared: a hash of 128 bits of its text. A pooler passes sessions of the server from one connection of
// ours to another, and from process to process. A number would name another statement there; this names the same one, or none.
std::string StatementName(std::string_view sql);

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_STATEMENT_NAME_H_
