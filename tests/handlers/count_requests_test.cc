// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include <weft/concurrency/time.h>
#include <weft/concurrency/testing.h>
#include <weft/handlers/metrics.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>

#include "metrics_kit.h"

// Metrics::Count, the middleware.
namespace weft {
namespace {

using testing::LinesOf;
using testing::PageOf;

Mux Routes(Metrics& metrics) {
  Mux mux;
  mux.Use(metrics.Count());
  mux.Handle("GET /notes/{id}", [](ResponseWriter& w, Request&) { return w.Write("12345"); });
  mux.Handle("POST /notes", [](ResponseWriter& w, Request& r) -> Error {
    Result<std::string> body = r.Body().ReadAll();
    if (Error err = body.Err()) return err;
    w.WriteHeader(201);
    return {};
  });
  mux.Handle("/any", [](ResponseWriter&, Request&) { return HttpError(418); });
  mux.Handle("/throws", [](ResponseWriter&, Request&) { throw std::runtime_error("no"); });
  mux.Handle("/gone", [](ResponseWriter&, Request&) { return kClientGone; });
  return mux;
}

TEST(CountRequests, ByMethodRouteAndStatus) {
  Metrics metrics;
  const Mux mux = Routes(metrics);
  Recorder recorder;

  recorder.Serve(mux, RequestBuilder("GET", "/notes/1"));
  recorder.Serve(mux, RequestBuilder("GET", "/notes/2"));
  recorder.Serve(mux, RequestBuilder("POST", "/notes").Body(std::string(2000, 'x')));
  recorder.Serve(mux, RequestBuilder("BREW", "/any"));
  recorder.Serve(mux, RequestBuilder("GET", "/throws"));
  recorder.Serve(mux, RequestBuilder("GET", "/gone"));
  recorder.Serve(mux, RequestBuilder("GET", "/not/there"));
  recorder.Serve(mux, RequestBuilder("PUT", "/notes/1"));

  const std::string page = PageOf(metrics);
  EXPECT_EQ(LinesOf(page, "http_server_request_duration_seconds_count"),
            R"(http_server_request_duration_seconds_count{http_request_method="GET",http_route="/notes/{id}",http_response_status_code="200"} 2
http_server_request_duration_seconds_count{http_request_method="POST",http_route="/notes",http_response_status_code="201"} 1
http_server_request_duration_seconds_count{http_request_method="other",http_route="/any",http_response_status_code="418"} 1
http_server_request_duration_seconds_count{http_request_method="GET",http_route="/throws",http_response_status_code="500"} 1
http_server_request_duration_seconds_count{http_request_method="GET",http_route="/gone",http_response_status_code="499"} 1
http_server_request_duration_seconds_count{http_request_method="GET",http_route="unmatched",http_response_status_code="404"} 1
http_server_request_duration_seconds_count{http_request_method="PUT",http_route="unmatched",http_response_status_code="405"} 1
)");
  EXPECT_NE(page.find(R"(http_server_response_body_size_bytes_sum{http_request_method="GET",http_route="/notes/{id}",http_response_status_code="200"} 10)"
                      "\n"),
            std::string::npos);
  EXPECT_NE(page.find(R"(http_server_request_body_size_bytes_bucket{http_request_method="POST",http_route="/notes",http_response_status_code="201",le="1024"} 0)"
                      "\n"),
            std::string::npos);
  EXPECT_NE(page.find(R"(http_server_request_body_size_bytes_sum{http_request_method="POST",http_route="/notes",http_response_status_code="201"} 2000)"
                      "\n"),
            std::string::npos);
}

TEST(CountRequests, TheSizeOfAResponseIsWhatWasSent) {
  Metrics metrics;
  const Mux mux = Routes(metrics);
  Recorder recorder;

  recorder.Serve(mux, RequestBuilder("GET", "/any"));
  recorder.Serve(mux, RequestBuilder("HEAD", "/notes/1"));

  EXPECT_EQ(LinesOf(PageOf(metrics), "http_server_response_body_size_bytes_sum"),
            R"(http_server_response_body_size_bytes_sum{http_request_method="GET",http_route="/any",http_response_status_code="418"} 1
http_server_response_body_size_bytes_sum{http_request_method="HEAD",http_route="/notes/{id}",http_response_status_code="200"} 0
)");
}

TEST(CountRequests, TheTimeInHandlersFallsIntoItsRange) {
  const Error err = RunTest([](const Context&) {
    Metrics metrics;
    const Handler handler = metrics.Count()([](ResponseWriter&, Request& r) { return Sleep(r.Ctx(), std::chrono::milliseconds(60)); });
    Recorder recorder;

    recorder.Serve(handler, RequestBuilder());

    const std::string page = PageOf(metrics);
    const std::string labels = R"({http_request_method="GET",http_route="unmatched",http_response_status_code="200")";
    EXPECT_NE(page.find("seconds_bucket" + labels + ",le=\"0.05\"} 0\n"), std::string::npos) << page;
    EXPECT_NE(page.find("seconds_bucket" + labels + ",le=\"0.075\"} 1\n"), std::string::npos);
    EXPECT_NE(page.find("seconds_sum" + labels + "} 0.06\n"), std::string::npos);
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(CountRequests, RequestsInHandlersAreActive) {
  Metrics metrics;
  std::string inside;
  const Handler handler = metrics.Count()([&](ResponseWriter&, Request&) {
    inside = LinesOf(metrics, "http_server_active_requests{http_request_method=\"GET\"}");
  });
  Recorder recorder;

  recorder.Serve(handler, RequestBuilder());

  EXPECT_EQ(inside, "http_server_active_requests{http_request_method=\"GET\"} 1\n");
  EXPECT_EQ(LinesOf(metrics, "http_server_active_requests{http_request_method=\"GET\"}"),
            "http_server_active_requests{http_request_method=\"GET\"} 0\n");
}

TEST(CountRequests, SeveralRoutersMayShareTheMetrics) {
  Metrics metrics;
  const Mux one = Routes(metrics);
  const Mux two = Routes(metrics);
  Recorder recorder;

  recorder.Serve(one, RequestBuilder("GET", "/any"));
  recorder.Serve(two, RequestBuilder("GET", "/any"));

  EXPECT_EQ(LinesOf(metrics, "http_server_request_duration_seconds_count"),
            "http_server_request_duration_seconds_count{http_request_method=\"GET\",http_route=\"/any\",http_response_status_code=\"418\"} 2\n");
}

}  // namespace
}  // namespace weft
