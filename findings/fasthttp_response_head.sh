#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The client of fasthttp reads no response whose head is larger than 4096 bytes: the call fails with "small read buffer", status and body are
# lost. One long Content-Security-Policy and a few cookies are enough. Go's own client reads a megabyte.
#
# Seen: fasthttp 1.78.0, 2026-11-30.
# For us: of all clients that were tried it has the lowest limit. What all must be able to read stays below 4 KiB of head.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

go mod init seen 2>/dev/null
cat >seen.go <<'GO'
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
)

func main() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.URL.Path[1:])
		w.Header().Set("Content-Security-Policy", strings.Repeat("a", size))
	}))
	for _, size := range []int{3900, 4096, 9000} {
		status, _, err := fasthttp.Get(nil, fmt.Sprintf("%s/%d", server.URL, size))
		result := fmt.Sprint("status ", status)
		if err != nil {
			result = "small read buffer"
			if !strings.Contains(err.Error(), result) {
				result = err.Error()
			}
		}
		fmt.Printf("a field of %d bytes: fasthttp %s", size, result)
		if response, err := http.Get(fmt.Sprintf("%s/%d", server.URL, size)); err == nil {
			fmt.Printf(", net/http status %d\n", response.StatusCode)
		}
	}
}
GO
go get github.com/valyala/fasthttp@v1.78.0 2>/dev/null
go run . | tee seen

diff - seen <<'EOF'
a field of 3900 bytes: fasthttp status 200, net/http status 200
a field of 4096 bytes: fasthttp small read buffer, net/http status 200
a field of 9000 bytes: fasthttp small read buffer, net/http status 200
EOF
