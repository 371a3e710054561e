// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_APP_H_
#define WEFT_EXAMPLES_SERVICE_APP_H_

#include <weft/handlers/routing/mux.h>

#include "jobs.h"
#include "self_client.h"

// The application's routes: see the page that GET / answers with. `self` and `jobs` outlive the mux.
weft::Mux MakeApp(const SelfClient& self, JobQueue& jobs);

#endif  // WEFT_EXAMPLES_SERVICE_APP_H_
