// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_HOSTILE_CONTENT_ROUTES_H_
#define WEFT_TESTS_HOSTILE_CONTENT_ROUTES_H_

#include <string>

#include <weft/handlers/routing/mux.h>

// Ready-made handlers for the server that is attacked, and the folder that they serve.
//
//   /files/         the files of a folder, next to which there is one that nobody may see
//   POST /json      reads any value, responds "read"     POST /parts     reads a form part by part, responds with their number
//   POST /order     reads a struct                       POST /upload    reads a form with files whole
//   /redirect?v=    redirects there                      POST /form      reads a form without files
//   /cookie?v=      sets a cookie of this value          /download?v=    offers a file of this name
class ContentRoutes {
 public:
  ContentRoutes();
  ~ContentRoutes();
  ContentRoutes(const ContentRoutes&) = delete;
  ContentRoutes& operator=(const ContentRoutes&) = delete;

  void AddTo(weft::Mux& mux) const;

 private:
  std::string folder_;
};

#endif  // WEFT_TESTS_HOSTILE_CONTENT_ROUTES_H_
