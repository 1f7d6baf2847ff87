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

    /// Starts a thread that ends with `body`.
    public static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body)).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { context in
                let box = Unmanaged<Box>.fromOpaque(context!).takeRetainedValue()
                box.body()
                return nil
            }, box)
        precondition(status == 0, "no thread can be started (error \(status)): raise the limit of threads")
        pthread_detach(thread)
    }

    /// Runs `body`, which may block, on a thread of its own, and waits for it without blocking. Cancellation does not end it.
    public static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withUnsafeThrowingContinuation { continuation in
            start { continuation.resume(with: Swift.Result(catching: body)) }
        }
    }
}
