// SPDX-License-Identifier: MIT

// The Go client of zishang520/socket.io, steered by lines of JSON (see
// ../../README.md).
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/zishang520/socket.io/clients/engine/v3/transports"
	"github.com/zishang520/socket.io/clients/socket/v3"
	"github.com/zishang520/socket.io/v3/pkg/types"
)

type command struct {
	Do         string           `json:"do"`
	ID         int              `json:"id"`
	With       *int             `json:"with"`
	URL        string           `json:"url"`
	Nsp        string           `json:"nsp"`
	Transports []string         `json:"transports"`
	Auth       map[string]any   `json:"auth"`
	Reconnect  bool             `json:"reconnect"`
	Events     []string         `json:"events"`
	Answers    map[string][]any `json:"answers"`
	Event      string           `json:"event"`
	Args       []any            `json:"args"`
	Ask        int              `json:"ask"`
}

type ack = func([]any, error)

var (
	out     sync.Mutex
	sockets = map[int]*socket.Socket{}
)

func say(report map[string]any) {
	line, err := json.Marshal(report)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	out.Lock()
	defer out.Unlock()
	fmt.Println(string(line))
}

func pack(value any) any {
	switch one := value.(type) {
	case []any:
		list := make([]any, len(one))
		for i := range one {
			list[i] = pack(one[i])
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for key := range one {
			object[key] = pack(one[key])
		}
		return object
	case []byte:
		return map[string]any{"$bytes": base64.StdEncoding.EncodeToString(one)}
	case io.Reader:
		bytes, _ := io.ReadAll(one)
		return pack(bytes)
	}
	return value
}

func packAll(args []any) []any {
	return pack(append([]any{}, args...)).([]any)
}

func unpack(value any) any {
	switch one := value.(type) {
	case []any:
		return unpackAll(one)
	case map[string]any:
		if text, ok := one["$bytes"].(string); ok {
			bytes, _ := base64.StdEncoding.DecodeString(text)
			return bytes
		}
		object := map[string]any{}
		for key := range one {
			object[key] = unpack(one[key])
		}
		return object
	}
	return value
}

func unpackAll(args []any) []any {
	list := make([]any, len(args))
	for i := range args {
		list[i] = unpack(args[i])
	}
	return list
}

func transportsOf(names []string) *types.Set[transports.TransportCtor] {
	set := types.NewSet[transports.TransportCtor]()
	for _, name := range names {
		if name == "polling" {
			set.Add(transports.Polling)
		} else {
			set.Add(transports.WebSocket)
		}
	}
	return set
}

func refused(id int, args []any) {
	report := map[string]any{"is": "refused", "id": id}
	if err, ok := args[0].(error); ok {
		report["message"] = err.Error()
		var extended interface{ Data() any }
		if errors.As(err, &extended) {
			report["data"] = extended.Data()
		}
	}
	say(report)
}

func open(c *command) error {
	opts := socket.DefaultOptions()
	opts.SetTransports(transportsOf(c.Transports))
	opts.SetForceNew(true)
	opts.SetReconnection(c.Reconnect)
	opts.SetReconnectionDelay(100)
	opts.SetReconnectionDelayMax(300)
	if c.Auth != nil {
		opts.SetAuth(c.Auth)
	}
	var s *socket.Socket
	if c.With != nil {
		s = sockets[*c.With].Io().Socket(c.Nsp, opts)
	} else {
		opts.SetAutoConnect(false)
		var err error
		if s, err = socket.Io(c.URL+c.Nsp, opts); err != nil {
			return err
		}
	}
	sockets[c.ID] = s
	id := c.ID
	_ = s.On("connect", func(...any) { say(map[string]any{"is": "connect", "id": id}) })
	_ = s.On("disconnect", func(...any) { say(map[string]any{"is": "disconnect", "id": id}) })
	_ = s.On("connect_error", func(args ...any) { refused(id, args) })
	for _, event := range c.Events {
		_ = s.On(types.EventName(event), func(args ...any) {
			say(map[string]any{"is": "event", "id": id, "event": event, "args": packAll(args)})
		})
	}
	for event, answer := range c.Answers {
		_ = s.On(types.EventName(event), func(args ...any) {
			if reply, ok := args[len(args)-1].(ack); ok {
				reply(unpackAll(answer), nil)
			}
		})
	}
	s.Connect()
	return nil
}

func run(c *command) error {
	s := sockets[c.ID]
	switch c.Do {
	case "open":
		return open(c)
	case "emit":
		return s.Emit(c.Event, unpackAll(c.Args)...)
	case "ask":
		id, ask := c.ID, c.Ask
		reply := func(args []any, _ error) {
			say(map[string]any{"is": "answer", "id": id, "ask": ask, "args": packAll(args)})
		}
		return s.Emit(c.Event, append(unpackAll(c.Args), reply)...)
	case "close":
		go s.Disconnect()
	}
	return nil
}

func main() {
	say(map[string]any{"is": "hello", "client": "zishang520/socket.io " + socket.VERSION, "lacks": []string{"polling", "upgrade", "siblings", "reason"}})
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			os.Exit(0)
		}
		c := command{}
		if err = json.Unmarshal(line, &c); err == nil {
			err = run(&c)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", line, err)
		}
	}
}
