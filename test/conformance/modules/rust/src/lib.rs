//! A filter that uses each family of host calls once, as authors of the Rust SDK write it.
use log::{info, warn};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, MetricType};
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Trace);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Root::default()) });
}}

#[derive(Default)]
struct Root {
    greeting: String,
    ticks: u32,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        let Some(bytes) = self.get_plugin_configuration() else { return true };
        self.greeting = String::from_utf8(bytes).unwrap();
        if self.greeting == "refuse" {
            log::error!("this configuration is refused");
            return false;
        }
        self.set_tick_period(Duration::from_millis(500));
        true
    }

    fn on_tick(&mut self) {
        self.ticks += 1;
        info!("tick {}", self.ticks);
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Http { id, greeting: self.greeting.clone() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Http {
    id: u32,
    greeting: String,
}

impl Context for Http {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body: usize, trailers: usize) {
        info!("answer {token}: {headers} headers, {body} bytes, {trailers} trailers");
        let status = self.get_http_call_response_header(":status").unwrap_or_default();
        let body = self.get_http_call_response_body(0, body).unwrap_or_default();
        self.set_http_request_header("x-checked", Some(&status));
        self.set_http_request_header("x-checked-body", std::str::from_utf8(&body).ok());
        self.resume_http_request();
    }
}

impl HttpContext for Http {
    fn on_http_request_headers(&mut self, count: usize, end: bool) -> Action {
        info!("#{} has {count} headers, end {end}", self.id);
        for (name, value) in &self.get_http_request_headers() {
            info!("{name} -> {value}");
        }
        match self.get_http_request_header(":path").as_deref() {
            Some("/call") => {
                self.dispatch_http_call(
                    "auth",
                    vec![(":method", "GET"), (":path", "/check"), (":authority", "auth")],
                    None,
                    vec![],
                    Duration::from_secs(1),
                )
                .unwrap();
                return Action::Pause;
            }
            Some("/unknown-cluster") => {
                let headers = vec![(":method", "GET"), (":path", "/"), (":authority", "a")];
                let result = self.dispatch_http_call("unknown", headers, None, vec![], Duration::ZERO);
                warn!("{result:?}");
            }
            Some("/reply") => {
                self.send_http_response(403, vec![("x-why", "because")], Some(b"denied\n"));
                return Action::Pause;
            }
            Some("/panic") => panic!("as asked"),
            _ => {}
        }
        self.set_http_request_header("x-greeting", Some(&self.greeting));
        self.set_http_request_header("user-agent", None);
        self.add_http_request_header("x-many", "three");
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if !end {
            return Action::Pause;
        }
        if let Some(body) = self.get_http_request_body(0, size) {
            let text = String::from_utf8(body).unwrap().to_uppercase();
            self.set_http_request_body(0, size, text.as_bytes());
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, _end: bool) -> Action {
        let address = self.get_property(vec!["source", "address"]);
        info!("source {:?}", address.map(|bytes| String::from_utf8(bytes).unwrap()));
        info!("nothing {:?}", self.get_property(vec!["no", "such"]));
        self.set_property(vec!["conformance"], Some(b"seen"));
        let counter = proxy_wasm::hostcalls::define_metric(MetricType::Counter, "conformance_total");
        proxy_wasm::hostcalls::increment_metric(counter.unwrap(), 2).unwrap();
        let (value, cas) = self.get_shared_data("count");
        let next = value.map_or(1, |bytes| bytes[0] + 1);
        self.set_shared_data("count", Some(&[next]), cas).unwrap();
        self.set_http_response_header("x-count", Some(&next.to_string()));
        Action::Continue
    }

    fn on_log(&mut self) {
        info!("#{} completed", self.id);
    }
}
