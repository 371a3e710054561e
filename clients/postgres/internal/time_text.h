// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_TIME_TEXT_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_TIME_TEXT_H_

#include <chrono>
#include <string>
#include <string_view>

namespace weft::postgres::internal {

bool DecodeDate(std::string_view text, std::chrono::year_month_day& out);
void EncodeDate(std::chrono::year_month_day date, std::string& to);
// Microseconds since 1970; an offset ("+02", "-03:30") is taken off if there may be one.
bool DecodeTime(std::string_view text, bool with_offset, std::chrono::microseconds& out);
void EncodeTime(std::chrono::microseconds since_1970, std::string& to);

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_TIME_TEXT_H_
