/// What is served: `/healthz`, `/readyz`, `/metrics`.
struct HealthRoutes: Sendable {
    let health: HealthInstrument
    let metrics: MetricsInstrument

    func respond(_ method: String, _ path: String) -> HTTPResponse {
        let respond: () -> HTTPResponse
        switch path {
        case "/healthz": respond = { HTTPResponse(status: 200, body: "alive\n") }
        case "/readyz":
            respond = {
                let readiness = health.readiness
                return HTTPResponse(status: readiness.isReady ? 200 : 503, body: readiness.lines.joined(separator: "\n") + "\n")
            }
        case "/metrics":
            respond = { HTTPResponse(status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: metrics.prometheusText()) }
        default: return HTTPResponse(status: 404, body: "there are /healthz, /readyz and /metrics\n")
        }
        guard method == "GET" || method == "HEAD" else { return HTTPResponse(status: 405, body: "GET and HEAD alone\n") }
        return respond()
    }
}
