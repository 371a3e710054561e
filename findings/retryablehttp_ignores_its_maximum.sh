#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# RetryWaitMax of go-retryablehttp does not bound what Retry-After asks for: with a maximum of 100 ms, a 503 with Retry-After: 3 makes the call
# sleep for 3 s. After it, any request is sent again, a POST too.
#
# Seen: go-retryablehttp 0.7.8, Go 1.26.8, 2026-11-30.
# For us: a large Retry-After stops callers for that long, whatever they have configured; rate limits should give seconds, not the rest of a day.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

go mod init seen 2>/dev/null
cat >seen.go <<'GO'
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

func main() {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		requests++
		if requests == 1 {
			w.Header().Set("Retry-After", r.URL.Query().Get("after"))
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	client := retryablehttp.NewClient()
	client.Logger = log.New(io.Discard, "", 0)
	client.RetryWaitMin = 10 * time.Millisecond
	client.RetryWaitMax = 100 * time.Millisecond
	for _, after := range []string{"", "3"} {
		requests = 0
		request, _ := retryablehttp.NewRequest("POST", server.URL+"/?after="+after, strings.NewReader("an order"))
		start := time.Now()
		response, err := client.Do(request)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("Retry-After %q: %d requests, status %d after %d s\n", after, requests, response.StatusCode, int(time.Since(start).Seconds()))
	}
}
GO
go get -t github.com/hashicorp/go-retryablehttp@v0.7.8 2>/dev/null
go version
go run . | tee seen

diff - seen <<'EOF'
Retry-After "": 2 requests, status 200 after 0 s
Retry-After "3": 2 requests, status 200 after 3 s
EOF
