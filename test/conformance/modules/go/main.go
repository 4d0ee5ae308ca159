// A filter that uses each family of host calls once, as authors of the Go SDK write it.
package main

import (
	"strconv"
	"strings"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetVMContext(&vmContext{})
}

type vmContext struct {
	types.DefaultVMContext
}

func (*vmContext) NewPluginContext(contextID uint32) types.PluginContext {
	return &pluginContext{}
}

type pluginContext struct {
	types.DefaultPluginContext
	greeting string
	ticks    int
}

func (ctx *pluginContext) OnPluginStart(size int) types.OnPluginStartStatus {
	data, err := proxywasm.GetPluginConfiguration()
	if err != nil && err != types.ErrorStatusNotFound {
		proxywasm.LogCriticalf("no configuration: %v", err)
		return types.OnPluginStartStatusFailed
	}
	ctx.greeting = string(data)
	if ctx.greeting == "refuse" {
		proxywasm.LogError("this configuration is refused")
		return types.OnPluginStartStatusFailed
	}
	if err := proxywasm.SetTickPeriodMilliSeconds(500); err != nil {
		proxywasm.LogCriticalf("no ticks: %v", err)
	}
	return types.OnPluginStartStatusOK
}

func (ctx *pluginContext) OnTick() {
	ctx.ticks++
	proxywasm.LogInfof("tick %d", ctx.ticks)
}

func (ctx *pluginContext) NewHttpContext(contextID uint32) types.HttpContext {
	return &httpContext{id: contextID, greeting: ctx.greeting}
}

type httpContext struct {
	types.DefaultHttpContext
	id       uint32
	greeting string
	bodySize int
}

func (ctx *httpContext) OnHttpRequestHeaders(count int, end bool) types.Action {
	proxywasm.LogInfof("#%d has %d headers, end %t", ctx.id, count, end)
	headers, err := proxywasm.GetHttpRequestHeaders()
	if err != nil {
		proxywasm.LogCriticalf("no headers: %v", err)
	}
	for _, header := range headers {
		proxywasm.LogInfof("%s -> %s", header[0], header[1])
	}
	path, _ := proxywasm.GetHttpRequestHeader(":path")
	switch path {
	case "/call":
		call := [][2]string{{":method", "GET"}, {":path", "/check"}, {":authority", "auth"}}
		if _, err := proxywasm.DispatchHttpCall("auth", call, nil, nil, 1000, ctx.answered); err != nil {
			proxywasm.LogCriticalf("no call: %v", err)
		}
		return types.ActionPause
	case "/unknown-cluster":
		call := [][2]string{{":method", "GET"}, {":path", "/"}, {":authority", "a"}}
		_, err := proxywasm.DispatchHttpCall("unknown", call, nil, nil, 1000, ctx.answered)
		proxywasm.LogWarnf("%v", err)
	case "/reply":
		if err := proxywasm.SendHttpResponse(403, [][2]string{{"x-why", "because"}}, []byte("denied\n"), -1); err != nil {
			proxywasm.LogCriticalf("no reply: %v", err)
		}
		return types.ActionPause
	case "/panic":
		panic("as asked")
	}
	_ = proxywasm.ReplaceHttpRequestHeader("x-greeting", ctx.greeting)
	_ = proxywasm.RemoveHttpRequestHeader("user-agent")
	_ = proxywasm.AddHttpRequestHeader("x-many", "three")
	return types.ActionContinue
}

func (ctx *httpContext) answered(headers, size, trailers int) {
	proxywasm.LogInfof("answer: %d headers, %d bytes, %d trailers", headers, size, trailers)
	pairs, _ := proxywasm.GetHttpCallResponseHeaders()
	for _, pair := range pairs {
		if pair[0] == ":status" {
			_ = proxywasm.ReplaceHttpRequestHeader("x-checked", pair[1])
		}
	}
	body, _ := proxywasm.GetHttpCallResponseBody(0, size)
	_ = proxywasm.ReplaceHttpRequestHeader("x-checked-body", string(body))
	_ = proxywasm.ResumeHttpRequest()
}

func (ctx *httpContext) OnHttpRequestBody(size int, end bool) types.Action {
	if !end {
		return types.ActionPause
	}
	body, err := proxywasm.GetHttpRequestBody(0, size)
	if err != nil {
		proxywasm.LogCriticalf("no body: %v", err)
		return types.ActionContinue
	}
	_ = proxywasm.ReplaceHttpRequestBody([]byte(strings.ToUpper(string(body))))
	return types.ActionContinue
}

func (ctx *httpContext) OnHttpResponseHeaders(count int, end bool) types.Action {
	address, err := proxywasm.GetProperty([]string{"source", "address"})
	proxywasm.LogInfof("source %s %v", address, err)
	_, err = proxywasm.GetProperty([]string{"no", "such"})
	proxywasm.LogInfof("nothing %v", err)
	_ = proxywasm.SetProperty([]string{"conformance"}, []byte("seen"))
	proxywasm.DefineCounterMetric("conformance_total").Increment(2)
	value, cas, err := proxywasm.GetSharedData("count")
	next := byte(1)
	if err == nil {
		next = value[0] + 1
	}
	if err := proxywasm.SetSharedData("count", []byte{next}, cas); err != nil {
		proxywasm.LogCriticalf("not shared: %v", err)
	}
	_ = proxywasm.ReplaceHttpResponseHeader("x-count", strconv.Itoa(int(next)))
	return types.ActionContinue
}

func (ctx *httpContext) OnHttpStreamDone() {
	proxywasm.LogInfof("#%d completed", ctx.id)
}
