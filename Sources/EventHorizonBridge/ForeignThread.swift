import EventHorizon
import Glibc

/// Threads of our own, for what blocks: Swift's own threads must never.
public enum ForeignThread {
    // Unchecked by need: a closure crosses to the thread in a box that C hands over once.
    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    /// Starts a thread that ends with `body`. While the system has none to give, the caller waits.
    public static func start(_ body: @escaping @Sendable () -> Void) {
        while create(body) != 0 { usleep(10_000) }
    }

    /// Starts a thread that ends with `body`.
    /// - Throws: `BrokerError`, retriable, where the system has none to give.
    static func startOrFail(_ body: @escaping @Sendable () -> Void) throws(BrokerError) {
        let status = create(body)
        guard status == 0 else {
            throw BrokerError(.unavailable, "no thread can be started (error \(status)): raise the limit of threads", isRetriable: true)
        }
    }

    private static func create(_ body: @escaping @Sendable () -> Void) -> Int32 {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        let status = pthread_create(
            &thread, nil,
            { context in
                let box = Unmanaged<Box>.fromOpaque(context!).takeRetainedValue()
                box.body()
                return nil
            }, box.toOpaque())
        if status == 0 { pthread_detach(thread) } else { box.release() }
        return status
    }

    /// Runs `body`, which may block, on a thread of its own, and waits for it without blocking. Cancellation does not end it.
    /// - Throws: What `body` throws; `BrokerError`, retriable, where the system has no thread to give.
    public static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withUnsafeThrowingContinuation { continuation in
            do {
                try startOrFail { continuation.resume(with: Swift.Result(catching: body)) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
