// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_KIT_QUIET_OBSERVER_H_
#define WEFT_TESTS_KIT_QUIET_OBSERVER_H_

#include <weft/server/observer.h>

namespace weft {

// Says nothing, so that the output of the tests is their own.
class QuietObserver final : public Observer {};

}  // namespace weft

#endif  // WEFT_TESTS_KIT_QUIET_OBSERVER_H_
