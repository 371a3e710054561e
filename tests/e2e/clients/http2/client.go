// SPDX-License-Identifier: Apache-2.0

// Go's net/http.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
)

var (
	base   string
	client *http.Client
)

func check(what string, holds bool) {
	if !holds {
		fmt.Fprintln(os.Stderr, "not so:", what)
		os.Exit(1)
	}
}

func ask(method, path string, body []byte) (*http.Response, []byte, error) {
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	request, err := http.NewRequest(method, base+path, reader)
	if err != nil {
		return nil, nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response, text, err
}

func must(method, path string, body []byte) []byte {
	response, text, err := ask(method, path, body)
	if err != nil {
		fmt.Fprintln(os.Stderr, method, path, err)
		os.Exit(1)
	}
	check("HTTP/2 and 200", response.ProtoMajor == 2 && response.StatusCode == 200)
	return text
}

func atOnce(count int, do func()) {
	var group sync.WaitGroup
	for i := 0; i < count; i++ {
		group.Go(do)
	}
	group.Wait()
}

func main() {
	base = os.Args[1]
	ca, err := os.ReadFile(os.Args[2])
	check("a CA", err == nil)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}

	atOnce(60, func() { check("60 at once", string(must("GET", "/nap", nil)) == "rested") })
	million := bytes.Repeat([]byte("weft "), 200_000)
	check("echo", bytes.Equal(must("POST", "/echo", million), million))
	check("large", len(must("GET", "/big?n=5000000", nil)) == 5_000_000)
	check("early", string(must("POST", "/ignore", million)) == "no need")

	fmt.Println("load")
	askers, err := strconv.Atoi(os.Args[3])
	check("a number", err == nil)
	var answered atomic.Int64
	atOnce(askers, func() {
		for {
			response, _, err := ask("GET", "/nap", nil)
			if errors.Is(err, syscall.ECONNREFUSED) {
				return
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "lost:", err)
				os.Exit(1)
			}
			check("status", response.StatusCode == 200)
			answered.Add(1)
		}
	})
	fmt.Printf("%s: %d answered\n", runtime.Version(), answered.Load())
}
