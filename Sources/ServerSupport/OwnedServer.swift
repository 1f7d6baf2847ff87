/// A server that was started here: what a test or a fault run may do to it.
package protocol OwnedServer: AnyObject, Sendable {
    var url: String { get }
    var port: Int { get }
    /// SIGKILL; returns when the process is gone.
    func kill() async
    /// On its folder and port.
    func restart() async throws
    /// SIGSTOP: connections stay open and nothing answers.
    func pause()
    func resume()
    /// Ends it. Its folder goes with the last reference, where it was a temporary one.
    func stop() async
}

extension NATSServer: OwnedServer {}
extension KafkaServer: OwnedServer {}

extension OwnedServer {
    /// Gives `body` the server, and stops it whatever comes of that.
    package func use<Value>(_ body: (Self) async throws -> Value) async throws -> Value {
        do {
            let value = try await body(self)
            await stop()
            return value
        } catch {
            await stop()
            throw error
        }
    }
}
