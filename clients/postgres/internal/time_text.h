// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_TIME_TEXT_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_TIME_TEXT_H_

#include <chrono>
#include <string>
#include <string_view>

namespace weft::postgres::internal {

bool DecodeDate(std::string_view text, std::chrono::year_month_day& out);
// Outside of the years 1 to 9999 both encode a zero byte, which no parameter may have. The last and the first moment that there are, are
// infinity and -infinity.
void EncodeDate(std::chrono::year_month_day date, std::string& to);
// Microseconds since 1970; an offset ("+02", "-03:30") is taken off if there may be one.
bool DecodeTime(std::string_view text, bool with_offset, std::chrono::microseconds& out);
void EncodeTime(std::chrono::microseconds since_1970, bool with_offset, std::string& to);

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_TIME_TEXT_H_
