// SPDX-License-Identifier: Apache-2.0
//
// libcurl's multi interface: some easy handles, each started again as soon as it is done; the set of one handle keeps all connections.
#include <curl/curl.h>

#include <string>
#include <vector>

#include "common/client_run.h"

namespace {

std::size_t Discard(char*, std::size_t size, std::size_t count, void*) { return size * count; }

}  // namespace

int main(int argc, char** argv) {
  weft::bench::ClientRun run(argc, argv);
  const std::string url = run.Url();
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* const multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(run.connections));
  std::vector<CURL*> handles;
  for (int i = 0; i < run.connections; ++i) {
    CURL* const easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Discard);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_multi_add_handle(multi, easy);
    handles.push_back(easy);
  }
  for (bool more = true; more;) {
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    while (CURLMsg* const message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      if (message->data.result != CURLE_OK) return 1;
      CURL* const easy = message->easy_handle;
      more = run.Count() && more;
      curl_multi_remove_handle(multi, easy);
      curl_multi_add_handle(multi, easy);
    }
    curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
  }
  for (CURL* const easy : handles) {
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
  }
  curl_multi_cleanup(multi);
  return run.Report();
}
