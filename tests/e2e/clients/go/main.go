// SPDX-License-Identifier: Apache-2.0
//
// Go's http client: go run main.go http://HOST:PORT. Prints "ok N requests on M sockets".
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	base     = os.Args[1]
	requests atomic.Int64
	sockets  atomic.Int64
)

func check(holds bool, what ...any) {
	if !holds {
		fmt.Println(append([]any{"failed:"}, what...)...)
		os.Exit(1)
	}
}

func do(client *http.Client, request *http.Request) ([]byte, *http.Response) {
	requests.Add(1)
	response, err := client.Do(request)
	check(err == nil, err)
	body, err := io.ReadAll(response.Body)
	check(err == nil, err)
	response.Body.Close()
	check(response.StatusCode == 200, response.Status)
	return body, response
}

func newRequest(method, path string, body io.Reader) *http.Request {
	request, err := http.NewRequest(method, base+path, body)
	check(err == nil, err)
	return request
}

func main() {
	dialer := net.Dialer{}
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost:   4,
		MaxConnsPerHost:       4,
		ExpectContinueTimeout: 10 * time.Second,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			sockets.Add(1)
			return dialer.DialContext(ctx, network, address)
		},
	}}
	var group sync.WaitGroup
	for worker := 0; worker < 8; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			random := rand.New(rand.NewSource(int64(worker)))
			for i := 0; i < 50; i++ {
				body, _ := do(client, newRequest("GET", "/hello", nil))
				check(string(body) == "hello", string(body))
				content := make([]byte, 1+random.Intn(50000))
				random.Read(content)
				var from io.Reader = bytes.NewReader(content)
				if i%3 == 1 { // without a length: in chunks
					from = io.MultiReader(from)
				}
				request := newRequest("POST", "/echo", from)
				if i%3 == 2 {
					request.Header.Set("Expect", "100-continue")
				}
				echo, _ := do(client, request)
				check(bytes.Equal(echo, content), "echo of", len(content), "bytes")
			}
		}(worker)
	}
	group.Wait()
	body, response := do(client, newRequest("HEAD", "/hello", nil))
	check(len(body) == 0 && response.ContentLength == 5, response.ContentLength)
	body, response = do(client, newRequest("GET", "/big?n=4000000", nil))
	check(len(body) == 4000000 && strings.TrimSpace(response.Trailer.Get("X-Sum")) == "4000000", response.Trailer)
	fmt.Printf("ok %d requests on %d sockets\n", requests.Load(), sockets.Load())
}
