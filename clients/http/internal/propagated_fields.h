// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_PROPAGATED_FIELDS_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_PROPAGATED_FIELDS_H_

#include <weft/clients/http/options.h>
#include <weft/http/fields.h>

namespace weft::internal {

// Adds the fields to pass on with a request under this context. False: none.
bool AddPropagated(const Context& ctx, const Propagate& what, Fields& out);

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_PROPAGATED_FIELDS_H_
