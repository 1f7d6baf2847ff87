import EventHorizon
import EventHorizonWorkers
import Glibc
import Testing

@testable import EventHorizonRuntime

/// Sends a request as it is and reads until the server closes.
func exchange(_ request: String, with address: HTTPAddress) throws -> String {
    guard case .listen(_, let port) = address else { throw Misconfiguration("no address") }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    var server = sockaddr_in()
    server.sin_family = sa_family_t(AF_INET)
    server.sin_port = port.bigEndian
    server.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &server) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    try #require(connected == 0)
    let bytes = Array(request.utf8)
    try #require(send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count <= 0 { break }
        answer += buffer[..<count]
    }
    return String(decoding: answer, as: UTF8.self)
}

func get(_ path: String, method: String = "GET", from address: HTTPAddress) throws -> (status: Int, head: String, body: String) {
    let answer = try exchange("\(method) \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", with: address)
    let end = try #require(answer.firstRange(of: "\r\n\r\n"))
    let status = try #require(Int(answer.split(separator: " ")[1]))
    return (status, String(answer[..<end.lowerBound]), String(answer[end.upperBound...]))
}

@Suite struct HTTPServerTests {
    let health = HealthInstrument()
    let metrics = MetricsInstrument()

    func serving(_ body: (HTTPAddress) throws -> Void) throws {
        let routes = HealthRoutes(health: health, metrics: metrics)
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { routes.respond($0, $1) }
        defer { server.stop() }
        try body(server.address)
    }

    @Test func health_readiness_and_metrics_are_served() throws {
        try serving { address in
            #expect(try get("/healthz", from: address).status == 200)

            var ready = try get("/readyz", from: address)
            #expect(ready.status == 503)
            #expect(ready.body == "not ready: no group has started\n")
            health.receive(.started(group: "invitations", member: "m"))
            ready = try get("/readyz", from: address)
            #expect(ready.status == 200)
            #expect(ready.body == "ready\ninvitations: ready\n")

            metrics.receive(.conflict(group: "invitations", stream: StreamID("c", "a")))
            let counted = try get("/metrics?name=any", from: address)
            #expect(counted.status == 200)
            #expect(counted.head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8"))
            #expect(counted.body.contains("eventhorizon_conflicts_total{group=\"invitations\"} 1\n"))
        }
    }

    @Test func a_head_is_answered_without_a_body() throws {
        try serving { address in
            let answer = try get("/healthz", method: "HEAD", from: address)
            #expect(answer.status == 200)
            #expect(answer.head.contains("Content-Length: 6"))
            #expect(answer.body == "")
        }
    }

    @Test func other_paths_and_methods_are_refused() throws {
        try serving { address in
            #expect(try get("/", from: address).status == 404)
            let refused = try get("/healthz", method: "DELETE", from: address)
            #expect(refused.status == 405)
            #expect(refused.head.contains("Allow: GET, HEAD"))
        }
    }

    @Test func a_body_is_not_waited_for() throws {
        try serving { address in
            let answer = try exchange("POST /healthz HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000\r\n\r\n", with: address)
            #expect(answer.hasPrefix("HTTP/1.1 405 "))
            let got = try exchange("GET /healthz HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000\r\n\r\n", with: address)
            #expect(got.hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func a_taken_port_is_a_misconfiguration_with_its_remedy() throws {
        try serving { address in
            guard case .listen(let host, let port) = address else { return }
            let error = #expect(throws: Misconfiguration.self) {
                try HTTPServer(host: host, port: port) { _, _ in HTTPResponse(status: 200, body: "") }.stop()
            }
            #expect(
                error?.problems == [
                    "--http 127.0.0.1:\(port): the port is taken, perhaps by another worker: choose another one, port 0 for any free one, or off"
                ])
        }
    }

    @Test func an_unknown_host_is_a_misconfiguration() {
        #expect(throws: Misconfiguration.self) {
            try HTTPServer(host: "192.0.2.1", port: 0) { _, _ in HTTPResponse(status: 200, body: "") }.stop()
        }
    }
}
