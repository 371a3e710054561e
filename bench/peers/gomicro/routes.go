// SPDX-License-Identifier: Apache-2.0

//go:debug httpmuxgo121=0

package main

import (
	"context"
	"fmt"
	"net/http"
)

// Routes of one level, of which every other one ends in a wildcard, and one request for each. Before Go 1.22 ServeMux has no
// wildcards: there is nothing to compare then.
func matchOf(routes int) func(context.Context, int, *meter) int {
	return func(_ context.Context, n int, m *meter) int {
		m.pause()
		mux, served := http.NewServeMux(), 0
		var requests []*http.Request
		for i := 0; i < routes/2; i++ {
			name := fmt.Sprintf("/resource%d", i)
			for _, path := range []string{name, name + "/4711"} {
				request, err := http.NewRequest("GET", "http://localhost:8080"+path, nil)
				must(err == nil)
				requests = append(requests, request)
			}
			mux.HandleFunc("GET "+name, func(http.ResponseWriter, *http.Request) { served++ })
			mux.HandleFunc("GET "+name+"/{id}", func(http.ResponseWriter, *http.Request) { served++ })
		}
		m.resume()
		for i := 0; i < n; i++ {
			mux.ServeHTTP(nil, requests[i%len(requests)])
		}
		m.pause()
		must(served == n)
		m.resume()
		return n
	}
}

func init() {
	for _, routes := range []int{10, 100, 1000} {
		operations = append(operations, operation{fmt.Sprintf("mux-%d", routes), 1, matchOf(routes)})
	}
}
