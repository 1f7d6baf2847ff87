import Glibc

/// Bytes that end where readable memory ends: a C library is built without a sanitizer, and a read of it beyond them ends the run too.
final class GuardedMemory {
    private let memory: UnsafeMutableRawPointer
    private let capacity: Int
    private static let page = 4_096

    /// - Parameter capacity: In bytes, whole pages.
    init(capacity: Int) {
        self.capacity = capacity
        memory = mmap(nil, capacity + Self.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        precondition(memory != MAP_FAILED && mprotect(memory + capacity, Self.page, PROT_NONE) == 0, "the system gives no memory with an end to it")
    }

    deinit { munmap(memory, capacity + Self.page) }

    /// The bytes' copy is valid inside `body` only.
    func with<Value>(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        let start = memory + capacity - bytes.count
        bytes.withUnsafeBytes { if let base = $0.baseAddress { start.copyMemory(from: base, byteCount: $0.count) } }
        return body(UnsafeRawBufferPointer(start: start, count: bytes.count))
    }
}
