internal import CMicroHTTPD
internal import EventHorizon
internal import Glibc

/// Serves small texts over HTTP by libmicrohttpd, on one thread of its own. Reads no body, keeps at most 32
/// connections, each for at most 10 s of silence.
///
/// `@unchecked Sendable`: the daemon's pointer is set once and libmicrohttpd locks what it points to; `stop` is for the owner alone.
final class HTTPServer: @unchecked Sendable {
    typealias Respond = @Sendable (_ method: String, _ path: String) -> HTTPResponse

    /// Where it listens; the port is the real one where 0 was asked for.
    let address: HTTPAddress
    private let daemon: OpaquePointer
    /// Owned by the C side until the daemon has stopped: its thread calls it.
    private let context: Unmanaged<Context>

    private final class Context: Sendable {
        let respond: Respond
        init(_ respond: @escaping Respond) { self.respond = respond }
    }

    /// - Throws: `Misconfiguration` where the address cannot be listened on.
    init(host: String, port: UInt16, respond: @escaping Respond) throws {
        let listener = try ListeningSocket(host: host, port: port)
        context = Unmanaged.passRetained(Context(respond))
        guard
            let daemon = eventhorizon_http_start(
                listener.descriptor, 32, 10, 16 * 1024,
                { context, connection, path, method, _, _, _, _ in
                    HTTPServer.answer(context, connection, path, method)
                }, context.toOpaque())
        else {
            context.release()
            close(listener.descriptor)
            throw Misconfiguration("--http \(HTTPAddress.listen(host: host, port: port)): libmicrohttpd cannot serve there: \(errorText(errno))")
        }
        self.daemon = daemon
        address = .listen(host: host, port: listener.port)
    }

    /// Ends the daemon's thread and closes its connections. Once.
    func stop() {
        MHD_stop_daemon(daemon)
        context.release()
    }

    private static func answer(
        _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ method: UnsafePointer<CChar>?
    ) -> MHD_Result {
        guard let context, let path, let method else { return .NO }
        // Answered at the first call, when the headers are there: a body is never read, and its connection is closed.
        let response = Unmanaged<Context>.fromOpaque(context).takeUnretainedValue().respond(String(cString: method), String(cString: path))
        var body = response.body
        let made = body.withUTF8 { bytes in
            // With `MUST_COPY` the buffer is only read, its type notwithstanding.
            MHD_create_response_from_buffer(bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
        }
        guard let made else { return .NO }
        defer { MHD_destroy_response(made) }
        MHD_add_response_header(made, "Content-Type", response.contentType)
        if response.status == 405 { MHD_add_response_header(made, "Allow", "GET, HEAD") }
        return MHD_queue_response(connection, response.status, made)
    }
}
